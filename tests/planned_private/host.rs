//! The host: one process of the provider for each walk.

use std::collections::BTreeMap;

use terraform_provider_mirror::coverage::CoverageModel;
use terraform_provider_mirror::framework::{Attr, Model, encode_msgpack, routes, schema_of, to_value};
use terraform_provider_mirror::proto::tfplugin6 as proto;
use terraform_provider_mirror::proto::tfplugin6::provider_client::ProviderClient;
use terraform_provider_mirror::provider::{EndpointsBlock, Mirror, ProviderModel};
use terraform_provider_mirror::selection::SelectorBlock;
use tokio::net::UnixListener;
use tokio_util::sync::CancellationToken;
use tonic::transport::{Channel, Endpoint, Server};

use crate::sandbox::Sandbox;

const TYPE: &str = "mirror_coverage";

/// What a plan, an apply or a read answers: the state in msgpack, and private data.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Planned {
    pub state: Vec<u8>,
    pub private: Vec<u8>,
}

/// A provider that was started and configured for one walk.
pub struct Host {
    client: ProviderClient<Channel>,
    /// Whether it is the apply walk.
    applies: bool,
    /// The tag that the configuration selects.
    tag: &'static str,
    _directory: tempfile::TempDir,
}

fn encoded<M: Model>(model: &M) -> Option<proto::DynamicValue> {
    let schema = schema_of::<M>(0).unwrap();
    let mut value = to_value(model).unwrap();
    schema.complete(&mut value);
    raw(encode_msgpack(&value, &schema.implied_type()).unwrap())
}

fn raw(msgpack: Vec<u8>) -> Option<proto::DynamicValue> {
    Some(proto::DynamicValue {
        msgpack,
        json: Vec::new(),
    })
}

fn null() -> Option<proto::DynamicValue> {
    raw(vec![0xc0])
}

fn known<T, U: From<T>>(values: impl IntoIterator<Item = T>) -> Attr<Vec<Attr<U>>> {
    Attr::Known(
        values
            .into_iter()
            .map(|value| Attr::Known(value.into()))
            .collect(),
    )
}

/// Everything whose tag is like this.
fn configuration(tag: &str) -> CoverageModel {
    let tags = BTreeMap::from([("Mirror".to_owned(), Attr::from(tag))]);
    let selector = SelectorBlock {
        tags: Attr::Known(tags),
        ..SelectorBlock::default()
    };
    CoverageModel {
        name: "prod".into(),
        traffic_mirror_target_ids: known(["tmt-0ffffffffffffff01"]),
        traffic_mirror_filter_id: "tmf-0ffffffffffffff01".into(),
        selector: known([selector]),
        exclude: Attr::Known(Vec::new()),
        ..CoverageModel::default()
    }
}

/// What core proposes for an object that is new: the configuration, with all that is computed unknown.
fn proposed(tag: &str) -> CoverageModel {
    let mut proposed = configuration(tag);
    proposed.id = Attr::Unknown;
    proposed
}

fn no_errors(diagnostics: &[proto::Diagnostic]) {
    let errors: Vec<_> = diagnostics.iter().filter(|d| d.severity == 1).collect();
    assert!(errors.is_empty(), "{errors:?}");
}

impl Host {
    /// Starts a provider for a walk; `applies` says which.
    pub async fn start(sandbox: &Sandbox, applies: bool) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("socket");
        let listener = UnixListener::bind(&path).unwrap();
        let accepted = futures::stream::unfold(listener, |listener| async move {
            Some((listener.accept().await.map(|(stream, _)| stream), listener))
        });
        let routes = routes(Mirror::default(), CancellationToken::new());
        tokio::spawn(Server::builder().add_routes(routes).serve_with_incoming(accepted));
        let channel = Endpoint::from_shared(format!("unix://{}", path.display())).unwrap();
        let mut client = ProviderClient::new(channel.connect().await.unwrap());
        let url = || Attr::from(sandbox.url.as_str());
        let config = ProviderModel {
            region: "eu-west-1".into(),
            access_key: "AKIASANDBOX000000000".into(),
            secret_key: "sandbox".into(),
            endpoints: Attr::Known(EndpointsBlock {
                ec2: url(),
                sts: url(),
                elbv2: url(),
            }),
            ..ProviderModel::default()
        };
        let request = proto::configure_provider::Request {
            terraform_version: "1.16.0".into(),
            config: encoded(&config),
            ..Default::default()
        };
        let answer = client.configure_provider(request).await.unwrap().into_inner();
        no_errors(&answer.diagnostics);
        Self {
            client,
            applies,
            tag: "True",
            _directory: directory,
        }
    }

    /// The same with a configuration that selects another tag.
    pub fn selecting(self, tag: &'static str) -> Self {
        Self { tag, ..self }
    }

    /// A plan of the configuration from a prior state, or for a new object.
    pub async fn plan(
        &self,
        prior: Option<&[u8]>,
        prior_private: Vec<u8>,
        planned_private: Vec<u8>,
    ) -> Planned {
        let request = proto::plan_resource_change::Request {
            type_name: TYPE.into(),
            prior_state: prior.map_or_else(null, |state| raw(state.to_vec())),
            // What core proposes beyond the configuration is the prior state's.
            proposed_new_state: prior
                .map_or_else(|| encoded(&proposed(self.tag)), |state| raw(state.to_vec())),
            config: encoded(&configuration(self.tag)),
            prior_private,
            planned_private,
            client_capabilities: Some(proto::ClientCapabilities {
                deferral_allowed: self.applies,
                store_planned_private: true,
                ..Default::default()
            }),
            ..Default::default()
        };
        let answer = self
            .client
            .clone()
            .plan_resource_change(request)
            .await
            .unwrap()
            .into_inner();
        no_errors(&answer.diagnostics);
        Planned {
            state: answer.planned_state.unwrap().msgpack,
            private: answer.planned_private,
        }
    }

    /// Makes what is planned of a prior state, or of nothing.
    pub async fn apply(&self, prior: Option<&[u8]>, planned: &Planned) -> Planned {
        let request = proto::apply_resource_change::Request {
            type_name: TYPE.into(),
            prior_state: prior.map_or_else(null, |state| raw(state.to_vec())),
            planned_state: raw(planned.state.clone()),
            config: encoded(&configuration(self.tag)),
            planned_private: planned.private.clone(),
            ..Default::default()
        };
        let answer = self
            .client
            .clone()
            .apply_resource_change(request)
            .await
            .unwrap()
            .into_inner();
        no_errors(&answer.diagnostics);
        Planned {
            state: answer.new_state.unwrap().msgpack,
            private: answer.private,
        }
    }

    /// Refreshes an object.
    pub async fn read(&self, object: &Planned) -> Planned {
        let request = proto::read_resource::Request {
            type_name: TYPE.into(),
            current_state: raw(object.state.clone()),
            private: object.private.clone(),
            ..Default::default()
        };
        let answer = self
            .client
            .clone()
            .read_resource(request)
            .await
            .unwrap()
            .into_inner();
        no_errors(&answer.diagnostics);
        Planned {
            state: answer.new_state.unwrap().msgpack,
            private: answer.private,
        }
    }
}
