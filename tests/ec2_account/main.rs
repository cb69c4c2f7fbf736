//! The account against `ec2-sandbox`, a strict EC2 on loopback.
//!
//! The binary is `$EC2_SANDBOX`, or `ec2-sandbox` beside this test's own (`cargo build -p ec2-sandbox`).

mod sandbox;

use terraform_provider_mirror::ec2::{
    Account, AccountConfig, Deleted, Ec2Error, ErrorClass, ErrorKind, Limit, NewSession, Secret,
    SessionChange, What,
};
use terraform_provider_mirror::planner::{FieldChange, Filter, Tags};

use sandbox::Sandbox;

const TARGET: &str = "tmt-0ffffffffffffff01";
const FILTER: &str = "tmf-0ffffffffffffff01";
const INTERFACE: &str = "eni-0eeeeeeeeeeeeee10";

fn filter(name: &str, values: &[&str]) -> Filter {
    Filter {
        name: name.into(),
        values: strings(values),
    }
}

fn strings(values: &[&str]) -> Vec<String> {
    values.iter().map(ToString::to_string).collect()
}

fn new_session(interface: &str, number: i64) -> NewSession {
    NewSession {
        network_interface_id: interface.into(),
        traffic_mirror_target_id: TARGET.into(),
        traffic_mirror_filter_id: FILTER.into(),
        session_number: number,
        description: Some("made by a test".into()),
        tags: Tags::from([("mirror:coverage".into(), "prod".into())]),
        client_token: format!("token-{interface}-{number}"),
        ..NewSession::default()
    }
}

#[tokio::test]
async fn tagged_instances_with_all_their_interfaces() {
    let sandbox = Sandbox::sample();
    let account = sandbox.account().await;
    assert_eq!(
        (account.account_id(), account.partition()),
        ("111122223333", "aws")
    );
    let tagged = account
        .instances(&[filter("tag:Mirror", &["True"])])
        .await
        .unwrap();
    let ids: Vec<_> = tagged.iter().map(|interface| &interface.id[19..]).collect();
    assert_eq!(ids, ["10", "20", "30", "31", "40", "50"]);
    assert!(
        tagged
            .iter()
            .all(|interface| interface.interface_type == "interface")
    );
    assert_eq!(
        tagged.iter().filter(|interface| interface.is_primary()).count(),
        5
    );
    assert_eq!(tagged[4].instance_state.as_deref(), Some("stopped"));
    assert_eq!(tagged[0].availability_zone.as_deref(), Some("eu-west-1a"));
    let by_id = filter("network-interface.network-interface-id", &[INTERFACE]);
    assert_eq!(account.instances(&[by_id]).await.unwrap().len(), 1);
}

#[tokio::test]
async fn a_fleet_of_many_pages() {
    let sandbox = Sandbox::start(&["--instances", "2500", "--seed", "7", "--short-pages"]);
    let account = sandbox.account().await;
    let all = account.instances(&[]).await.unwrap();
    let instances: std::collections::BTreeSet<_> =
        all.iter().map(|interface| &interface.instance_id).collect();
    assert!(instances.len() >= 2500, "{} instances", instances.len());
    assert!(sandbox.calls("DescribeInstances") > 2);
}

