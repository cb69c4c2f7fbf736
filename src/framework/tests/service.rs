//! Calls that read, plan and change things, over a real socket.

use super::client::*;
use super::sample::{Sample, SampleIdentity, Selector};
use super::toy::LookUp;
use crate::framework::*;
use crate::proto::tfplugin6 as proto;

#[tokio::test]
async fn plan_apply_and_read_a_thing() {
    let mut client = running().await.client;
    let mut config = named("one");
    config.selector = Attr::Known(vec![
        Selector {
            tags: Attr::Known([("Mirror".to_owned(), Attr::Unknown)].into()),
            ids: Attr::Null,
        }
        .into(),
    ]);
    config.zones = Attr::Known(vec!["b".into(), "a".into()]);
    config.weight = Attr::Known("0.1".parse().unwrap());
    let plan = client
        .plan_resource_change(proto::plan_resource_change::Request {
            type_name: THING.to_owned(),
            prior_state: null(),
            proposed_new_state: encode(&config),
            config: encode(&config),
            prior_private: b"a".to_vec(),
            planned_private: b"b".to_vec(),
            ..Default::default()
        })
        .await
        .unwrap()
        .into_inner();
    assert_eq!(texts(&plan.diagnostics), Vec::<&str>::new());
    assert_eq!(plan.planned_private, b"a+b");
    assert!(plan.requires_replace.is_empty());
    let planned: Sample = decode(plan.planned_state).unwrap();
    assert!(planned.region.is_unknown());
    assert_eq!(planned.zones, Attr::Known(vec!["a".into(), "b".into()]));
    assert_eq!(planned.weight, config.weight);
    let session = planned.sessions.known().unwrap()["eni-1"].known().unwrap();
    assert_eq!((&session.id, session.number.known()), (&Attr::Unknown, Some(&1)));

    let mut to_apply = planned;
    to_apply.selector = Attr::Known(Vec::new());
    let applied = client
        .apply_resource_change(apply_request(None, Some(&to_apply)))
        .await
        .unwrap()
        .into_inner();
    assert_eq!(texts(&applied.diagnostics), Vec::<&str>::new());
    assert_eq!(applied.private, b"applied");
    let state: Sample = decode(applied.new_state).unwrap();
    assert_eq!(
        state.sessions.known().unwrap()["eni-1"].known().unwrap().id,
        "tms-1".into()
    );
    let new: SampleIdentity = decode(applied.new_identity.unwrap().identity_data).unwrap();
    assert_eq!(new.name, "one".into());

    let moved = Sample {
        region: "there".into(),
        ..state.clone()
    };
    let plan = client
        .plan_resource_change(proto::plan_resource_change::Request {
            type_name: THING.to_owned(),
            prior_state: encode(&state),
            proposed_new_state: encode(&moved),
            config: encode(&moved),
            ..Default::default()
        })
        .await
        .unwrap()
        .into_inner();
    let path = plan.requires_replace[0].steps[0].selector.clone();
    assert_eq!(
        path,
        Some(proto::attribute_path::step::Selector::AttributeName(
            "region".to_owned()
        ))
    );
}

#[tokio::test]
async fn a_read_repeats_what_core_would_drop() {
    let mut client = running().await.client;
    for (name, summaries) in [
        ("as it was", vec![]),
        ("error", vec!["It failed"]),
        ("panic", vec!["The provider has a bug"]),
    ] {
        let answer = client
            .read_resource(read_request(name))
            .await
            .unwrap()
            .into_inner();
        assert_eq!(texts(&answer.diagnostics), summaries, "{name}");
        assert_eq!(decode::<Sample>(answer.new_state), Some(named(name)));
        assert_eq!(answer.private, b"private", "{name}");
        assert_eq!(answer.new_identity, identity(name));
    }
    let answer = client
        .read_resource(read_request("gone"))
        .await
        .unwrap()
        .into_inner();
    assert_eq!(decode::<Sample>(answer.new_state), None);
    assert_eq!(answer.private, b"private");
    let answer = client
        .read_resource(read_request("new private"))
        .await
        .unwrap()
        .into_inner();
    assert_eq!(answer.private, b"new");

    let mut request = read_request("as it was");
    request.current_state = Some(proto::DynamicValue {
        msgpack: b"\x93".to_vec(),
        json: Vec::new(),
    });
    let answer = client.read_resource(request.clone()).await.unwrap().into_inner();
    assert_eq!(texts(&answer.diagnostics), ["Unsuitable value"]);
    assert_eq!(answer.new_state, request.current_state);
    assert_eq!(
        (answer.private, answer.new_identity),
        (request.private, request.current_identity)
    );
}

#[tokio::test]
async fn an_apply_repeats_what_core_would_drop() {
    let mut client = running().await.client;
    for name in ["error", "panic"] {
        let thing = named(name);
        let answer = client
            .apply_resource_change(apply_request(None, Some(&thing)))
            .await
            .unwrap()
            .into_inner();
        assert_eq!(answer.diagnostics.len(), 1);
        assert_eq!(decode::<Sample>(answer.new_state), None, "a create made nothing");
        assert_eq!(
            (answer.private, answer.new_identity),
            (b"planned".to_vec(), identity("before"))
        );
        let before = named("before");
        let request = apply_request(Some(&before), Some(&thing));
        let answer = client.apply_resource_change(request).await.unwrap().into_inner();
        assert_eq!(
            decode::<Sample>(answer.new_state),
            Some(before),
            "an update changed nothing"
        );
    }
    for (name, left) in [
        ("goes", None),
        ("stays", Some(named("stays"))),
        (
            "stays in part",
            Some(Sample {
                enabled: false.into(),
                ..named("stays in part")
            }),
        ),
    ] {
        let request = apply_request(Some(&named(name)), None);
        let answer = client.apply_resource_change(request).await.unwrap().into_inner();
        assert_eq!(decode::<Sample>(answer.new_state), left, "{name}");
        assert_eq!(
            (answer.private, answer.new_identity),
            (b"planned".to_vec(), identity("before"))
        );
    }
}

