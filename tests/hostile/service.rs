//! The provider's own service on a socket, and a client that sends it bytes.

use std::collections::BTreeMap;

use terraform_provider_mirror::framework::{
    Attributes, Provider, Type, decode_json, encode_msgpack, routes, schema_of,
};
use terraform_provider_mirror::proto::tfplugin6::provider_client::ProviderClient;
use terraform_provider_mirror::proto::tfplugin6::{self as proto, Diagnostic, DynamicValue, RawState};
use terraform_provider_mirror::provider::{Mirror, ProviderModel};
use tokio::net::UnixListener;
use tokio_util::sync::CancellationToken;
use tonic::transport::{Channel, Endpoint, Server};

pub const COVERAGE: &str = "mirror_coverage";
const BUG: &str = "The provider has a bug";

/// The types of what the provider reads, by name; the provider block is the empty name.
pub fn kinds() -> BTreeMap<&'static str, Type> {
    let mirror = Mirror::default();
    let mut kinds = BTreeMap::from([("", schema_of::<ProviderModel>(0).unwrap().implied_type())]);
    for resource in mirror.resources() {
        kinds.insert(resource.type_name(), resource.schema().unwrap().implied_type());
        kinds.insert("identity", resource.identity_schema().unwrap().implied_type());
    }
    for source in mirror.data_sources() {
        kinds.insert(source.type_name(), source.schema().unwrap().implied_type());
    }
    kinds
}

fn prior_value(prior: Option<&[u8]>) -> Option<DynamicValue> {
    Some(msgpack(prior.unwrap_or(&[0xc0])))
}

#[derive(Clone)]
pub struct Hostile {
    client: ProviderClient<Channel>,
}

/// A value in one of the two encodings.
pub fn msgpack(bytes: &[u8]) -> DynamicValue {
    DynamicValue {
        msgpack: bytes.to_vec(),
        json: Vec::new(),
    }
}

pub fn json(bytes: &[u8]) -> DynamicValue {
    DynamicValue {
        msgpack: Vec::new(),
        json: bytes.to_vec(),
    }
}

/// What came of one call.
#[derive(Debug)]
pub struct Answer {
    pub state: Vec<u8>,
    pub private: Vec<u8>,
    pub errors: Vec<String>,
}

impl Answer {
    pub fn is_error(&self) -> bool {
        !self.errors.is_empty()
    }
}

/// The answer of this call, which may be no panic.
fn answer(call: &str, state: Option<DynamicValue>, private: Vec<u8>, found: &[Diagnostic]) -> Answer {
    let bug = found.iter().find(|diagnostic| diagnostic.summary == BUG);
    assert!(bug.is_none(), "{call}: {bug:?}");
    let errors = found.iter().filter(|diagnostic| diagnostic.severity == 1);
    let errors = errors
        .map(|diagnostic| format!("{call}: {}: {}", diagnostic.summary, diagnostic.detail))
        .collect();
    Answer {
        state: state.unwrap_or_default().msgpack,
        private,
        errors,
    }
}

impl Hostile {
    pub async fn start() -> Self {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("socket");
        let listener = UnixListener::bind(&path).unwrap();
        let accepted = futures::stream::unfold(listener, |listener| async move {
            Some((listener.accept().await.map(|(stream, _)| stream), listener))
        });
        let routes = routes(Mirror::default(), CancellationToken::new());
        tokio::spawn(Server::builder().add_routes(routes).serve_with_incoming(accepted));
        let endpoint = Endpoint::from_shared(format!("unix://{}", path.display())).unwrap();
        let client = ProviderClient::new(endpoint.connect().await.unwrap())
            .max_decoding_message_size(256 << 20)
            .max_encoding_message_size(256 << 20);
        Self { client }
    }