#[tokio::test]
async fn the_life_of_a_session() {
    let sandbox = Sandbox::sample();
    let account = sandbox.account().await;
    let new = new_session(INTERFACE, 1);
    let made = account.create_session(&new).await.unwrap();
    assert_eq!(
        (made.session_number, made.description.as_deref()),
        (1, Some("made by a test"))
    );
    assert_eq!(made.tags, new.tags);
    assert_eq!(
        account.create_session(&new).await.unwrap().id,
        made.id,
        "the same token is the same session"
    );
    let mismatch = account
        .create_session(&NewSession {
            session_number: 2,
            ..new
        })
        .await
        .unwrap_err();
    assert_eq!(mismatch.class(), ErrorClass::ClientTokenReused);
    assert_eq!(
        *account.reader().sessions().await.unwrap(),
        std::slice::from_ref(&made)
    );
    assert_eq!(account.sessions_of_interface(INTERFACE).await.unwrap().len(), 1);
    assert!(
        account
            .sessions_of_interface("eni-0eeeeeeeeeeeeee20")
            .await
            .unwrap()
            .is_empty()
    );

    let change = SessionChange {
        id: made.id.clone(),
        session_number: Some(9),
        packet_length: FieldChange::Set(100),
        description: FieldChange::Remove,
        ..SessionChange::default()
    };
    let changed = account.modify_session(&change).await.unwrap();
    assert_eq!(
        (changed.session_number, changed.packet_length, changed.description),
        (9, Some(100), None)
    );
    let change = SessionChange {
        id: made.id.clone(),
        packet_length: FieldChange::Remove,
        ..SessionChange::default()
    };
    assert_eq!(account.modify_session(&change).await.unwrap().packet_length, None);

    assert_eq!(account.delete_session(&made.id).await.unwrap(), Deleted::Gone);
    assert_eq!(
        account.delete_session(&made.id).await.unwrap(),
        Deleted::AlreadyGone
    );
    assert!(account.reader().sessions().await.unwrap().is_empty());
    let change = SessionChange {
        id: made.id,
        session_number: Some(1),
        ..SessionChange::default()
    };
    let error = account.modify_session(&change).await.unwrap_err();
    assert_eq!(error.class(), ErrorClass::NotFound(What::Session));
}

#[tokio::test]
async fn tags_around_a_session_that_is_gone() {
    let sandbox = Sandbox::sample();
    let account = sandbox.account().await;
    let made = account.create_session(&new_session(INTERFACE, 1)).await.unwrap();
    let gone = account.create_session(&new_session(INTERFACE, 2)).await.unwrap();
    account.delete_session(&gone.id).await.unwrap();
    let ids = [gone.id.clone(), made.id];
    let more = Tags::from([("a".into(), "1".into()), ("b".into(), "2".into())]);
    let vanished = account.create_tags(&ids, &more).await.unwrap();
    assert_eq!(vanished, std::slice::from_ref(&gone.id));
    let removed = account
        .change_tags(&ids, &Tags::new(), &strings(&["a", "absent"]))
        .await;
    assert_eq!(removed.whole().unwrap(), [gone.id]);
    let tags = &account.reader().sessions().await.unwrap()[0].tags;
    assert_eq!(tags.keys().collect::<Vec<_>>(), ["b", "mirror:coverage"]);
}

#[tokio::test]
async fn what_ec2_refuses() {
    let sandbox = Sandbox::sample();
    let account = sandbox.account().await;
    let class = async |new: NewSession| {
        account
            .create_session(&new)
            .await
            .map_err(|error| error.class())
            .unwrap_err()
    };
    account.create_session(&new_session(INTERFACE, 1)).await.unwrap();
    let clash = NewSession {
        client_token: "another".into(),
        ..new_session(INTERFACE, 1)
    };
    assert_eq!(class(clash).await, ErrorClass::NumberInUse);
    account.create_session(&new_session(INTERFACE, 2)).await.unwrap();
    account.create_session(&new_session(INTERFACE, 3)).await.unwrap();
    assert_eq!(
        class(new_session(INTERFACE, 4)).await,
        ErrorClass::LimitExceeded(Limit::SessionsPerInterface)
    );
    let sensor = "eni-0eeeeeeeeeeeeee80";
    assert_eq!(class(new_session(sensor, 1)).await, ErrorClass::InterfaceIsTarget);
    let nowhere = "eni-0123456789abcdef0";
    assert_eq!(
        class(new_session(nowhere, 1)).await,
        ErrorClass::NotFound(What::NetworkInterface)
    );
    let missing = |new: NewSession| NewSession {
        traffic_mirror_target_id: "tmt-0123456789abcdef0".into(),
        ..new
    };
    let other = "eni-0eeeeeeeeeeeeee20";
    assert_eq!(
        class(missing(new_session(other, 1))).await,
        ErrorClass::NotFound(What::Target)
    );
}

