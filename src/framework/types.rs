//! [`Type`]: a type constraint and its JSON, as schemas carry it.

use std::collections::BTreeMap;
use std::fmt;

use serde_json::Value as Json;

/// A type constraint.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Type {
    /// `bool`
    Bool,
    /// `number`
    Number,
    /// `string`
    String,
    /// `any`: the value carries its own type.
    Dynamic,
    /// `list(…)`
    List(Box<Type>),
    /// `set(…)`
    Set(Box<Type>),
    /// `map(…)`
    Map(Box<Type>),
    /// `object({…})`
    Object(BTreeMap<String, Type>),
    /// `tuple([…])`
    Tuple(Vec<Type>),
}

/// Why bytes are no type constraint.
#[derive(Debug, thiserror::Error)]
pub enum TypeError {
    /// Not JSON, or nested too deep.
    #[error("a type constraint is not JSON")]
    Json(#[from] serde_json::Error),
    /// JSON of another shape.
    #[error("not a type constraint: {0}")]
    Shape(String),
}

impl Type {
    /// Reads a type constraint, for example `["map","string"]`.
    pub fn from_json(bytes: &[u8]) -> Result<Self, TypeError> {
        Self::from_value(&serde_json::from_slice(bytes)?)
    }

    /// The type constraint as JSON.
    pub fn to_json(&self) -> Vec<u8> {
        self.to_value().to_string().into_bytes()
    }

    fn from_value(json: &Json) -> Result<Self, TypeError> {
        let shape = || TypeError::Shape(json.to_string().chars().take(60).collect());
        match json {
            Json::String(name) => match name.as_str() {
                "bool" => Ok(Self::Bool),
                "number" => Ok(Self::Number),
                "string" => Ok(Self::String),
                "dynamic" => Ok(Self::Dynamic),
                _ => Err(shape()),
            },
            Json::Array(parts) => match parts.as_slice() {
                [Json::String(name), element] if name == "list" => Ok(Self::List(Self::boxed(element)?)),
                [Json::String(name), element] if name == "set" => Ok(Self::Set(Self::boxed(element)?)),
                [Json::String(name), element] if name == "map" => Ok(Self::Map(Self::boxed(element)?)),
                [Json::String(name), Json::Array(elements)] if name == "tuple" => elements
                    .iter()
                    .map(Self::from_value)
                    .collect::<Result<_, _>>()
                    .map(Self::Tuple),
                // A third part names the optional attributes; a value has all of them all the same.
                [Json::String(name), Json::Object(attributes)]
                | [Json::String(name), Json::Object(attributes), Json::Array(_)]
                    if name == "object" =>
                {
                    let attribute =
                        |(name, json): (&String, &Json)| Ok((name.clone(), Self::from_value(json)?));
                    attributes
                        .iter()
                        .map(attribute)
                        .collect::<Result<_, TypeError>>()
                        .map(Self::Object)
                }
                _ => Err(shape()),
            },
            _ => Err(shape()),
        }
    }

    fn boxed(json: &Json) -> Result<Box<Self>, TypeError> {
        Self::from_value(json).map(Box::new)
    }

    fn to_value(&self) -> Json {
        match self {
            Self::Bool => "bool".into(),
            Self::Number => "number".into(),
            Self::String => "string".into(),
            Self::Dynamic => "dynamic".into(),
            Self::List(element) => vec!["list".into(), element.to_value()].into(),
            Self::Set(element) => vec!["set".into(), element.to_value()].into(),
            Self::Map(element) => vec!["map".into(), element.to_value()].into(),
            Self::Tuple(elements) => vec![
                "tuple".into(),
                Json::Array(elements.iter().map(Self::to_value).collect()),
            ]
            .into(),
            Self::Object(attributes) => {
                let attributes = attributes
                    .iter()
                    .map(|(name, kind)| (name.clone(), kind.to_value()))
                    .collect();
                vec!["object".into(), Json::Object(attributes)].into()
            }
        }
    }
}

/// The kind, in the words of a message to the user.
impl fmt::Display for Type {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Bool => "a bool",
            Self::Number => "a number",
            Self::String => "a string",
            Self::Dynamic => "a value with its type",
            Self::List(_) => "a list",
            Self::Set(_) => "a set",
            Self::Map(_) => "a map",
            Self::Object(_) => "an object",
            Self::Tuple(_) => "a tuple",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_what_it_writes() {
        let text = r#"["object",{"a":["list","string"],"b":["tuple",["bool","dynamic"]],"c":["map",["set","number"]]}]"#;
        let kind = Type::from_json(text.as_bytes()).unwrap();
        assert_eq!(String::from_utf8(kind.to_json()).unwrap(), text);
        let optional = Type::from_json(br#"["object",{"a":"string"},["a"]]"#).unwrap();
        assert_eq!(optional, Type::Object([("a".to_owned(), Type::String)].into()));
    }

    #[test]
    fn refuses_the_rest() {
        for text in [
            "",
            "1",
            "\"strange\"",
            "[]",
            "[\"list\"]",
            "[\"list\",\"string\",1]",
            "[\"object\",[]]",
        ] {
            assert!(Type::from_json(text.as_bytes()).is_err(), "{text}");
        }
        let deep = "[\"list\",".repeat(100_000);
        assert!(Type::from_json(deep.as_bytes()).is_err());
    }
}
