//! The service over a real socket, with the generated client.

use std::sync::Arc;

use tokio::net::UnixListener;
use tokio::sync::Notify;
use tonic::transport::{Channel, Endpoint, Server};

use super::sample::{Sample, SampleIdentity, Selector};
use super::toy::{LookUp, Toy, ToyModel};
use crate::framework::model::Model;
use crate::framework::*;
use crate::proto::tfplugin6 as proto;
use crate::proto::tfplugin6::provider_client::ProviderClient;

const THING: &str = "toy_thing";

struct Running {
    client: ProviderClient<Channel>,
    started: Arc<Notify>,
    _directory: tempfile::TempDir,
}

async fn running() -> Running {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("socket");
    let listener = UnixListener::bind(&path).unwrap();
    let accepted = futures::stream::unfold(listener, |listener| async move {
        Some((listener.accept().await.map(|(stream, _)| stream), listener))
    });
    let toy = Toy::default();
    let started = Arc::clone(&toy.started);
    tokio::spawn(
        Server::builder()
            .add_routes(routes(toy))
            .serve_with_incoming(accepted),
    );
    let channel = Endpoint::from_shared(format!("unix://{}", path.display()))
        .unwrap()
        .connect()
        .await
        .unwrap();
    let client = ProviderClient::new(channel)
        .max_decoding_message_size(256 << 20)
        .max_encoding_message_size(256 << 20);
    Running {
        client,
        started,
        _directory: directory,
    }
}

fn kind<M: Model>() -> Type {
    schema_of::<M>(0).unwrap().implied_type()
}

fn encode<M: Model>(model: &M) -> Option<proto::DynamicValue> {
    let mut value = to_value(model).unwrap();
    schema_of::<M>(0).unwrap().complete(&mut value);
    Some(proto::DynamicValue {
        msgpack: encode_msgpack(&value, &kind::<M>()).unwrap(),
        json: Vec::new(),
    })
}

fn null() -> Option<proto::DynamicValue> {
    Some(proto::DynamicValue {
        msgpack: vec![0xc0],
        json: Vec::new(),
    })
}

fn decode<M: Model>(value: Option<proto::DynamicValue>) -> Option<M> {
    match decode_msgpack(&value.unwrap().msgpack, &kind::<M>()).unwrap() {
        Value::Null => None,
        value => Some(from_value(value).unwrap()),
    }
}

fn identity(name: &str) -> Option<proto::ResourceIdentityData> {
    let identity = SampleIdentity {
        name: name.into(),
        region: "here".into(),
    };
    Some(proto::ResourceIdentityData {
        identity_data: encode(&identity),
    })
}

fn named(name: &str) -> Sample {
    Sample {
        name: name.into(),
        selector: Attr::Known(Vec::new()),
        ..Sample::default()
    }
}

fn texts(diagnostics: &[proto::Diagnostic]) -> Vec<&str> {
    diagnostics
        .iter()
        .map(|diagnostic| diagnostic.summary.as_str())
        .collect()
}

fn read_request(name: &str) -> proto::read_resource::Request {
    proto::read_resource::Request {
        type_name: THING.to_owned(),
        current_state: encode(&named(name)),
        private: b"private".to_vec(),
        current_identity: identity(name),
        ..Default::default()
    }
}

fn apply_request(prior: Option<&Sample>, planned: Option<&Sample>) -> proto::apply_resource_change::Request {
    proto::apply_resource_change::Request {
        type_name: THING.to_owned(),
        prior_state: prior.map_or_else(null, encode),
        planned_state: planned.map_or_else(null, encode),
        config: planned.map_or_else(null, encode),
        planned_private: b"planned".to_vec(),
        planned_identity: identity("before"),
        ..Default::default()
    }
}

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

