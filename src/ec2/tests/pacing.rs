//! Calls that wait for their turn: how often they are tried, and when they are given up.

use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use tokio_util::sync::CancellationToken;

use super::server::{Reply, Server, error, identity_of, response};
use crate::ec2::{Account, AccountConfig, Ec2Error, ErrorClass, ErrorKind, NewSession, RetryMode};

const CREATE: &str = "CreateTrafficMirrorSession";

fn throttled() -> Reply {
    error(503, "RequestLimitExceeded", "Request limit exceeded.")
}

fn made() -> Reply {
    let session = "<trafficMirrorSessionId>tms-1</trafficMirrorSessionId><networkInterfaceId>eni-1</networkInterfaceId>\
                   <trafficMirrorTargetId>tmt-1</trafficMirrorTargetId><trafficMirrorFilterId>tmf-1</trafficMirrorFilterId>\
                   <sessionNumber>1</sessionNumber>";
    response(
        CREATE,
        &format!("<trafficMirrorSession>{session}</trafficMirrorSession>"),
    )
}

async fn create(account: &Account) -> Result<(), Ec2Error> {
    let new = NewSession {
        client_token: "token".into(),
        session_number: 1,
        ..NewSession::default()
    };
    account.create_session(&new).await.map(drop)
}

#[tokio::test]
async fn as_often_as_max_retries_says() {
    for mode in [RetryMode::Standard, RetryMode::Adaptive] {
        for retries in [0, 2] {
            let server = Server::start(|_, _, _| throttled()).await;
            let config = AccountConfig {
                max_retries: Some(retries),
                retry_mode: Some(mode),
                ..server.config()
            };
            let account = Account::connect(config).await.unwrap();
            let error = create(&account).await.unwrap_err();
            assert_eq!(error.class(), ErrorClass::Throttled);
            let requests = server.requests(CREATE);
            assert_eq!(requests.len(), usize::try_from(retries).unwrap() + 1, "{mode:?}");
            assert!(
                requests.iter().all(|body| body.contains("ClientToken=token")),
                "one token"
            );
        }
    }
}

#[tokio::test]
async fn faults_of_the_server_as_often_as_max_retries_says_if_it_says_so() {
    let given = [(Some(0), 1), (Some(2), 3), (Some(5), 6), (None, 5)];
    let modes = [RetryMode::Standard, RetryMode::Adaptive];
    let cases = modes
        .into_iter()
        .flat_map(|mode| given.map(|(retries, attempts)| (mode, retries, attempts)));
    futures::future::join_all(cases.map(async |(mode, max_retries, attempts)| {
        let fault = |_: &str, _: &str, _| error(500, "InternalError", "An internal error has occurred");
        let server = Server::start(fault).await;
        let config = AccountConfig {
            max_retries,
            retry_mode: Some(mode),
            ..server.config()
        };
        let account = Account::connect(config).await.unwrap();
        let (made, read) = tokio::join!(create(&account), account.sessions());
        made.unwrap_err();
        read.unwrap_err();
        let requests = server.requests(CREATE);
        assert!(
            requests.iter().all(|body| body.contains("ClientToken=token")),
            "one token"
        );
        let pages = server.requests("DescribeTrafficMirrorSessions");
        assert_eq!(
            [requests.len(), pages.len()],
            [attempts; 2],
            "{mode:?} {max_retries:?}"
        );
    }))
    .await;
}

#[tokio::test]
async fn adaptive_holds_back_the_calls_after_a_throttled_one() {
    let mut took = Vec::new();
    for mode in [RetryMode::Standard, RetryMode::Adaptive] {
        let times = Arc::<Mutex<Vec<Instant>>>::default();
        let seen = Arc::clone(&times);
        // The first attempt is throttled; then come four pages.
        let server = Server::start(move |action, _, count| {
            if action == "DescribeTrafficMirrorSessions" {
                seen.lock().unwrap().push(Instant::now());
            }
            match (action, count) {
                ("DescribeTrafficMirrorSessions", 1) => throttled(),
                ("DescribeTrafficMirrorSessions", 2..5) => {
                    response(action, &format!("<nextToken>page-{count}</nextToken>"))
                }
                _ => response(action, ""),
            }
        })
        .await;
        let config = AccountConfig {
            retry_mode: Some(mode),
            ..server.config()
        };
        let account = Account::connect(config).await.unwrap();
        account.sessions().await.unwrap();
        let times = times.lock().unwrap();
        assert_eq!(times.len(), 5, "{mode:?}");
        took.push(times[4] - times[1]);
    }
    // The SDK lets half a call a second through at first. How long the standard mode takes is the machine's affair.
    assert!(took[1] > Duration::from_secs(1), "{took:?}");
}

