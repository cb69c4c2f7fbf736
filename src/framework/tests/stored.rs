//! What comes from outside a run: configurations, imports, stored states.

use super::client::*;
use super::sample::{Sample, SampleIdentity};
use super::toy::ToyModel;
use crate::framework::*;
use crate::proto::tfplugin6 as proto;

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
