//! From models to the protocol's schemas.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::sample::{Sample, SampleIdentity};
use crate::framework::mark::*;
use crate::framework::schema::{AttributeKind, Nesting};
use crate::framework::{Attr, Type, schema_of};

#[test]
fn attributes_stand_in_the_order_of_their_declaration() {
    let schema = schema_of::<Sample>(3).unwrap();
    assert_eq!(schema.version, 3);
    let names: Vec<&str> = schema
        .block
        .attributes
        .iter()
        .map(|attribute| attribute.name.as_str())
        .collect();
    assert_eq!(
        names,
        [
            "name",
            "enabled",
            "session_number",
            "weight",
            "target_ids",
            "zones",
            "tags",
            "placement",
            "override",
            "region",
            "sessions",
            "selection"
        ]
    );
    let blocks: Vec<&str> = schema
        .block
        .blocks
        .iter()
        .map(|block| block.name.as_str())
        .collect();
    assert_eq!(blocks, ["selector", "timeouts"]);
}

#[test]
fn types_flags_and_descriptions() {
    let schema = schema_of::<Sample>(0).unwrap();
    assert_eq!(
        schema.block.description,
        "A sample of a resource.\n\nIts second paragraph."
    );
    let attribute = |name: &str| {
        schema
            .block
            .attributes
            .iter()
            .find(|attribute| attribute.name == name)
            .unwrap()
    };
    let string = || Box::new(Type::String);
    for (name, kind) in [
        ("name", Type::String),
        ("enabled", Type::Bool),
        ("session_number", Type::Number),
        ("weight", Type::Number),
        ("target_ids", Type::List(string())),
        ("zones", Type::Set(string())),
        ("tags", Type::Map(string())),
    ] {
        assert_eq!(attribute(name).kind, AttributeKind::Plain(kind), "{name}");
    }
    let flags = |name: &str| {
        let attribute = attribute(name);
        [
            attribute.required,
            attribute.optional,
            attribute.computed,
            attribute.sensitive,
        ]
    };
    assert_eq!(flags("name"), [true, false, false, false]);
    assert_eq!(flags("enabled"), [false, true, false, false]);
    assert_eq!(flags("region"), [false, true, true, false]);
    assert_eq!(flags("sessions"), [false, false, true, false]);
    assert_eq!(flags("selection"), [false, false, true, true]);
    assert_eq!(
        attribute("name").description,
        "Name of the sample, in two lines of source that are one sentence."
    );

    let session = [
        ("id".to_owned(), Type::String),
        ("number".to_owned(), Type::Number),
    ];
    let sessions = Type::Map(Box::new(Type::Object(session.into())));
    assert_eq!(attribute("sessions").kind, AttributeKind::Plain(sessions));
    assert_eq!(
        attribute("sessions").description,
        "What was made.\n\nThe fields of each:\n\n- `id`: Id of the session.\n- `number`: Its number."
    );
    let AttributeKind::Nested { nesting, attributes } = &attribute("placement").kind else {
        panic!()
    };
    assert_eq!(*nesting, Nesting::Single);
    assert_eq!(
        (
            attributes[0].required,
            attributes[1].optional,
            attributes[1].computed
        ),
        (true, true, false)
    );

    let selector = &schema.block.blocks[0];
    assert_eq!(
        (selector.nesting, selector.min_items, selector.max_items),
        (Nesting::List, 1, 3)
    );
    assert_eq!(selector.block.description, "What it selects.");
    assert_eq!(
        selector.block.attributes[0].kind,
        AttributeKind::Plain(Type::Map(string()))
    );
    assert_eq!(schema.block.blocks[1].nesting, Nesting::Single);
}

#[test]
fn identities() {
    let schema = schema_of::<SampleIdentity>(0).unwrap();
    let flags: Vec<_> = schema
        .block
        .attributes
        .iter()
        .map(|attribute| {
            (
                attribute.name.as_str(),
                attribute.required_for_import,
                attribute.optional_for_import,
            )
        })
        .collect();
    assert_eq!(flags, [("name", true, false), ("region", false, true)]);
}

/// A model that Terraform cannot express.
#[derive(Default, Serialize, Deserialize, JsonSchema)]
struct Odd {
    /// A pair.
    pair: Attr<(String, i64)>,
}

/// A model with a mark that is none.
#[derive(Default, Serialize, Deserialize, JsonSchema)]
struct Misspelt {
    /// A name.
    #[schemars(extend("x-terraform" = "requird"))]
    name: Attr<String>,
}

/// A block that is no struct.
#[derive(Default, Serialize, Deserialize, JsonSchema)]
struct NoBlock {
    /// A name.
    #[schemars(extend("x-terraform" = BLOCK_LIST))]
    name: Attr<Vec<Attr<String>>>,
}

#[test]
fn a_model_without_a_schema_is_an_error_that_says_where() {
    let error = schema_of::<Odd>(0).unwrap_err();
    assert_eq!(
        (error.model.as_str(), error.path.to_string()),
        ("Odd", "pair".to_owned())
    );
    let error = schema_of::<Misspelt>(0).unwrap_err();
    assert_eq!(
        error.to_string(),
        r#"model Misspelt, attribute "name": its mark has the unknown word "requird""#
    );
    let error = schema_of::<NoBlock>(0).unwrap_err();
    assert_eq!(error.message, "a block is a struct");
    assert!(schema_of::<String>(0).is_err());
}