#[tokio::test]
async fn other_failures_count_among_the_attempts() {
    let server = Server::start(|_, _, count| match count {
        1 => error(500, "InternalError", "An internal error has occurred"),
        _ => throttled(),
    })
    .await;
    let config = AccountConfig {
        max_retries: Some(3),
        ..server.config()
    };
    let account = Account::connect(config).await.unwrap();
    create(&account).await.unwrap_err();
    assert_eq!(server.requests(CREATE).len(), 4);
}

#[tokio::test]
async fn throttling_that_passes_is_no_failure() {
    let server = Server::start(|_, _, count| if count <= 3 { throttled() } else { made() }).await;
    create(&server.account().await).await.unwrap();
    assert_eq!(server.requests(CREATE).len(), 4);
}

#[tokio::test]
async fn whoever_waits_is_given_up_at_once() {
    let server = Server::start(|_, _, _| throttled()).await;
    let stop = CancellationToken::new();
    let account = server.account().await;
    let stopping = account.until(stop.clone());
    let asked = async {
        let error = create(&stopping).await.unwrap_err();
        (error, Instant::now())
    };
    let stopped = async {
        // The gaps between two attempts double: soon nothing but waiting happens.
        while server.requests(CREATE).len() < 7 {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        stop.cancel();
        Instant::now()
    };
    let ((error, ended), told) = tokio::join!(asked, stopped);
    assert_eq!(error.kind(), &ErrorKind::Stopped);
    assert!(!error.is_outcome_unknown(), "it was not sent");
    let waited = ended.saturating_duration_since(told);
    assert!(waited < Duration::from_millis(300), "{waited:?}");
    assert_eq!(create(&stopping).await.unwrap_err().kind(), &ErrorKind::Stopped);
    assert_eq!(server.requests(CREATE).len(), 7);
}

#[tokio::test]
async fn each_action_has_its_own_pace() {
    let server = Server::start(|action, _, _| match action {
        CREATE => throttled(),
        other => response(other, "<return>true</return>"),
    })
    .await;
    let config = AccountConfig {
        max_retries: Some(8),
        ..server.config()
    };
    let account = Account::connect(config).await.unwrap();
    let other = account.clone();
    let deleting = async {
        let began = Instant::now();
        for _ in 0..100 {
            other.delete_session("tms-1").await.unwrap();
        }
        began.elapsed()
    };
    let (created, deleted) = tokio::join!(create(&account), deleting);
    assert_eq!(created.unwrap_err().class(), ErrorClass::Throttled);
    // Nine attempts with gaps that double from 10 ms take 2.5 s.
    assert!(deleted < Duration::from_secs(2), "{deleted:?}");
}

fn described(description: &str) -> NewSession {
    NewSession {
        client_token: "token".into(),
        session_number: 1,
        description: Some(description.into()),
        ..NewSession::default()
    }
}

#[tokio::test]
async fn each_region_has_its_own_pace() {
    let server = Server::start(|_, body, _| match body.contains("here") {
        true => throttled(),
        false => made(),
    })
    .await;
    let config = AccountConfig {
        max_retries: Some(8),
        ..server.config()
    };
    let account = Account::connect(config).await.unwrap();
    let there = account.in_region("us-east-1");
    let creating = async {
        let began = Instant::now();
        for _ in 0..100 {
            there.create_session(&described("far")).await.unwrap();
        }
        began.elapsed()
    };
    let hindered = described("here");
    let (here, elsewhere) = tokio::join!(account.create_session(&hindered), creating);
    assert_eq!(here.unwrap_err().class(), ErrorClass::Throttled);
    assert!(elsewhere < Duration::from_secs(2), "{elsewhere:?}");
}

#[tokio::test]
async fn provider_blocks_of_one_account_share_its_pace_and_another_account_has_its_own() {
    let accounts = ["111122223333", "111122223333", "444455556666"];
    let server = Server::raw(move |action, body, count| match action {
        "GetCallerIdentity" => identity_of(accounts[count - 1]),
        _ if body.contains("here") => throttled(),
        _ => made(),
    })
    .await;
    let config = AccountConfig {
        max_retries: Some(8),
        ..server.config()
    };
    let [hindered, same, other] = [config.clone(), config.clone(), config].map(async |config| {
        // One after the other: the answers tell them apart.
        Account::connect(config).await.unwrap()
    });
    let (hindered, same, other) = (hindered.await, same.await, other.await);
    assert_eq!(
        [&hindered, &same, &other].map(Account::account_id),
        accounts,
        "each has its answer"
    );
    hindered.create_session(&described("here")).await.unwrap_err();
    // The gap before the next attempt has doubled eight times from 10 ms.
    for (account, is_held_back) in [(other, false), (same, true)] {
        let began = Instant::now();
        account.create_session(&described("far")).await.unwrap();
        let took = began.elapsed();
        assert_eq!(took > Duration::from_secs(1), is_held_back, "{took:?}");
    }
}
