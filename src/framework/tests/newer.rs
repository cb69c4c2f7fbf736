//! What the toy provider offers to newer cores: a function, a query, an action.

use std::sync::Arc;

use async_trait::async_trait;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tokio::sync::Notify;

use super::sample::{Sample, SampleIdentity};
use crate::framework::mark::*;
use crate::framework::*;

/// Says a word again and again.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
pub struct RepeatArguments {
    /// What to say.
    #[schemars(extend("x-terraform" = REQUIRED))]
    pub word: Attr<String>,
    /// How often.
    #[schemars(extend("x-terraform" = REQUIRED))]
    pub times: Attr<i64>,
    /// Anything.
    #[schemars(extend("x-terraform" = REQUIRED))]
    pub context: Any,
}

/// What was said.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
pub struct Said {
    /// The words.
    pub words: Attr<Vec<Attr<String>>>,
    /// What the context was.
    pub context: Attr<String>,
}

pub struct Repeat;

impl Function for Repeat {
    type Arguments = RepeatArguments;
    type Return = Said;
    const NAME: &'static str = "repeat";
    const SUMMARY: &'static str = "A word, repeated";

    fn call(&self, arguments: RepeatArguments) -> Result<Said, FunctionError> {
        let times = arguments.times.known().copied().unwrap_or_default();
        let times = usize::try_from(times).map_err(|_| FunctionError::of("times", "Not that often."))?;
        if times > 99 {
            panic!("out of breath");
        }
        Ok(Said {
            words: Attr::Known(vec![arguments.word; times]),
            context: arguments.context.0.untyped().kind().into(),
        })
    }
}

/// Which things.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Which {
    /// How many things there are, or a word for how the query ends.
    #[schemars(extend("x-terraform" = REQUIRED))]
    pub which: Attr<String>,
}

pub struct Things {
    pub started: Arc<Notify>,
}

/// Ends with the work that holds it.
struct Ends(Arc<Notify>);

impl Drop for Ends {
    fn drop(&mut self) {
        self.0.notify_one();
    }
}

#[async_trait]
impl ListResource for Things {
    type Config = Which;
    type Model = Sample;
    type Identity = SampleIdentity;
    const TYPE_NAME: &'static str = "toy_thing";

    async fn validate_config(&self, request: ValidateConfigRequest<Which>) -> Diagnostics {
        match request.config.which.as_str() {
            Some("") => Diagnostic::error("Which?", "Say it.")
                .at(AttributePath::root("which"))
                .into(),
            _ => Diagnostics::new(),
        }
    }

    async fn list(&self, request: ListRequest<Which>, found: &Found<Sample, SampleIdentity>) -> Diagnostics {
        let which = request.config.which.as_str().unwrap_or_default();
        let number = match which {
            "panic" => panic!("no things"),
            "endless" => usize::MAX,
            "wait" | "error" => 1,
            number => number.parse().unwrap_or_default(),
        };
        let _ends = (which == "endless").then(|| Ends(Arc::clone(&self.started)));
        for number in 0..number {
            let name = format!("thing-{number}");
            let listed = Listed {
                identity: SampleIdentity {
                    name: name.clone().into(),
                    region: "here".into(),
                },
                display_name: format!("Thing {number}"),
                resource: request.include_resource.then(|| Sample {
                    name: name.into(),
                    ..Sample::default()
                }),
                diagnostics: Diagnostics::new(),
            };
            match found.send(listed).await {
                Ok(true) => (),
                Ok(false) => return Diagnostics::new(),
                Err(error) => return error.into(),
            }
        }
        match which {
            "error" => Diagnostic::error("It failed", "After the first.").into(),
            "wait" => {
                self.started.notify_one();
                std::future::pending().await
            }
            _ => Diagnostics::new(),
        }
    }
}

pub struct Shout {
    pub started: Arc<Notify>,
}

#[async_trait]
impl Action for Shout {
    type Config = Which;
    const TYPE_NAME: &'static str = "toy_shout";

    async fn validate_config(&self, request: ValidateConfigRequest<Which>) -> Diagnostics {
        match request.config.which.as_str() {
            Some("") => Diagnostic::error("Shout what?", "Say it.").into(),
            _ => Diagnostics::new(),
        }
    }

    async fn plan(&self, request: PlanActionRequest<Which>) -> Diagnostics {
        match &request.config.which {
            Attr::Unknown => Diagnostics::new(),
            which => Diagnostic::warning(format!("Will shout {:?}", which.as_str()), "").into(),
        }
    }

    async fn invoke(&self, request: InvokeRequest<Which>, progress: &Progress) -> Diagnostics {
        let which = request.config.which.as_str().unwrap_or_default();
        progress.say(format!("shouting {which}"));
        match which {
            "panic" => panic!("hoarse"),
            "wait" => {
                self.started.notify_one();
                request.cancel.cancelled().await;
                progress.say("stopped");
                return Diagnostic::error("Interrupted", "Half of it was shouted.").into();
            }
            _ => (),
        }
        progress.say("shouted");
        Diagnostic::warning("It echoes", "").into()
    }
}
