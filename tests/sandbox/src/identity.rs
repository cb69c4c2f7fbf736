//! Who is calling: the rules of a signature, each with its error code.

use crate::actions::places::region_exists;
use crate::clock::wall;
use crate::failure::Failure;
use crate::sigv4::{self, Request};
use crate::state::Millis;
use crate::state::world::{Accounts, Caller};

/// A signature is good for five minutes.
const SIGNATURE_LIFETIME: Millis = 300_000;

/// Who calls what, once the signature is known to be good.
pub struct Identified {
    /// The principal.
    pub caller: Caller,
    /// The region of the credential scope.
    pub region: String,
}

/// The caller of an action that needs no signature: nobody, wherever STS has its one global endpoint.
pub fn anonymous(service: &str, action: &str, claim: Option<&sigv4::Claim>) -> Option<Identified> {
    let unsigned = service == "sts" && action == "AssumeRoleWithWebIdentity" && claim.is_none();
    unsigned.then(|| Identified {
        caller: Caller {
            account: String::new(),
            arn: "anonymous".to_owned(),
            user_id: String::new(),
        },
        region: "us-east-1".to_owned(),
    })
}

/// The caller of a request: key, signature, age, session token, region.
pub fn identify(
    accounts: &Accounts,
    request: &Request,
    claim: Option<&sigv4::Claim>,
    service: &str,
    now: Millis,
) -> Result<Identified, Failure> {
    let ec2 = service == "ec2";
    let refuse = |query_code: &'static str, text: &str| match ec2 {
        true => Failure::auth(text),
        false => Failure::new(query_code, text).with_status(403),
    };
    let Some(claim) = claim else {
        return Err(refuse(
            "MissingAuthenticationToken",
            "AWS was not able to validate the provided access credentials",
        ));
    };
    let Some(credential) = accounts.credential(&claim.access_key_id) else {
        let text = "AWS was not able to validate the provided access credentials";
        return Err(refuse("InvalidClientTokenId", text));
    };
    if !sigv4::verify(request, claim, &credential.secret_access_key) {
        let text = "The request signature we calculated does not match the signature you provided. Check your \
                    secret access key and signing method.";
        return Err(refuse("SignatureDoesNotMatch", text));
    }
    if credential.session_token.as_deref() != request.header("x-amz-security-token") {
        let text = "The security token included in the request is invalid";
        return Err(refuse("InvalidClientTokenId", text));
    }
    let stale = sigv4::signed_at(request).is_none_or(|at| wall().abs_diff(at) > SIGNATURE_LIFETIME);
    if stale || credential.expires.is_some_and(|end| now >= end) {
        let code = match (ec2, stale) {
            (true, _) => "RequestExpired",
            (false, true) => "SignatureDoesNotMatch",
            (false, false) => "ExpiredToken",
        };
        let status = if ec2 { 400 } else { 403 };
        return Err(Failure::new(code, "Request has expired.").with_status(status));
    }
    let scope = if service == "elbv2" {
        "elasticloadbalancing"
    } else {
        service
    };
    if claim.service != scope {
        let text = format!("Credential should be scoped to correct service: '{scope}'.");
        return Err(refuse("SignatureDoesNotMatch", &text));
    }
    if !region_exists(&claim.region) {
        return Err(refuse(
            "SignatureDoesNotMatch",
            "Credential should be scoped to a valid region.",
        ));
    }
    Ok(Identified {
        caller: credential.caller.clone(),
        region: claim.region.clone(),
    })
}
