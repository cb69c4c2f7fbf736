//! The toy provider on a socket, and the generated client at the other end.

use std::sync::Arc;

use tokio::net::UnixListener;
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;
use tonic::transport::{Channel, Endpoint, Server};

use super::sample::{Sample, SampleIdentity};
use super::toy::Toy;
use crate::framework::model::Model;
use crate::framework::*;
use crate::proto::tfplugin6 as proto;
use crate::proto::tfplugin6::provider_client::ProviderClient;

pub const THING: &str = "toy_thing";

pub struct Running {
    pub client: ProviderClient<Channel>,
    pub started: Arc<Notify>,
    pub ending: CancellationToken,
    pub directory: tempfile::TempDir,
}

pub async fn running() -> Running {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("socket");
    let listener = UnixListener::bind(&path).unwrap();
    let accepted = futures::stream::unfold(listener, |listener| async move {
        Some((listener.accept().await.map(|(stream, _)| stream), listener))
    });
    let ending = CancellationToken::new();
    let toy = Toy::default();
    let started = Arc::clone(&toy.started);
    tokio::spawn(
        Server::builder()
            .add_routes(routes(toy, ending.clone()))
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
        ending,
        directory,
    }
}

pub fn kind<M: Model>() -> Type {
    schema_of::<M>(0).unwrap().implied_type()
}

pub fn encode<M: Model>(model: &M) -> Option<proto::DynamicValue> {
    let mut value = to_value(model).unwrap();
    schema_of::<M>(0).unwrap().complete(&mut value);
    Some(proto::DynamicValue {
        msgpack: encode_msgpack(&value, &kind::<M>()).unwrap(),
        json: Vec::new(),
    })
}

pub fn null() -> Option<proto::DynamicValue> {
    Some(proto::DynamicValue {
        msgpack: vec![0xc0],
        json: Vec::new(),
    })
}

pub fn decode<M: Model>(value: Option<proto::DynamicValue>) -> Option<M> {
    match decode_msgpack(&value.unwrap().msgpack, &kind::<M>()).unwrap() {
        Value::Null => None,
        value => Some(from_value(value).unwrap()),
    }
}

pub fn identity(name: &str) -> Option<proto::ResourceIdentityData> {
    let identity = SampleIdentity {
        name: name.into(),
        region: "here".into(),
    };
    Some(proto::ResourceIdentityData {
        identity_data: encode(&identity),
    })
}

pub fn named(name: &str) -> Sample {
    Sample {
        name: name.into(),
        selector: Attr::Known(Vec::new()),
        ..Sample::default()
    }
}

pub fn texts(diagnostics: &[proto::Diagnostic]) -> Vec<&str> {
    diagnostics
        .iter()
        .map(|diagnostic| diagnostic.summary.as_str())
        .collect()
}

pub fn read_request(name: &str) -> proto::read_resource::Request {
    proto::read_resource::Request {
        type_name: THING.to_owned(),
        current_state: encode(&named(name)),
        private: b"private".to_vec(),
        current_identity: identity(name),
        ..Default::default()
    }
}

pub fn apply_request(
    prior: Option<&Sample>,
    planned: Option<&Sample>,
) -> proto::apply_resource_change::Request {
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
