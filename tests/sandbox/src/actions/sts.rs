//! STS: GetCallerIdentity and AssumeRole.

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
    duration_seconds: Option<i64>,
}

/// AssumeRole: the role must be one of the fleet's, the external id its own.
pub fn assume_role(call: &mut Call) -> Result<Value, Failure> {
    let input: Input = call.input()?;
    let seconds = input.duration_seconds.unwrap_or(3600);
    if !(900..=43_200).contains(&seconds) {
        return Err(Failure::new(
            "ValidationError",
            "DurationSeconds must be between 900 and 43200",
        ));
    }
    let denied = || {
        let text = format!(
            "User: {} is not authorized to perform: sts:AssumeRole on resource: {}",
            call.caller.arn, input.role_arn
        );
        Failure::new("AccessDenied", text).with_status(403)
    };
    let rest = input.role_arn.strip_prefix("arn:aws:iam::").ok_or_else(denied)?;
    let (account, name) = rest.split_once(":role/").ok_or_else(denied)?;
    let role = call
        .accounts
        .get(account)
        .and_then(|a| a.roles.iter().find(|role| role.name == name));
    let role = role.filter(|role| role.external_id == input.external_id || role.external_id.is_none());
    let role = role.ok_or_else(denied)?;
    let role_id = format!("AROA{:016X}", call.ids.number());
    let assumed_id = format!("{role_id}:{}", input.role_session_name);
    let arn = format!(
        "arn:aws:sts::{account}:assumed-role/{}/{}",
        role.name, input.role_session_name
    );
    let expires = call.now + seconds as u64 * 1000;
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
    Ok(answer)
}
