//! A provider without a cloud: the name of a thing says what happens to it.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tokio::sync::Notify;

use super::late::Library;
use super::newer::{Repeat, Shout, Things};
use super::sample::{Sample, SampleIdentity, Session};
use crate::framework::mark::*;
use crate::framework::*;

/// The provider block.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ToyModel {
    /// Region.
    pub region: Attr<String>,
}

/// What was looked up.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct LookUp {
    /// Key.
    #[schemars(extend("x-terraform" = REQUIRED))]
    pub key: Attr<String>,
    /// Answer.
    #[schemars(extend("x-terraform" = COMPUTED))]
    pub answer: Attr<String>,
}

/// `started` is told when a call begins to wait for its cancellation.
#[derive(Default)]
pub struct Toy {
    pub started: Arc<Notify>,
}

#[async_trait]
impl Provider for Toy {
    type Model = ToyModel;

    async fn validate_config(&self, request: ValidateConfigRequest<ToyModel>) -> Diagnostics {
        if request.config.region.as_str() == Some("nowhere") {
            let path = AttributePath::root("region");
            return Diagnostic::error("No such region", "Name another.")
                .at(path)
                .into();
        }
        Diagnostics::new()
    }

    async fn configure(&self, request: ConfigureRequest<ToyModel>) -> Diagnostics {
        let known = request.config.region.is_known();
        let deferral = request.client_capabilities.deferral_allowed;
        Diagnostic::warning(format!("{} {known} {deferral}", request.terraform_version), "").into()
    }

    fn resources(&self) -> Vec<Box<dyn AnyResource>> {
        vec![resource(Thing {
            started: Arc::clone(&self.started),
        })]
    }

    fn data_sources(&self) -> Vec<Box<dyn AnyDataSource>> {
        vec![data_source(Oracle), data_source(Library)]
    }

    fn functions(&self) -> Vec<Box<dyn AnyFunction>> {
        vec![function(Repeat)]
    }

    fn list_resources(&self) -> Vec<Box<dyn AnyListResource>> {
        vec![list_resource(Things {
            started: Arc::clone(&self.started),
        })]
    }

    fn actions(&self) -> Vec<Box<dyn AnyAction>> {
        vec![action(Shout {
            started: Arc::clone(&self.started),
        })]
    }
}

struct Thing {
    started: Arc<Notify>,
}

fn name(model: Option<&Sample>) -> &str {
    model.and_then(|model| model.name.as_str()).unwrap_or("")
}

fn identity(model: &Sample) -> SampleIdentity {
    SampleIdentity {
        name: model.name.clone(),
        region: "here".into(),
    }
}

impl Thing {
    async fn apply(
        &self,
        request: ApplyRequest<Sample, SampleIdentity>,
    ) -> ApplyResponse<Sample, SampleIdentity> {
        let mut state = request.planned.unwrap_or_default();
        match name(Some(&state)) {
            "panic" => panic!("what a thing"),
            "error" => {
                return ApplyResponse {
                    diagnostics: Diagnostic::error("It failed", "As was to be expected.").into(),
                    ..ApplyResponse::default()
                };
            }
            "left unknown" => {
                return ApplyResponse {
                    state: Some(state),
                    ..ApplyResponse::default()
                };
            }
            "wait" => {
                self.started.notify_one();
                request.cancel.cancelled().await;
            }
            "wait not" => tokio::time::sleep(Duration::from_millis(1)).await,
            _ => (),
        }
        if let Some(sessions) = state.sessions.known_mut() {
            for session in sessions.values_mut().filter_map(Attr::known_mut) {
                session.id = "tms-1".into();
            }
        }
        state.region = "here".into();
        let mut diagnostics = Diagnostics::new();
        if request.cancel.is_cancelled() {
            diagnostics.warning("Interrupted", "Partly done.");
        }
        let identity = Some(identity(&state));
        ApplyResponse {
            state: Some(state),
            private: Some(b"applied".to_vec()),
            identity,
            diagnostics,
        }
    }
}

#[async_trait]
impl Resource for Thing {
    type Model = Sample;
    type Identity = SampleIdentity;
    const TYPE_NAME: &'static str = "toy_thing";
    const VERSION: i64 = 2;

    async fn validate_config(&self, request: ValidateConfigRequest<Sample>) -> Diagnostics {
        match (name(Some(&request.config)), &request.config.selector) {
            ("panic", _) => panic!("what a thing"),
            (_, Attr::Unknown) => Diagnostic::warning("Selectors are not known yet", "").into(),
            (_, Attr::Null) => Diagnostic::error("Selectors are null", "").into(),
            _ => Diagnostics::new(),
        }
    }

