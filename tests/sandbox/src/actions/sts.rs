//! STS: GetCallerIdentity, AssumeRole and AssumeRoleWithWebIdentity.

use serde::Deserialize;
use serde_json::{Value, json};

use super::Call;
use super::call::timestamp;
use crate::failure::Failure;
use crate::state::world::{Caller, Credential};

/// GetCallerIdentity: needs no permission.
pub fn get_caller_identity(call: &mut Call) -> Result<Value, Failure> {
    let Caller {
        account,
        arn,
        user_id,
    } = &call.caller;
    Ok(json!({"Account": account, "Arn": arn, "UserId": user_id}))
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Input {
    role_arn: String,
    role_session_name: String,
    external_id: Option<String>,
    web_identity_token: Option<String>,
    duration_seconds: Option<i64>,
}

impl Input {
    /// Session name and duration; a role that was itself reached by a role is given out for an hour at most.
    fn check(&self, chained: bool) -> Result<(), Failure> {
        let invalid = |text: String| Err(Failure::new("ValidationError", text));
        let name = &self.role_session_name;
        let allowed = |c: char| c.is_ascii_alphanumeric() || "_+=,.@-".contains(c);
        if !(2..=64).contains(&name.len()) || !name.chars().all(allowed) {
            return invalid(format!(
                "1 validation error detected: Value '{name}' at 'roleSessionName' failed to satisfy constraint: Member must \
                 satisfy regular expression pattern: [\\w+=,.@-]*"
            ));
        }
        let seconds = self.seconds();
        if !(900..=43_200).contains(&seconds) {
            return invalid("DurationSeconds must be between 900 and 43200".to_owned());
        }
        if chained && seconds > 3600 {
            return invalid(
                "The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by role chaining"
                    .to_owned(),
            );
        }
        Ok(())
    }

    fn seconds(&self) -> i64 {
        self.duration_seconds.unwrap_or(3600)
    }
}

/// AssumeRole: the role must be one of the fleet's, the external id its own.
pub fn assume_role(call: &mut Call) -> Result<Value, Failure> {
    let input: Input = call.input()?;
    input.check(call.caller.arn.contains(":assumed-role/"))?;
    let role = call.accounts.role(&input.role_arn);
    let role = role.filter(|(_, role)| role.external_id == input.external_id || role.external_id.is_none());
    let Some((account, role)) = role.map(|(account, role)| (account.to_owned(), role.name.clone())) else {
        let text = format!(
            "User: {} is not authorized to perform: sts:AssumeRole on resource: {}",
            call.caller.arn, input.role_arn
        );
        return Err(Failure::new("AccessDenied", text).with_status(403));
    };
    Ok(give_out(call, &input, &account, &role))
}

/// AssumeRoleWithWebIdentity: the token must be the one of the fleet's role. Nobody signs it.
pub fn assume_role_with_web_identity(call: &mut Call) -> Result<Value, Failure> {
    let input: Input = call.input()?;
    input.check(false)?;
    let role = call.accounts.role(&input.role_arn);
    let Some((account, role)) = role.filter(|(_, role)| role.web_identity_token.is_some()) else {
        let text = "Not authorized to perform sts:AssumeRoleWithWebIdentity";
        return Err(Failure::new("AccessDenied", text).with_status(403));
    };
    if role.web_identity_token != input.web_identity_token {
        let text = "Couldn't retrieve verification key from your identity provider";
        return Err(Failure::new("InvalidIdentityToken", text));
    }
    let (account, role) = (account.to_owned(), role.name.clone());
    let mut answer = give_out(call, &input, &account, &role);
    answer["SubjectFromWebIdentityToken"] = json!("sandbox");
    answer["Audience"] = json!("sts.amazonaws.com");
    answer["Provider"] = json!(format!("arn:aws:iam::{account}:oidc-provider/sandbox"));
    Ok(answer)
}

/// New credentials of the role.
fn give_out(call: &mut Call, input: &Input, account: &str, role: &str) -> Value {
    let role_id = format!("AROA{:016X}", call.ids.number());
    let assumed_id = format!("{role_id}:{}", input.role_session_name);
    let arn = format!(
        "arn:aws:sts::{account}:assumed-role/{role}/{}",
        input.role_session_name
    );
    let expires = call.now + input.seconds() as u64 * 1000;
    let credential = Credential {
        access_key_id: format!("ASIA{:016X}", call.ids.number()),
        secret_access_key: format!("{:016x}{:016x}", call.ids.number(), call.ids.number()),
        session_token: Some(format!("{:016x}{:016x}", call.ids.number(), call.ids.number())),
        expires: Some(expires),
        caller: Caller {
            account: account.to_owned(),
            arn: arn.clone(),
            user_id: assumed_id.clone(),
        },
    };
    let answer = json!({
        "Credentials": {
            "AccessKeyId": credential.access_key_id,
            "SecretAccessKey": credential.secret_access_key,
            "SessionToken": credential.session_token,
            "Expiration": timestamp(expires),
        },
        "AssumedRoleUser": {"AssumedRoleId": assumed_id, "Arn": arn},
    });
    call.accounts
        .assumed
        .insert(credential.access_key_id.clone(), credential);
    answer
}
