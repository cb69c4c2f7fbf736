//! Region and credentials from the environment. A process has one environment, so each case is a process of its own: this
//! test binary, running [`connects_from_its_environment`] alone.

use std::process::Command;
use std::time::{Duration, Instant};

use super::roles::role_answer;
use super::server::{Server, http, response};
use super::tls::Authority;
use crate::ec2::{Account, AccountConfig, Endpoints};

const URL: &str = "TEST_ENDPOINT";
const PROFILE: &str = "TEST_PROFILE";

#[tokio::test]
#[ignore = "a part of the other tests, which set its environment"]
async fn connects_from_its_environment() {
    let url = std::env::var(URL).unwrap();
    let config = AccountConfig {
        profile: std::env::var(PROFILE).ok(),
        endpoints: Endpoints {
            ec2: Some(url.clone()),
            sts: Some(url),
            elbv2: None,
        },
        ..AccountConfig::default()
    };
    match Account::connect(config).await {
        Ok(account) => println!("outcome: {} {}", account.region(), account.account_id()),
        Err(error) => println!(
            "outcome: {:?} | {} | {}",
            error.class(),
            error.title(),
            error.detail()
        ),
    }
}

/// The outcome with these variables and nothing else, and with this shared configuration.
async fn outcome(url: &str, variables: &[(&str, &str)], shared: &str) -> String {
    let home = tempfile::tempdir().unwrap();
    let file = home.path().join("config");
    std::fs::write(&file, shared).unwrap();
    let mut command = Command::new(std::env::current_exe().unwrap());
    command
        .args([
            "--ignored",
            "--exact",
            "--nocapture",
            "ec2::tests::environment::connects_from_its_environment",
        ])
        .env_clear()
        .env("HOME", home.path())
        .env("AWS_CONFIG_FILE", &file)
        .env("AWS_SHARED_CREDENTIALS_FILE", home.path().join("credentials"))
        .env("AWS_EC2_METADATA_DISABLED", "true")
        .env(URL, url)
        .envs(variables.iter().copied());
    let output = tokio::task::spawn_blocking(move || command.output())
        .await
        .unwrap()
        .unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    text.split_once("outcome: ")
        .map(|(_, outcome)| outcome.to_owned())
        .unwrap_or(text)
}

const KEYS: [(&str, &str); 2] = [
    ("AWS_ACCESS_KEY_ID", "AKIDENVIRONMENT"),
    ("AWS_SECRET_ACCESS_KEY", "secret"),
];

async fn server() -> Server {
    Server::start(|action, _, _| response(action, "")).await
}

#[tokio::test]
async fn no_region() {
    let server = server().await;
    let outcome = outcome(&server.url, &KEYS, "").await;
    assert!(
        outcome.starts_with("Configuration | No AWS region |"),
        "{outcome}"
    );
    assert!(outcome.contains("AWS_REGION"), "{outcome}");
    assert!(server.requests("GetCallerIdentity").is_empty());
}

#[tokio::test]
async fn the_region_of_the_environment() {
    let server = server().await;
    for name in ["AWS_REGION", "AWS_DEFAULT_REGION"] {
        let outcome = outcome(&server.url, &[KEYS[0], KEYS[1], (name, "sa-east-1")], "").await;
        assert!(outcome.starts_with("sa-east-1 111122223333"), "{name}: {outcome}");
    }
}

#[tokio::test]
async fn a_configured_profile_comes_before_the_environment() {
    let server = server().await;
    let shared =
        "[profile mine]\nregion = eu-north-1\naws_access_key_id = AKIDPROFILE\naws_secret_access_key = s\n";
    let variables = [KEYS[0], KEYS[1], (PROFILE, "mine")];
    let text = outcome(&server.url, &variables, shared).await;
    assert!(text.starts_with("eu-north-1 111122223333"), "{text}");
    assert!(
        server.last_head().contains("Credential=AKIDPROFILE/"),
        "{}",
        server.last_head()
    );
    let text = outcome(
        &server.url,
        &[(PROFILE, "other"), ("AWS_REGION", "eu-west-1")],
        shared,
    )
    .await;
    assert!(
        text.starts_with("Configuration |") && text.contains("\"other\", which `profile` names"),
        "{text}"
    );
}

#[tokio::test]
async fn the_older_name_of_the_profile() {
    let server = server().await;
    let shared =
        "[profile mine]\nregion = eu-north-1\naws_access_key_id = AKIDPROFILE\naws_secret_access_key = s\n";
    let text = outcome(&server.url, &[("AWS_DEFAULT_PROFILE", "mine")], shared).await;
    assert!(text.starts_with("eu-north-1 111122223333"), "{text}");
    let both = [("AWS_DEFAULT_PROFILE", "mine"), ("AWS_PROFILE", "other")];
    let text = outcome(&server.url, &both, shared).await;
    assert!(
        text.starts_with("Configuration |") && text.contains("\"other\", which AWS_PROFILE names"),
        "{text}"
    );
    let text = outcome(&server.url, &[("AWS_DEFAULT_PROFILE", "other")], shared).await;
    assert!(text.starts_with("Configuration | No AWS region |"), "{text}");
}

