//! [`Value`]: a Terraform value of any type, between the wire and the typed models.

use std::collections::BTreeMap;

use super::number::Number;
use super::path::{AttributePath, Step};
use super::types::Type;

/// A Terraform value. Its type is not part of it: encoding and decoding are led by a [`super::schema::Type`].
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Value {
    /// Will be known after apply.
    Unknown,
    /// Not set.
    Null,
    /// A truth value.
    Bool(bool),
    /// A number of any size.
    Number(Number),
    /// A text.
    String(String),
    /// A list, a set or a tuple.
    List(Vec<Value>),
    /// A map or an object. Ordered, so that the same value always has the same bytes.
    Map(BTreeMap<String, Value>),
    /// A value where the schema gives no type, with the type that it came with where the value alone does not tell it: Terraform
    /// compares types too. Only where the schema says `any`.
    Typed(Box<Type>, Box<Value>),
}

impl Value {
    /// Whether it is null.
    pub fn is_null(&self) -> bool {
        matches!(self, Self::Null)
    }

    /// The type of the value where no schema gives one: elements may differ, so lists are tuples and maps objects.
    pub fn implied_type(&self) -> Type {
        match self {
            Self::Unknown | Self::Null => Type::Dynamic,
            Self::Typed(kind, _) => kind.as_ref().clone(),
            Self::Bool(_) => Type::Bool,
            Self::Number(_) => Type::Number,
            Self::String(_) => Type::String,
            Self::List(elements) => Type::Tuple(elements.iter().map(Self::implied_type).collect()),
            Self::Map(elements) => Type::Object(
                elements
                    .iter()
                    .map(|(name, value)| (name.clone(), value.implied_type()))
                    .collect(),
            ),
        }
    }

    /// The value without the type that it came with.
    pub fn untyped(&self) -> &Self {
        match self {
            Self::Typed(_, value) => value,
            value => value,
        }
    }

    /// The value with its type where it alone does not tell it.
    pub(crate) fn typed(self, kind: Type) -> Self {
        if kind == self.implied_type() {
            return self;
        }
        Self::Typed(Box::new(kind), Box::new(self))
    }

    /// What it is, in the words of a message to the user.
    pub(crate) fn kind(&self) -> &'static str {
        match self {
            Self::Unknown => "not known yet",
            Self::Null => "null",
            Self::Bool(_) => "a bool",
            Self::Number(_) => "a number",
            Self::String(_) => "a string",
            Self::List(_) => "a list",
            Self::Map(_) => "a map or an object",
            Self::Typed(_, value) => value.kind(),
        }
    }

    /// Whether nothing in it is unknown.
    pub fn is_wholly_known(&self) -> bool {
        match self {
            Self::Unknown => false,
            Self::List(elements) => elements.iter().all(Self::is_wholly_known),
            Self::Map(elements) => elements.values().all(Self::is_wholly_known),
            Self::Typed(_, value) => value.is_wholly_known(),
            _ => true,
        }
    }

    /// Makes null what is unknown.
    pub fn forget_unknown(&mut self) {
        match self {
            Self::Unknown => *self = Self::Null,
            Self::List(elements) => elements.iter_mut().for_each(Self::forget_unknown),
            Self::Map(elements) => elements.values_mut().for_each(Self::forget_unknown),
            Self::Typed(_, value) => value.forget_unknown(),
            _ => (),
        }
    }

    /// Path to the first unknown value, in the order of the wire; names of objects count as attributes.
    pub fn first_unknown(&self) -> Option<AttributePath> {
        fn search(value: &Value, steps: &mut Vec<Step>) -> bool {
            let mut inside = |step: Step, element: &Value| {
                steps.push(step);
                let found = search(element, steps);
                if !found {
                    steps.pop();
                }
                found
            };
            match value {
                Value::Unknown => true,
                Value::List(elements) => (0_i64..)
                    .zip(elements)
                    .any(|(index, element)| inside(Step::Index(index), element)),
                Value::Map(elements) => elements
                    .iter()
                    .any(|(name, element)| inside(Step::Attribute(name.clone()), element)),
                Value::Typed(_, value) => search(value, steps),
                _ => false,
            }
        }
        if self.is_wholly_known() {
            return None;
        }
        let mut steps = Vec::new();
        search(self, &mut steps).then(|| {
            steps
                .into_iter()
                .fold(AttributePath::empty(), AttributePath::then)
        })
    }
}

impl From<bool> for Value {
    fn from(value: bool) -> Self {
        Self::Bool(value)
    }
}

impl From<i64> for Value {
    fn from(value: i64) -> Self {
        Self::Number(Number::from(value))
    }
}

impl From<&str> for Value {
    fn from(value: &str) -> Self {
        Self::String(value.to_owned())
    }
}

impl From<String> for Value {
    fn from(value: String) -> Self {
        Self::String(value)
    }
}

impl<N: Into<String>> FromIterator<(N, Value)> for Value {
    fn from_iter<I: IntoIterator<Item = (N, Value)>>(elements: I) -> Self {
        Self::Map(
            elements
                .into_iter()
                .map(|(name, value)| (name.into(), value))
                .collect(),
        )
    }
}

impl FromIterator<Value> for Value {
    fn from_iter<I: IntoIterator<Item = Value>>(elements: I) -> Self {
        Self::List(elements.into_iter().collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_the_first_unknown() {
        let value: Value = [
            ("a", Value::from(1)),
            (
                "b",
                [Value::Null, [("c", Value::Unknown)].into_iter().collect()]
                    .into_iter()
                    .collect(),
            ),
        ]
        .into_iter()
        .collect();
        assert_eq!(
            value.first_unknown().map(|path| path.to_string()),
            Some("b[1].c".to_owned())
        );
        assert!(!value.is_wholly_known());
        assert_eq!(Value::Null.first_unknown(), None);
    }
}
