//! The compact service models: actions, shapes, names and ranges.

use std::collections::{BTreeMap, HashMap};
use std::sync::OnceLock;

use serde::Deserialize;

/// The services the sandbox answers for, by their botocore names.
#[derive(Debug, Deserialize)]
#[serde(transparent)]
pub struct Model(BTreeMap<String, Service>);

/// One service: its protocol and the shapes of its actions.
#[derive(Debug, Deserialize)]
pub struct Service {
    /// The API version that a request must name.
    pub version: String,
    /// `ec2` or `query`: how lists are numbered and answers are wrapped.
    pub protocol: Protocol,
    /// The XML namespace of every answer.
    pub namespace: String,
    /// What can be called.
    pub actions: BTreeMap<String, Action>,
    /// What requests and answers are made of.
    pub shapes: HashMap<String, Shape>,
}

/// The two dialects of the Query protocol.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Protocol {
    /// EC2's own: lists are flat, answers are not wrapped.
    Ec2,
    /// Everyone else's: lists have `.member.`, answers an `…Result` element.
    Query,
}

/// The shapes of one action.
#[derive(Debug, Deserialize)]
pub struct Action {
    /// The input shape, if the action has parameters.
    pub input: Option<String>,
    /// The output shape; without one EC2 answers `<return>true</return>`.
    pub output: Option<String>,
    /// The element around the output in the `query` protocol.
    pub wrapper: Option<String>,
}

/// A shape of the model.
#[derive(Debug, Deserialize)]
#[serde(tag = "type", rename_all = "lowercase")]
pub enum Shape {
    /// Named members, in the model's order.
    Structure {
        /// Member name → where it stands on the wire.
        members: BTreeMap<String, Member>,
        /// Members a request must have.
        #[serde(default)]
        required: Vec<String>,
    },
    /// A sequence of one shape.
    List {
        /// The XML name of an element.
        item: String,
        /// The shape of an element.
        of: String,
        /// True: no element around the sequence.
        #[serde(default)]
        flat: bool,
    },
    /// Text.
    String,
    /// `true` or `false`.
    Boolean,
    /// A whole number of 32 bits, with the range that the model states.
    Integer {
        /// Smallest allowed value.
        min: Option<i64>,
        /// Largest allowed value.
        max: Option<i64>,
    },
    /// A whole number of 64 bits, with the range that the model states.
    Long {
        /// Smallest allowed value.
        min: Option<i64>,
        /// Largest allowed value.
        max: Option<i64>,
    },
    /// A number.
    Float,
    /// RFC 3339 in UTC.
    Timestamp,
    /// Base64 text.
    Blob,
}

/// Where a member stands on the wire.
#[derive(Debug, Deserialize)]
pub struct Member(
    /// Its name in a request.
    pub String,
    /// Its XML element in an answer.
    pub String,
    /// Its shape.
    pub String,
);

impl Model {
    /// The model that was compiled in.
    pub fn get() -> &'static Model {
        static MODEL: OnceLock<Model> = OnceLock::new();
        MODEL.get_or_init(
            || match serde_json::from_str(include_str!("../../wire/wire.json")) {
                Ok(model) => model,
                Err(error) => unreachable!("wire.json is generated and tested: {error}"),
            },
        )
    }

    /// A service by its botocore name.
    pub fn service(&self, name: &str) -> Option<&Service> {
        self.0.get(name)
    }
}