#[tokio::test]
async fn a_web_identity_comes_before_the_profile() {
    let server = Server::start(|action, _, count| match action {
        "AssumeRoleWithWebIdentity" => role_answer(action, count),
        _ => response(action, ""),
    })
    .await;
    let shared =
        "[default]\nregion = eu-north-1\naws_access_key_id = AKIDPROFILE\naws_secret_access_key = s\n";
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("token");
    std::fs::write(&file, "the-identity\n").unwrap();
    let token = ("AWS_WEB_IDENTITY_TOKEN_FILE", file.to_str().unwrap());
    let role = ("AWS_ROLE_ARN", "arn:aws:iam::111122223333:role/pod");
    let text = outcome(&server.url, &[token, role], shared).await;
    assert!(text.starts_with("eu-north-1 111122223333"), "{text}");
    let head = server.last_head();
    assert!(
        head.contains("Credential=ASIAAssumeRoleWithWebIdentity1/"),
        "{head}"
    );
    let text = outcome(&server.url, &[token], shared).await;
    assert!(
        text.starts_with("Configuration |") && text.contains("AWS_ROLE_ARN"),
        "{text}"
    );
}

#[tokio::test]
async fn attempts_of_the_environment_and_of_the_profile() {
    let throttling = || {
        Server::raw(|_, _, _| {
            let text =
                "<ErrorResponse><Error><Code>Throttling</Code><Message>x</Message></Error></ErrorResponse>";
            http(400, "text/xml", text)
        })
    };
    let region = ("AWS_REGION", "eu-west-1");
    let server = throttling().await;
    let variables = [KEYS[0], KEYS[1], region, ("AWS_MAX_ATTEMPTS", "2")];
    outcome(&server.url, &variables, "[default]\nmax_attempts = 3\n").await;
    assert_eq!(server.requests("GetCallerIdentity").len(), 2);

    let server = throttling().await;
    let variables = [KEYS[0], KEYS[1], region];
    outcome(&server.url, &variables, "[default]\nmax_attempts = 1\n").await;
    assert_eq!(server.requests("GetCallerIdentity").len(), 1);

    for (variable, value) in [
        ("AWS_MAX_ATTEMPTS", "0"),
        ("AWS_MAX_ATTEMPTS", "many"),
        ("AWS_RETRY_MODE", "never"),
    ] {
        let variables = [KEYS[0], KEYS[1], region, (variable, value)];
        let text = outcome(&server.url, &variables, "").await;
        assert!(
            text.starts_with("Configuration |") && text.contains(variable),
            "{text}"
        );
    }
}

#[tokio::test]
async fn certificates_of_the_environment() {
    let authority = Authority::new().await;
    let bundle = authority.bundle();
    let variables = [
        KEYS[0],
        KEYS[1],
        ("AWS_REGION", "eu-west-1"),
        ("AWS_CA_BUNDLE", bundle.to_str().unwrap()),
    ];
    let text = outcome(&authority.server.url, &variables, "").await;
    assert!(text.starts_with("eu-west-1 111122223333"), "{text}");
    let text = outcome(&authority.server.url, &variables[..3], "").await;
    assert!(text.starts_with("Unreachable |"), "{text}");
}

#[tokio::test]
async fn no_credentials_anywhere() {
    let server = server().await;
    let started = Instant::now();
    let outcome = outcome(&server.url, &[("AWS_REGION", "eu-west-1")], "").await;
    assert!(
        outcome.starts_with("Credentials | No AWS credentials |"),
        "{outcome}"
    );
    assert!(outcome.contains("AWS_PROFILE"), "says what to do: {outcome}");
    assert!(
        started.elapsed() < Duration::from_secs(5),
        "instance metadata is disabled"
    );
    assert!(server.requests("GetCallerIdentity").is_empty());
}

#[tokio::test]
async fn a_proxy_that_answers_instead_of_aws() {
    let server = Server::raw(|_, _, _| http(407, "text/html", "<html>Proxy authentication</html>")).await;
    let outcome = outcome(&server.url, &[KEYS[0], KEYS[1], ("AWS_REGION", "eu-west-1")], "").await;
    assert!(
        outcome.starts_with("NotEc2 | The STS endpoint does not answer as STS does"),
        "{outcome}"
    );
    assert!(outcome.contains("HTTP 407"), "{outcome}");
}