    /// Configures the provider for the sandbox at this address.
    pub async fn configure(&self, url: &str) {
        let config = format!(
            r#"{{"region": "eu-west-1", "access_key": "AKIASANDBOX000000000", "secret_key": "sandbox",
                "endpoints": {{"ec2": {url:?}, "sts": {url:?}, "elbv2": {url:?}}}}}"#
        );
        let kind = &kinds()[""];
        let value = decode_json(config.as_bytes(), kind, Attributes::Lenient).unwrap();
        let request = proto::configure_provider::Request {
            config: Some(msgpack(&encode_msgpack(&value, kind).unwrap())),
            ..Default::default()
        };
        let answered = self.client.clone().configure_provider(request).await.unwrap();
        assert_eq!(answered.into_inner().diagnostics, []);
    }

    pub async fn plan(&self, prior: Option<&[u8]>, config: &[u8], private: &[u8], planned: &[u8]) -> Answer {
        let request = proto::plan_resource_change::Request {
            type_name: COVERAGE.to_owned(),
            prior_state: prior_value(prior),
            proposed_new_state: Some(msgpack(config)),
            config: Some(msgpack(config)),
            prior_private: private.to_vec(),
            planned_private: planned.to_vec(),
            ..Default::default()
        };
        let answered = self.client.clone().plan_resource_change(request).await;
        let found = answered.unwrap().into_inner();
        answer(
            "PlanResourceChange",
            found.planned_state,
            found.planned_private,
            &found.diagnostics,
        )
    }

    pub async fn apply(&self, prior: Option<&[u8]>, planned: &[u8], config: &[u8], private: &[u8]) -> Answer {
        let request = proto::apply_resource_change::Request {
            type_name: COVERAGE.to_owned(),
            prior_state: prior_value(prior),
            planned_state: Some(msgpack(planned)),
            config: Some(msgpack(config)),
            planned_private: private.to_vec(),
            ..Default::default()
        };
        let answered = self.client.clone().apply_resource_change(request).await;
        let found = answered.unwrap().into_inner();
        answer(
            "ApplyResourceChange",
            found.new_state,
            found.private,
            &found.diagnostics,
        )
    }

    pub async fn read(&self, state: &[u8], private: &[u8]) -> Answer {
        let request = proto::read_resource::Request {
            type_name: COVERAGE.to_owned(),
            current_state: Some(msgpack(state)),
            private: private.to_vec(),
            ..Default::default()
        };
        let answered = self.client.clone().read_resource(request).await;
        let found = answered.unwrap().into_inner();
        answer("ReadResource", found.new_state, found.private, &found.diagnostics)
    }

    /// Sends the value wherever one is expected, and `private` wherever the provider's own bytes come back. No answer may be a
    /// panic; they are returned by the name of the call.
    pub async fn send(&self, value: &DynamicValue, private: &[u8]) -> BTreeMap<String, Vec<Diagnostic>> {
        let mut client = self.client.clone();
        let value = || Some(value.clone());
        let mut answers = BTreeMap::new();
        let mut note = |call: &str, diagnostics: Vec<Diagnostic>| {
            let bug = diagnostics.iter().find(|diagnostic| diagnostic.summary == BUG);
            assert!(bug.is_none(), "{call}: {bug:?}");
            answers.insert(call.to_owned(), diagnostics);
        };
        let config = proto::validate_provider_config::Request { config: value() };
        let answer = client
            .validate_provider_config(config)
            .await
            .unwrap()
            .into_inner();
        note("ValidateProviderConfig", answer.diagnostics);
        for type_name in ["mirror_interfaces", "mirror_audit"] {
            let request = proto::validate_data_resource_config::Request {
                type_name: type_name.to_owned(),
                config: value(),
            };
            let answer = client
                .validate_data_resource_config(request)
                .await
                .unwrap()
                .into_inner();
            note(type_name, answer.diagnostics);
        }
        let type_name = COVERAGE.to_owned();
        let request = proto::validate_resource_config::Request {
            type_name: type_name.clone(),
            config: value(),
            ..Default::default()
        };
        let answer = client
            .validate_resource_config(request)
            .await
            .unwrap()
            .into_inner();
        note("ValidateResourceConfig", answer.diagnostics);
        let identity = || {
            Some(proto::ResourceIdentityData {
                identity_data: value(),
            })
        };
        let request = proto::read_resource::Request {
            type_name: type_name.clone(),
            current_state: value(),
            private: private.to_vec(),
            current_identity: identity(),
            ..Default::default()
        };
        let answer = client.read_resource(request).await.unwrap().into_inner();
        note("ReadResource", answer.diagnostics);
        let request = proto::plan_resource_change::Request {
            type_name: type_name.clone(),
            prior_state: value(),
            proposed_new_state: value(),
            config: value(),
            prior_private: private.to_vec(),
            planned_private: private.to_vec(),
            ..Default::default()
        };
        let answer = client.plan_resource_change(request).await.unwrap().into_inner();
        note("PlanResourceChange", answer.diagnostics);
        let request = proto::apply_resource_change::Request {
            type_name,
            prior_state: value(),
            planned_state: value(),
            config: value(),
            planned_private: private.to_vec(),
            planned_identity: identity(),
            ..Default::default()
        };
        let answer = client.apply_resource_change(request).await.unwrap().into_inner();
        note("ApplyResourceChange", answer.diagnostics);
        answers
    }

    /// Sends a stored state and a stored identity.
    pub async fn upgrade(&self, stored: &[u8], version: i64) -> Vec<Diagnostic> {
        let mut client = self.client.clone();
        let raw = || {
            Some(RawState {
                json: stored.to_vec(),
                ..Default::default()
            })
        };
        let request = proto::upgrade_resource_state::Request {
            type_name: COVERAGE.to_owned(),
            version,
            raw_state: raw(),
        };
        let state = client.upgrade_resource_state(request).await.unwrap().into_inner();
        let request = proto::upgrade_resource_identity::Request {
            type_name: COVERAGE.to_owned(),
            version,
            raw_identity: raw(),
        };
        let identity = client
            .upgrade_resource_identity(request)
            .await
            .unwrap()
            .into_inner();
        let found: Vec<Diagnostic> = state
            .diagnostics
            .into_iter()
            .chain(identity.diagnostics)
            .collect();
        assert!(
            found.iter().all(|diagnostic| diagnostic.summary != BUG),
            "{found:?}"
        );
        found
    }
}
