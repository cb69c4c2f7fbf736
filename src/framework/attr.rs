//! [`Attr`]: one leaf of a typed model.

use std::fmt;
use std::marker::PhantomData;

use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::de::{Deserialize, Deserializer, EnumAccess, VariantAccess, Visitor};
use serde::ser::{Serialize, Serializer};

/// Name of the serde enum by which an [`Attr`] tells the value bridge that it is one. Only that bridge
/// ([`super::model`]) understands it.
pub(crate) const ATTR: &str = "$attr";
pub(crate) const NULL: &str = "null";
pub(crate) const UNKNOWN: &str = "unknown";
pub(crate) const KNOWN: &str = "known";
const VARIANTS: &[&str] = &[NULL, UNKNOWN, KNOWN];

/// A value as Terraform knows it: absent, not known before apply, or there.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Attr<T> {
    /// Not set.
    #[default]
    Null,
    /// Will be known after apply.
    Unknown,
    /// Set.
    Known(T),
}

impl<T> Attr<T> {
    /// The value, if there is a known one.
    pub fn known(&self) -> Option<&T> {
        match self {
            Self::Known(value) => Some(value),
            Self::Null | Self::Unknown => None,
        }
    }

    /// The value to change in place, if there is a known one.
    pub fn known_mut(&mut self) -> Option<&mut T> {
        match self {
            Self::Known(value) => Some(value),
            Self::Null | Self::Unknown => None,
        }
    }

    /// The value itself, if there is a known one.
    pub fn into_known(self) -> Option<T> {
        match self {
            Self::Known(value) => Some(value),
            Self::Null | Self::Unknown => None,
        }
    }

    /// The value, or that there is none, once either is decided; none while it is unknown.
    pub fn decided(&self) -> Option<Option<&T>> {
        match self {
            Self::Unknown => None,
            Self::Null => Some(None),
            Self::Known(value) => Some(Some(value)),
        }
    }

    /// Whether it is null.
    pub fn is_null(&self) -> bool {
        matches!(self, Self::Null)
    }

    /// Whether it is unknown.
    pub fn is_unknown(&self) -> bool {
        matches!(self, Self::Unknown)
    }

    /// Whether it is known.
    pub fn is_known(&self) -> bool {
        matches!(self, Self::Known(_))
    }

    /// Known if there is a value, else null.
    pub fn from_option(value: Option<T>) -> Self {
        value.map_or(Self::Null, Self::Known)
    }

    /// The same state of knowledge over another value.
    pub fn map<U>(self, change: impl FnOnce(T) -> U) -> Attr<U> {
        match self {
            Self::Null => Attr::Null,
            Self::Unknown => Attr::Unknown,
            Self::Known(value) => Attr::Known(change(value)),
        }
    }

    /// The same state of knowledge over a borrowed value.
    pub fn as_ref(&self) -> Attr<&T> {
        match self {
            Self::Null => Attr::Null,
            Self::Unknown => Attr::Unknown,
            Self::Known(value) => Attr::Known(value),
        }
    }

    /// What is unknown becomes null, for a state that must be wholly known.
    #[must_use]
    pub fn or_null(self) -> Self {
        match self {
            Self::Unknown => Self::Null,
            other => other,
        }
    }
}

impl Attr<String> {
    /// The text, if it is known.
    pub fn as_str(&self) -> Option<&str> {
        self.known().map(String::as_str)
    }
}

impl<T> From<T> for Attr<T> {
    fn from(value: T) -> Self {
        Self::Known(value)
    }
}

impl From<&str> for Attr<String> {
    fn from(value: &str) -> Self {
        Self::Known(value.to_owned())
    }
}

impl<T: Serialize> Serialize for Attr<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Null => serializer.serialize_unit_variant(ATTR, 0, NULL),
            Self::Unknown => serializer.serialize_unit_variant(ATTR, 1, UNKNOWN),
            Self::Known(value) => serializer.serialize_newtype_variant(ATTR, 2, KNOWN, value),
        }
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Attr<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_enum(ATTR, VARIANTS, AttrVisitor(PhantomData))
    }
}

/// Which of the three it is.
#[derive(serde::Deserialize)]
#[serde(rename_all = "lowercase")]
enum Variant {
    Null,
    Unknown,
    Known,
}

struct AttrVisitor<T>(PhantomData<T>);

impl<'de, T: Deserialize<'de>> Visitor<'de> for AttrVisitor<T> {
    type Value = Attr<T>;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a Terraform value")
    }

    fn visit_enum<A: EnumAccess<'de>>(self, data: A) -> Result<Self::Value, A::Error> {
        let (variant, content) = data.variant::<Variant>()?;
        match variant {
            Variant::Null => content.unit_variant().map(|()| Attr::Null),
            Variant::Unknown => content.unit_variant().map(|()| Attr::Unknown),
            Variant::Known => content.newtype_variant().map(Attr::Known),
        }
    }
}

/// The schema of `Attr<T>` is that of `T`: whether a value is set or known is no part of its type.
impl<T: JsonSchema> JsonSchema for Attr<T> {
    fn inline_schema() -> bool {
        T::inline_schema()
    }

    fn schema_name() -> std::borrow::Cow<'static, str> {
        T::schema_name()
    }

    fn schema_id() -> std::borrow::Cow<'static, str> {
        T::schema_id()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        T::json_schema(generator)
    }
}
