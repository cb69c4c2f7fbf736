//! Roles: what is sent to STS, and with whose keys.

use std::collections::BTreeMap;
use std::time::Duration;

use super::server::{Reply, Server, http, response, xml};
use crate::ec2::{Account, AccountConfig, AssumeRole, ErrorClass, WebIdentity};

const ROLE: &str = "arn:aws:iam::111122223333:role/";

/// The answer of a call that gives out a role, whose access key names the call.
pub(super) fn role_answer(action: &str, count: usize) -> Reply {
    xml(&format!(
        "<{action}Response xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\"><{action}Result><Credentials>\
         <AccessKeyId>ASIA{action}{count}</AccessKeyId><SecretAccessKey>given-secret</SecretAccessKey>\
         <SessionToken>given-token</SessionToken><Expiration>2099-01-01T00:00:00Z</Expiration></Credentials>\
         </{action}Result></{action}Response>"
    ))
}

async fn sts() -> Server {
    Server::start(|action, _, count| match action {
        "AssumeRole" | "AssumeRoleWithWebIdentity" => role_answer(action, count),
        _ => response(action, ""),
    })
    .await
}

fn role(name: &str) -> AssumeRole {
    AssumeRole {
        role_arn: format!("{ROLE}{name}"),
        ..AssumeRole::default()
    }
}

#[tokio::test]
async fn a_role_with_all_its_arguments() {
    let server = sts().await;
    let everything = AssumeRole {
        session_name: Some("nightly".into()),
        external_id: Some("ticket-7".into()),
        duration: Some(Duration::from_secs(1815)),
        policy: Some("{}".into()),
        policy_arns: vec!["arn:aws:iam::aws:policy/ReadOnlyAccess".into()],
        source_identity: Some("alice".into()),
        tags: BTreeMap::from([("team".into(), "sec".into())]),
        transitive_tag_keys: vec!["team".into()],
        ..role("reader")
    };
    let config = AccountConfig {
        assume_role: vec![everything],
        ..server.config()
    };
    let account = Account::connect(config).await.unwrap();
    account.sessions().await.unwrap();
    account.sessions().await.unwrap();
    let requests = server.requests("AssumeRole");
    assert_eq!(requests.len(), 1, "good until it ends");
    for part in [
        "RoleArn=arn:aws:iam::111122223333:role/reader",
        "RoleSessionName=nightly",
        "ExternalId=ticket-7",
        "DurationSeconds=1815",
        "Policy={}",
        "PolicyArns.member.1.arn=arn:aws:iam::aws:policy/ReadOnlyAccess",
        "SourceIdentity=alice",
        "Tags.member.1.Key=team&Tags.member.1.Value=sec",
        "TransitiveTagKeys.member.1=team",
    ] {
        assert!(requests[0].contains(part), "{part}: {}", requests[0]);
    }
    let heads = server.heads("AssumeRole");
    assert!(heads[0].contains("Credential=AKIDEXAMPLE/"), "{}", heads[0]);
    let head = server.last_head();
    assert!(
        head.contains("Credential=ASIAAssumeRole1/") && head.contains("given-token"),
        "{head}"
    );
}

#[tokio::test]
async fn what_is_left_out_is_not_sent() {
    let server = sts().await;
    let config = AccountConfig {
        assume_role: vec![role("reader")],
        ..server.config()
    };
    Account::connect(config).await.unwrap();
    let request = &server.requests("AssumeRole")[0];
    assert!(
        request.contains("RoleSessionName=terraform-provider-mirror-"),
        "{request}"
    );
    for part in [
        "ExternalId",
        "DurationSeconds",
        "Policy",
        "SourceIdentity",
        "Tags",
    ] {
        assert!(!request.contains(part), "{part}: {request}");
    }
}