#[tokio::test]
async fn stop_cancels_what_is_in_flight_and_nothing_after() {
    let Running {
        mut client,
        started,
        _directory,
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
    let answer = waiting.await.unwrap();
    assert_eq!(texts(&answer.diagnostics), ["Interrupted"]);
    assert_eq!(decode::<Sample>(answer.new_state).unwrap().region, "here".into());
    let request = apply_request(None, Some(&named("wait not")));
    let answer = client.apply_resource_change(request).await.unwrap().into_inner();
    assert_eq!(texts(&answer.diagnostics), Vec::<&str>::new());
}

#[tokio::test]
async fn configurations_with_unknown_and_wrong_values() {
    let mut client = running().await.client;
    let mut validate = async |config: Option<proto::DynamicValue>| {
        let type_name = THING.to_owned();
        let request = proto::validate_resource_config::Request {
            type_name,
            config,
            ..Default::default()
        };
        client
            .validate_resource_config(request)
            .await
            .unwrap()
            .into_inner()
            .diagnostics
    };
    let unknown = Sample {
        selector: Attr::Unknown,
        ..named("a")
    };
    assert_eq!(
        texts(&validate(encode(&unknown)).await),
        ["Selectors are not known yet"]
    );
    assert_eq!(
        texts(&validate(encode(&Sample::default())).await),
        Vec::<&str>::new(),
        "no blocks are an empty list"
    );
    assert_eq!(
        texts(&validate(encode(&named("panic"))).await),
        ["The provider has a bug"]
    );

    let mut value = to_value(&named("a")).unwrap();
    let Value::Map(fields) = &mut value else { panic!() };
    fields.insert("session_number".to_owned(), Value::Number("1.5".parse().unwrap()));
    let kind = kind::<Sample>();
    let json = encode_json(&value, &kind).unwrap();
    let diagnostics = validate(Some(proto::DynamicValue {
        msgpack: Vec::new(),
        json,
    }))
    .await;
    assert_eq!(texts(&diagnostics), ["Unsuitable value"]);
    let step = diagnostics[0].attribute.as_ref().unwrap().steps[0]
        .selector
        .clone();
    assert_eq!(
        step,
        Some(proto::attribute_path::step::Selector::AttributeName(
            "session_number".to_owned()
        ))
    );
}

#[tokio::test]
async fn the_provider_block() {
    let mut client = running().await.client;
    let config = encode(&ToyModel {
        region: "nowhere".into(),
    });
    let request = proto::validate_provider_config::Request { config };
    let answer = client
        .validate_provider_config(request)
        .await
        .unwrap()
        .into_inner();
    assert_eq!(texts(&answer.diagnostics), ["No such region"]);
    assert_eq!(answer.diagnostics[0].attribute.as_ref().unwrap().steps.len(), 1);
    let request = proto::configure_provider::Request {
        terraform_version: "1.15.5".to_owned(),
        config: encode(&ToyModel {
            region: Attr::Unknown,
        }),
        client_capabilities: Some(proto::ClientCapabilities {
            deferral_allowed: true,
            ..Default::default()
        }),
    };
    let answer = client.configure_provider(request).await.unwrap().into_inner();
    assert_eq!(texts(&answer.diagnostics), ["1.15.5 false true"]);
}

#[tokio::test]
async fn imports_are_complete() {
    let mut client = running().await.client;
    let request = proto::import_resource_state::Request {
        type_name: THING.to_owned(),
        id: "one".to_owned(),
        ..Default::default()
    };
    let answer = client.import_resource_state(request).await.unwrap().into_inner();
    let imported = answer.imported_resources.into_iter().next().unwrap();
    assert_eq!(
        (imported.type_name.as_str(), imported.private.as_slice()),
        (THING, &b"imported"[..])
    );
    assert_eq!(decode::<Sample>(imported.state), Some(named("one")));
    let request = proto::import_resource_state::Request {
        type_name: THING.to_owned(),
        identity: identity("two"),
        ..Default::default()
    };
    let answer = client.import_resource_state(request).await.unwrap().into_inner();
    let imported = answer.imported_resources.into_iter().next().unwrap();
    assert_eq!(imported.identity, identity("two"));
    assert_eq!(decode::<Sample>(imported.state), Some(named("two")));
}

#[tokio::test]
async fn stored_states_of_every_age() {
    let mut client = running().await.client;
    let mut upgrade = async |version: i64, json: &str| {
        let raw_state = Some(proto::RawState {
            json: json.as_bytes().to_vec(),
            ..Default::default()
        });
        let request = proto::upgrade_resource_state::Request {
            type_name: THING.to_owned(),
            version,
            raw_state,
        };
        client.upgrade_resource_state(request).await.unwrap().into_inner()
    };
    let today = upgrade(2, r#"{"name":"a","weight":0.1,"dropped":[1]}"#).await;
    let weight = Attr::Known("0.1".parse().unwrap());
    assert_eq!(
        decode::<Sample>(today.upgraded_state),
        Some(Sample { weight, ..named("a") })
    );
    let older = upgrade(1, r#"{"title":"b"}"#).await;
    assert_eq!(decode::<Sample>(older.upgraded_state), Some(named("b")));
    assert_eq!(texts(&upgrade(0, "{}").await.diagnostics), ["Too old"]);
    assert_eq!(
        texts(&upgrade(2, "").await.diagnostics),
        ["Stored state cannot be read"]
    );
    assert_eq!(
        texts(&upgrade(2, r#"{"name":1}"#).await.diagnostics),
        ["Stored state cannot be read"]
    );

    let raw_identity = Some(proto::RawState {
        json: br#"{"name":"a"}"#.to_vec(),
        ..Default::default()
    });
    let request = proto::upgrade_resource_identity::Request {
        type_name: THING.to_owned(),
        version: 0,
        raw_identity,
    };
    let answer = client
        .upgrade_resource_identity(request)
        .await
        .unwrap()
        .into_inner();
    let identity: SampleIdentity = decode(answer.upgraded_identity.unwrap().identity_data).unwrap();
    assert_eq!(
        identity,
        SampleIdentity {
            name: "a".into(),
            region: Attr::Null
        }
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