    async fn read(
        &self,
        request: ReadRequest<Sample, SampleIdentity>,
    ) -> ReadResponse<Sample, SampleIdentity> {
        match name(Some(&request.state)) {
            "panic" => panic!("what a thing"),
            "gone" => ReadResponse::default(),
            "error" => ReadResponse {
                diagnostics: Diagnostic::error("It failed", "As was to be expected.").into(),
                ..ReadResponse::default()
            },
            "new private" => ReadResponse {
                identity: Some(identity(&request.state)),
                state: Some(request.state),
                private: Some(b"new".to_vec()),
                ..ReadResponse::default()
            },
            _ => ReadResponse {
                state: Some(request.state),
                ..ReadResponse::default()
            },
        }
    }

    async fn plan(
        &self,
        request: PlanRequest<Sample, SampleIdentity>,
    ) -> PlanResponse<Sample, SampleIdentity> {
        let mut planned = request.config.unwrap_or_default();
        match name(Some(&planned)) {
            "panic" => panic!("what a thing"),
            "nothing" => return PlanResponse::default(),
            _ => (),
        }
        let session = Session {
            id: Attr::Unknown,
            number: 1.into(),
        };
        planned.sessions = Attr::Known([("eni-1".to_owned(), session.into())].into());
        if !planned.region.is_known() {
            planned.region = Attr::Unknown;
        }
        let moved = request.prior.is_some_and(|prior| prior.region != planned.region);
        PlanResponse {
            planned: Some(planned),
            requires_replace: moved.then(|| AttributePath::root("region")).into_iter().collect(),
            private: Some([&request.prior_private[..], b"+", &request.planned_private[..]].concat()),
            ..PlanResponse::default()
        }
    }

    async fn create(
        &self,
        request: ApplyRequest<Sample, SampleIdentity>,
    ) -> ApplyResponse<Sample, SampleIdentity> {
        self.apply(request).await
    }

    async fn update(
        &self,
        request: ApplyRequest<Sample, SampleIdentity>,
    ) -> ApplyResponse<Sample, SampleIdentity> {
        self.apply(request).await
    }

    async fn delete(
        &self,
        request: ApplyRequest<Sample, SampleIdentity>,
    ) -> ApplyResponse<Sample, SampleIdentity> {
        match name(request.prior.as_ref()) {
            "stays in part" => ApplyResponse {
                state: request.prior.map(|prior| Sample {
                    enabled: false.into(),
                    ..prior
                }),
                diagnostics: Diagnostic::error("It stays", "In part.").into(),
                ..ApplyResponse::default()
            },
            "stays" => ApplyResponse {
                diagnostics: Diagnostic::error("It stays", "As it was.").into(),
                ..ApplyResponse::default()
            },
            _ => ApplyResponse::default(),
        }
    }

    async fn import_state(
        &self,
        request: ImportRequest<SampleIdentity>,
    ) -> ImportResponse<Sample, SampleIdentity> {
        let name = match &request.identity {
            Some(identity) => identity.name.clone(),
            None => request.id.into(),
        };
        ImportResponse {
            state: Some(Sample {
                name,
                ..Sample::default()
            }),
            private: Some(b"imported".to_vec()),
            ..ImportResponse::default()
        }
    }

    async fn upgrade_state(&self, request: UpgradeRequest) -> Result<serde_json::Value, Diagnostics> {
        let mut state = request.state;
        match request.version {
            1 => {
                state["name"] = state["title"].take();
                Ok(state)
            }
            _ => Err(Diagnostic::error("Too old", "Sorry.").into()),
        }
    }
}

struct Oracle;

#[async_trait]
impl DataSource for Oracle {
    type Model = LookUp;
    const TYPE_NAME: &'static str = "toy_oracle";

    async fn validate_config(&self, request: ValidateConfigRequest<LookUp>) -> Diagnostics {
        if request.config.key.as_str() == Some("") {
            return Diagnostic::error("Empty key", "Give one.")
                .at(AttributePath::root("key"))
                .into();
        }
        Diagnostics::new()
    }

    async fn read(&self, request: ReadDataRequest<LookUp>) -> ReadDataResponse<LookUp> {
        let answer = match request.config.key.as_str() {
            Some("panic") => panic!("no answer"),
            Some("unknown") => Attr::Unknown,
            _ => "42".into(),
        };
        ReadDataResponse {
            state: Some(LookUp {
                answer,
                ..request.config
            }),
            ..ReadDataResponse::default()
        }
    }
}
