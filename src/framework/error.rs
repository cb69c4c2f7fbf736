//! [`ValueError`]: why a value could not be read, written or bridged to a model, and where.

use std::fmt;

use super::number::NumberError;
use super::path::{AttributePath, Step};
use super::types::TypeError;

/// Why a value is wrong, and where. Neither says what the value was: it may be secret.
#[derive(Debug)]
pub struct ValueError {
    /// Where; empty for the whole.
    pub path: AttributePath,
    /// What is wrong there.
    pub reason: Reason,
}

/// What is wrong with a value.
#[derive(Debug, thiserror::Error)]
pub enum Reason {
    /// The bytes end within a value.
    #[error("the encoded value ends early")]
    Truncated,
    /// Bytes follow the value.
    #[error("the encoded value is followed by more bytes")]
    Trailing,
    /// Deeper than any schema.
    #[error("the value is nested too deep")]
    TooDeep,
    /// More values than any state.
    #[error("the value has too many elements")]
    TooMany,
    /// Of another type.
    #[error("{wanted} is wanted, this is {found}")]
    Wrong {
        /// What the schema says.
        wanted: String,
        /// What there is.
        found: &'static str,
    },
    /// Of another length than its tuple.
    #[error("a tuple of {wanted} elements is wanted, this has {found}")]
    Length {
        /// What the schema says.
        wanted: usize,
        /// What there is.
        found: usize,
    },
    /// A key that is there twice.
    #[error("it is there twice")]
    Duplicate,
    /// An attribute that the schema does not have.
    #[error("there is no such attribute")]
    NoSuchAttribute,
    /// An attribute that is missing.
    #[error("the attribute is missing")]
    Missing,
    /// Text that is not UTF-8.
    #[error("the text is not UTF-8")]
    NotUtf8,
    /// Unknown where that cannot be written.
    #[error("it is not known yet, which cannot be written here")]
    Unknown,
    /// An infinity where that cannot be written.
    #[error("an infinite number cannot be written here")]
    Infinite,
    /// No number.
    #[error("{0}")]
    Number(#[from] NumberError),
    /// No type constraint.
    #[error("{0}")]
    Type(#[from] TypeError),
    /// No JSON.
    #[error("it is not valid JSON: {0}")]
    Json(#[from] serde_json::Error),
    /// Not what the model's field takes.
    #[error("{0}")]
    Model(String),
}

impl ValueError {
    /// The same error, one step further in.
    pub(crate) fn within(self, step: Step) -> Self {
        Self {
            path: self.path.within(step),
            reason: self.reason,
        }
    }

    /// An error about the type.
    pub(crate) fn wrong(wanted: &impl fmt::Display, found: &'static str) -> Self {
        Reason::Wrong {
            wanted: wanted.to_string(),
            found,
        }
        .into()
    }
}

impl<R: Into<Reason>> From<R> for ValueError {
    fn from(reason: R) -> Self {
        Self {
            path: AttributePath::empty(),
            reason: reason.into(),
        }
    }
}

impl fmt::Display for ValueError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.path.is_empty() {
            write!(formatter, "{}: ", self.path)?;
        }
        self.reason.fmt(formatter)
    }
}

impl std::error::Error for ValueError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        std::error::Error::source(&self.reason)
    }
}