#[tokio::test]
async fn targets_and_filters_by_id() {
    let sandbox = Sandbox::sample();
    let account = sandbox.account().await;
    let lookup = account
        .targets(&strings(&["tmt-0123456789abcdef0", TARGET, "what?"]))
        .await
        .unwrap();
    assert_eq!(
        lookup.found[0].network_interface_id.as_deref(),
        Some("eni-0eeeeeeeeeeeeee80")
    );
    let missing: Vec<_> = lookup.missing.iter().map(|missing| missing.id.as_str()).collect();
    assert_eq!(missing, ["tmt-0123456789abcdef0", "what?"]);
    assert!(
        lookup
            .missing
            .iter()
            .all(|missing| missing.error.class() == ErrorClass::NotFound(What::Target))
    );
    let lookup = account.filters(&strings(&[FILTER])).await.unwrap();
    assert!(lookup.found[0].rules.len() >= 2 && lookup.found[0].amazon_dns);
    let lookup = account
        .filters(&strings(&["tmf-0123456789abcdef0"]))
        .await
        .unwrap();
    assert_eq!(
        lookup.missing[0].error.class(),
        ErrorClass::NotFound(What::Filter)
    );
}

#[tokio::test]
async fn credentials_that_are_refused() {
    let sandbox = Sandbox::sample();
    let wrong_secret = AccountConfig {
        secret_key: Some(Secret::new("wrong")),
        ..sandbox.config()
    };
    let unknown_key = AccountConfig {
        access_key: Some(Secret::new("AKIANOBODY0000000000")),
        ..sandbox.config()
    };
    for config in [wrong_secret, unknown_key] {
        let error = Account::connect(config).await.unwrap_err();
        assert_eq!(error.class(), ErrorClass::Credentials, "{error}");
    }
    let account = sandbox.account().await;
    let nowhere = account.in_region("xx-nowhere-9").sessions().await.unwrap_err();
    assert_eq!(nowhere.class(), ErrorClass::Credentials, "{nowhere}");
}

async fn sessions_under(fault: &str) -> (Sandbox, Result<usize, Ec2Error>) {
    let sandbox = Sandbox::sample();
    let account = sandbox.account().await;
    sandbox.fault(fault);
    let result = account.reader().sessions().await.map(|sessions| sessions.len());
    (sandbox, result)
}

#[tokio::test]
async fn faults_that_pass() {
    for kind in [
        "internal_error",
        "unavailable",
        "request_limit_exceeded",
        "reset",
        "truncated",
        "half_written",
    ] {
        let (sandbox, result) = sessions_under(&format!(
            r#"{{"kind": "{kind}", "action": "DescribeTrafficMirrorSessions", "times": 1}}"#
        ))
        .await;
        assert_eq!(result.unwrap_or_else(|error| panic!("{kind}: {error:?}")), 0);
        assert!(sandbox.calls("DescribeTrafficMirrorSessions") >= 2, "{kind}");
    }
}

#[tokio::test]
async fn faults_that_stay() {
    let on_sessions =
        |kind: &str| format!(r#"{{"kind": "{kind}", "action": "DescribeTrafficMirrorSessions"}}"#);
    let (_sandbox, denied) = sessions_under(&on_sessions("deny")).await;
    let denied = denied.unwrap_err();
    assert_eq!(
        denied.title(),
        "No permission for ec2:DescribeTrafficMirrorSessions"
    );
    let (sandbox, html) = sessions_under(&on_sessions("html")).await;
    let html = html.unwrap_err();
    assert!(
        html.class() == ErrorClass::NotEc2 && html.detail().contains(&sandbox.url),
        "{}",
        html.detail()
    );
    for kind in ["half_written", "truncated", "reset"] {
        let (_sandbox, broken) = sessions_under(&on_sessions(kind)).await;
        let broken = broken.expect_err(kind);
        assert_eq!(broken.kind(), &ErrorKind::Interrupted, "{kind}: {broken:?}");
    }
}

#[tokio::test]
async fn a_create_whose_answer_is_lost_makes_one_session() {
    let sandbox = Sandbox::sample();
    let account = sandbox.account().await;
    for kind in ["reset", "half_written"] {
        sandbox.fault(&format!(
            r#"{{"kind": "{kind}", "action": "CreateTrafficMirrorSession", "times": 1, "after_change": true}}"#
        ));
    }
    account.create_session(&new_session(INTERFACE, 1)).await.unwrap();
    assert_eq!(account.reader().sessions().await.unwrap().len(), 1);
    sandbox.fault(
        r#"{"kind": "reset", "action": "DeleteTrafficMirrorSession", "times": 1, "after_change": true}"#,
    );
    let id = account.reader().sessions().await.unwrap()[0].id.clone();
    assert_eq!(account.delete_session(&id).await.unwrap(), Deleted::AlreadyGone);
    assert!(account.reader().sessions().await.unwrap().is_empty());
}