#[tokio::test]
async fn a_chain_goes_from_role_to_role() {
    let server = sts().await;
    let identity = WebIdentity {
        role_arn: Some(format!("{ROLE}pod")),
        session_name: Some("pod-1".into()),
        token: Some("the-identity".to_owned().into()),
        ..WebIdentity::default()
    };
    let config = AccountConfig {
        assume_role_with_web_identity: Some(identity),
        assume_role: vec![role("hub"), role("spoke")],
        ..server.config()
    };
    Account::connect(config).await.unwrap();
    let (hub, spoke) = {
        let requests = server.requests("AssumeRole");
        let at = |name: &str| {
            requests
                .iter()
                .position(|request| request.contains(&format!("role/{name}&")))
                .unwrap()
        };
        (at("hub"), at("spoke"))
    };
    let heads = server.heads("AssumeRole");
    assert_eq!((hub, spoke, heads.len()), (0, 1, 2));
    assert!(
        heads[0].contains("Credential=ASIAAssumeRoleWithWebIdentity1/"),
        "{}",
        heads[0]
    );
    assert!(heads[1].contains("Credential=ASIAAssumeRole1/"), "{}", heads[1]);
    assert!(server.last_head().contains("Credential=ASIAAssumeRole2/"));
    let unsigned = &server.heads("AssumeRoleWithWebIdentity")[0];
    assert!(
        !unsigned.to_ascii_lowercase().contains("authorization"),
        "{unsigned}"
    );
    let request = &server.requests("AssumeRoleWithWebIdentity")[0];
    assert!(
        request.contains("WebIdentityToken=the-identity") && request.contains("RoleSessionName=pod-1"),
        "{request}"
    );
}

#[tokio::test]
async fn a_token_out_of_a_file() {
    let server = sts().await;
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("token");
    std::fs::write(&file, "from-a-file\n").unwrap();
    let with = |file: &std::path::Path| AccountConfig {
        assume_role_with_web_identity: Some(WebIdentity {
            role_arn: Some(format!("{ROLE}pod")),
            token_file: Some(file.display().to_string()),
            ..WebIdentity::default()
        }),
        ..server.config()
    };
    Account::connect(with(&file)).await.unwrap();
    let request = &server.requests("AssumeRoleWithWebIdentity")[0];
    assert!(request.ends_with("WebIdentityToken=from-a-file"), "{request}");
    let missing = folder.path().join("nothing");
    let error = Account::connect(with(&missing)).await.unwrap_err();
    assert_eq!(error.class(), ErrorClass::Configuration);
    assert!(error.detail().contains("nothing"), "{}", error.detail());
}

#[tokio::test]
async fn a_refused_role_is_told_as_such() {
    let server = Server::start(|_, _, _| {
        http(
            403,
            "text/xml",
            "<ErrorResponse><Error><Type>Sender</Type><Code>AccessDenied</Code><Message>User: me is not authorized to \
             perform: sts:AssumeRole on resource: that</Message></Error><RequestId>r</RequestId></ErrorResponse>",
        )
    })
    .await;
    let config = AccountConfig {
        assume_role: vec![role("reader")],
        ..server.config()
    };
    let error = Account::connect(config).await.unwrap_err();
    assert_eq!(error.title(), "No permission for sts:AssumeRole");
    let detail = error.detail();
    assert!(
        detail.contains("AssumeRole: AccessDenied: User: me") && detail.contains("trust policy"),
        "{detail}"
    );
    assert!(server.requests("GetCallerIdentity").is_empty());
    assert_eq!(server.requests("AssumeRole").len(), 1, "not tried again");
}

#[tokio::test]
async fn a_web_identity_without_its_parts() {
    let server = sts().await;
    for (identity, word) in [
        (WebIdentity::default(), "web_identity_token"),
        (
            WebIdentity {
                token: Some("t".to_owned().into()),
                ..WebIdentity::default()
            },
            "role_arn",
        ),
    ] {
        let config = AccountConfig {
            assume_role_with_web_identity: Some(identity),
            ..server.config()
        };
        let error = Account::connect(config).await.unwrap_err();
        assert!(
            error.class() == ErrorClass::Configuration && error.detail().contains(word),
            "{error}"
        );
    }
}