#[tokio::test]
async fn what_is_left_unknown_is_an_error_and_the_rest_is_kept() {
    let mut client = running().await.client;
    let mut thing = named("left unknown");
    thing.region = Attr::Unknown;
    let answer = client
        .apply_resource_change(apply_request(None, Some(&thing)))
        .await
        .unwrap()
        .into_inner();
    assert_eq!(texts(&answer.diagnostics), ["The provider left a value unknown"]);
    assert!(
        answer.diagnostics[0]
            .detail
            .starts_with("region is still unknown")
    );
    assert_eq!(decode::<Sample>(answer.new_state), Some(named("left unknown")));

    let look_up = LookUp {
        key: "unknown".into(),
        ..LookUp::default()
    };
    let request = proto::read_data_source::Request {
        type_name: "toy_oracle".to_owned(),
        config: encode(&look_up),
        ..Default::default()
    };
    let answer = client.read_data_source(request).await.unwrap().into_inner();
    assert_eq!(texts(&answer.diagnostics), ["The provider left a value unknown"]);
}

#[tokio::test]
async fn plans_that_go_wrong() {
    let mut client = running().await.client;
    for (name, summary) in [
        ("panic", "The provider has a bug"),
        ("nothing", "The provider has a bug"),
    ] {
        let request = proto::plan_resource_change::Request {
            type_name: THING.to_owned(),
            prior_state: encode(&named("before")),
            proposed_new_state: encode(&named(name)),
            config: encode(&named(name)),
            prior_private: b"private".to_vec(),
            prior_identity: identity("before"),
            ..Default::default()
        };
        let answer = client.plan_resource_change(request).await.unwrap().into_inner();
        assert_eq!(texts(&answer.diagnostics), [summary]);
        assert_eq!(
            (answer.planned_private, answer.planned_identity),
            (b"private".to_vec(), identity("before"))
        );
    }
    let request = proto::plan_resource_change::Request {
        type_name: THING.to_owned(),
        prior_state: encode(&named("before")),
        proposed_new_state: null(),
        config: null(),
        prior_private: b"private".to_vec(),
        prior_identity: identity("before"),
        ..Default::default()
    };
    let answer = client.plan_resource_change(request).await.unwrap().into_inner();
    assert_eq!(
        (texts(&answer.diagnostics), decode::<Sample>(answer.planned_state)),
        (vec![], None)
    );
    assert_eq!(
        (answer.planned_private, answer.planned_identity),
        (b"private".to_vec(), identity("before"))
    );
}

/// A test that waits for a cancellation fails without one; it does not wait for ever.
async fn soon<T>(future: impl Future<Output = T>) -> T {
    tokio::time::timeout(std::time::Duration::from_secs(60), future)
        .await
        .unwrap()
}

#[tokio::test]
async fn stop_cancels_what_is_in_flight_and_nothing_after() {
    let Running {
        mut client,
        started,
        ending,
        directory: _directory,
    } = running().await;
    let mut second = client.clone();
    let waiting = tokio::spawn(async move {
        second
            .apply_resource_change(apply_request(None, Some(&named("wait"))))
            .await
            .unwrap()
            .into_inner()
    });
    started.notified().await;
    let answer = client
        .stop_provider(proto::stop_provider::Request {})
        .await
        .unwrap()
        .into_inner();
    assert_eq!(answer.error, "");
    let answer = soon(waiting).await.unwrap();
    assert_eq!(texts(&answer.diagnostics), ["Interrupted"]);
    assert_eq!(decode::<Sample>(answer.new_state).unwrap().region, "here".into());
    let request = apply_request(None, Some(&named("wait not")));
    let answer = client.apply_resource_change(request).await.unwrap().into_inner();
    assert_eq!(texts(&answer.diagnostics), Vec::<&str>::new());

    let mut second = client.clone();
    let waiting = tokio::spawn(async move {
        second
            .apply_resource_change(apply_request(None, Some(&named("wait"))))
            .await
            .unwrap()
            .into_inner()
    });
    started.notified().await;
    ending.cancel();
    assert_eq!(
        texts(&soon(waiting).await.unwrap().diagnostics),
        ["Interrupted"],
        "the end of the process cancels too"
    );
}

#[tokio::test]
async fn a_message_of_many_megabytes() {
    let mut client = running().await.client;
    let mut thing = named("as it was");
    let ids = (0..600_000)
        .map(|number| Attr::Known(format!("eni-{number:017x}")))
        .collect();
    thing.target_ids = Attr::Known(ids);
    let request = proto::read_resource::Request {
        current_state: encode(&thing),
        ..read_request("as it was")
    };
    assert!(request.current_state.as_ref().unwrap().msgpack.len() > 12 << 20);
    let answer = client.read_resource(request).await.unwrap().into_inner();
    assert_eq!(decode::<Sample>(answer.new_state), Some(thing));
}
