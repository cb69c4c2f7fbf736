//! Page tokens: opaque, bound to the request they came from, worthless when forged or old.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, KeyInit, Mac};
use serde_json::Value;
use sha2::{Digest, Sha256};

use crate::failure::Failure;
use crate::state::Millis;

/// A page token ends after an hour.
const LIFETIME: Millis = 3_600_000;
/// Only the sandbox signs with it; it keeps tokens from being made up, not secrets.
const KEY: &[u8] = b"ec2-sandbox page token";

/// What a page token is bound to: who asked for what, apart from page size and token.
pub fn fingerprint(account: &str, region: &str, action: &str, input: &Value) -> String {
    let mut request = input.clone();
    if let Some(fields) = request.as_object_mut() {
        fields.retain(|name, _| !matches!(name.as_str(), "NextToken" | "MaxResults" | "Marker" | "PageSize"));
    }
    let text = format!("{account} {region} {action} {request}");
    URL_SAFE_NO_PAD.encode(&Sha256::digest(text.as_bytes())[..9])
}

/// The token for what follows `last`.
pub fn token(fingerprint: &str, last: &str, now: Millis) -> String {
    let text = format!("{fingerprint} {now} {last}");
    let seal = seal(&text);
    URL_SAFE_NO_PAD.encode([&seal[..12], text.as_bytes()].concat())
}

/// The last row of the page before; `InvalidNextToken` for any other text.
pub fn resume(token: &str, fingerprint: &str, now: Millis) -> Result<String, Failure> {
    let open = || {
        let bytes = URL_SAFE_NO_PAD.decode(token).ok()?;
        let (sealed, text) = bytes.split_at_checked(12)?;
        let text = std::str::from_utf8(text).ok()?;
        let mut parts = text.splitn(3, ' ');
        let (of, issued, last) = (
            parts.next()?,
            parts.next()?.parse::<Millis>().ok()?,
            parts.next()?,
        );
        let fresh = now.saturating_sub(issued) < LIFETIME;
        (seal(text)[..12] == *sealed && of == fingerprint && fresh).then(|| last.to_owned())
    };
    open().ok_or_else(|| Failure::new("InvalidNextToken", "The token is invalid or has expired"))
}

fn seal(text: &str) -> Vec<u8> {
    match Hmac::<Sha256>::new_from_slice(KEY) {
        Ok(mut mac) => {
            mac.update(text.as_bytes());
            mac.finalize().into_bytes().to_vec()
        }
        Err(_) => unreachable!("HMAC takes a key of any length"),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_token_opens_only_for_its_own_request_and_hour() {
        let of = fingerprint("1", "eu-west-1", "DescribeVpcs", &json!({"MaxResults": 5}));
        assert_eq!(
            of,
            fingerprint("1", "eu-west-1", "DescribeVpcs", &json!({"NextToken": "x"}))
        );
        let other = fingerprint("2", "eu-west-1", "DescribeVpcs", &json!({}));
        let token = token(&of, "vpc-1", 1000);
        assert_eq!(resume(&token, &of, 2000).unwrap(), "vpc-1");
        assert!(resume(&token, &other, 2000).is_err());
        assert!(resume(&token, &of, 1000 + LIFETIME).is_err());
        let forged = token.replace(&token[3..5], "zz");
        assert!(resume(&forged, &of, 2000).is_err());
        assert!(resume("vpc-1", &of, 2000).is_err());
        assert!(resume("", &of, 2000).is_err());
    }
}
