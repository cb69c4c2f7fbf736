//! [`Rendered`]: a report that is rendered when it is sent to core, so that never more than one of them is held.

use std::borrow::Cow;
use std::io;
use std::sync::Arc;

use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::de::{Deserialize, Deserializer};
use serde::ser::{Serialize, Serializer};

use crate::framework::Late;
use crate::report::{self, Audit, Format};

/// The text of a report.
#[derive(Debug, Clone, PartialEq)]
pub enum Rendered {
    /// The text itself, of a state.
    Text(String),
    /// What it is to be made of. Only an audit for which [`report::renders`] holds.
    Of(Format, Arc<Audit>),
}

impl Serialize for Rendered {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Text(text) => serializer.serialize_str(text),
            Self::Of(format, audit) => {
                let (format, audit) = (*format, Arc::clone(audit));
                let write = move |out: &mut dyn io::Write| {
                    report::write(format, &audit, out).map_err(|error| error.to_string())
                };
                Late::new(write).serialize(serializer)
            }
        }
    }
}

impl<'de> Deserialize<'de> for Rendered {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer).map(Self::Text)
    }
}

impl JsonSchema for Rendered {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        String::schema_name()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        String::json_schema(generator)
    }
}
