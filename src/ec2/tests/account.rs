//! Connecting: identity, regions, and configurations that cannot work.

use super::server::{SECRET, Server, TOKEN, config, nobody, response};
use crate::ec2::{Account, ErrorClass, ErrorKind, UserAgent};

#[tokio::test]
async fn the_account_is_that_of_the_credentials() {
    let server = Server::start(|action, _, _| response(action, "")).await;
    let product = |name: &str, version: Option<&str>| UserAgent {
        name: name.into(),
        version: version.map(Into::into),
    };
    let mut config = server.config();
    config.user_agent = vec![
        product("provider-x", Some("1.2.3")),
        product("evil\r\nheader", None),
    ];
    let account = Account::connect(config).await.unwrap();
    assert_eq!(
        (account.account_id(), account.partition(), account.region()),
        ("111122223333", "aws-cn", "eu-west-1")
    );
    account.sessions().await.unwrap();
    let head = server.last_head();
    assert!(
        head.contains("provider-x/1.2.3") && !head.contains("evil"),
        "{head}"
    );
    assert!(head.contains("/eu-west-1/ec2/aws4_request"), "{head}");

    let other = account.in_region("us-east-2");
    assert_eq!(
        (other.region(), other.account_id()),
        ("us-east-2", "111122223333")
    );
    other.sessions().await.unwrap();
    assert!(server.last_head().contains("/us-east-2/ec2/aws4_request"));
    assert_eq!(
        server.requests("GetCallerIdentity").len(),
        1,
        "one identity for all regions"
    );
}

#[tokio::test]
async fn nothing_secret_is_printed() {
    let server = Server::start(|action, _, _| response(action, "")).await;
    let text = format!("{:?} {:?}", server.config(), server.account().await);
    assert!(
        !text.contains(SECRET) && !text.contains(TOKEN) && !text.contains("AKIDEXAMPLE"),
        "{text}"
    );
}

#[tokio::test]
async fn a_contradicting_configuration_is_told_before_any_call() {
    let url = nobody().await;
    let mut one_key = config(&url);
    one_key.secret_key = None;
    let mut other_key = config(&url);
    other_key.access_key = None;
    let mut only_token = config(&url);
    (only_token.access_key, only_token.secret_key) = (None, None);
    let mut no_scheme = config(&url);
    no_scheme.endpoints.ec2 = Some("localhost:5000".into());
    let mut no_host = config(&url);
    no_host.endpoints.sts = Some("http:///path".into());
    let cases = [
        (one_key, "`access_key`"),
        (other_key, "`secret_key`"),
        (only_token, "`token`"),
        (no_scheme, "`endpoints.ec2`"),
        (no_host, "`endpoints.sts`"),
    ];
    for (config, named) in cases {
        let error = Account::connect(config).await.unwrap_err();
        assert_eq!(
            (error.class(), error.kind()),
            (ErrorClass::Configuration, &ErrorKind::Configuration)
        );
        assert!(error.message().contains(named), "{error}");
    }
}

#[tokio::test]
async fn an_impossible_region_is_told() {
    for region in ["eu west", "", "-a", "a.b", "a/b"] {
        let mut config = config(&nobody().await);
        config.region = Some(region.into());
        let error = Account::connect(config).await.unwrap_err();
        assert_eq!(error.class(), ErrorClass::Configuration, "{region:?}");
        assert!(error.message().contains(&format!("{region:?}")), "{error}");
    }
}
