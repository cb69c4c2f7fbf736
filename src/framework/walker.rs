//! From a model to its schema, over the JSON Schema that `schemars` derives.

use std::collections::BTreeSet;

use schemars::generate::SchemaSettings;
use serde_json::{Map, Value as Json};

use super::any::TITLE;
use super::model::Model;
use super::path::AttributePath;
use super::schema::{Attribute, AttributeKind, Block, NestedBlock, Nesting, Schema, Type};

/// Key of the marks of [`super::mark`] in the JSON Schema.
const MARK: &str = "x-terraform";

const NO_TYPE: &str = "the Rust type has no Terraform type";

/// Why a model has no schema.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("model {model}, attribute {path:?}: {message}", path = path.to_string())]
pub struct SchemaError {
    /// Name of the model's struct.
    pub model: String,
    /// Where in the model.
    pub path: AttributePath,
    /// What cannot be expressed.
    pub message: String,
}

/// The schema of a model. It fails for a model whose fields have no type in Terraform; a test of each model's
/// schema keeps that from reaching a user.
pub fn schema_of<M: Model>(version: i64) -> Result<Schema, SchemaError> {
    let settings = SchemaSettings::draft2020_12().with(|settings| settings.inline_subschemas = true);
    let json = settings.into_generator().into_root_schema_for::<M>();
    let walked = json
        .as_object()
        .ok_or_else(|| wrong("a model is a struct"))
        .and_then(|object| {
            let path = AttributePath::empty();
            if is_struct(object) {
                block(object, &path)
            } else {
                Err(wrong("a model is a struct"))
            }
        });
    match walked {
        Ok(block) => Ok(Schema { version, block }),
        Err(Wrong { path, message }) => Err(SchemaError {
            model: M::schema_name().into_owned(),
            path,
            message,
        }),
    }
}

struct Wrong {
    path: AttributePath,
    message: String,
}

fn wrong(message: impl Into<String>) -> Wrong {
    Wrong {
        path: AttributePath::empty(),
        message: message.into(),
    }
}

impl Wrong {
    fn at(self, path: &AttributePath) -> Self {
        if self.path.is_empty() {
            Self {
                path: path.clone(),
                message: self.message,
            }
        } else {
            self
        }
    }
}

type Object = Map<String, Json>;

/// What the mark of a field says.
#[derive(Default)]
struct Marks<'a> {
    words: BTreeSet<&'a str>,
}

impl<'a> Marks<'a> {
    fn of(json: &'a Object) -> Result<Self, Wrong> {
        const WORDS: &[&str] = &[
            "required",
            "optional",
            "computed",
            "sensitive",
            "block",
            "plain",
            "list",
            "set",
            "map",
            "single",
            "required_for_import",
            "optional_for_import",
        ];
        let Some(mark) = json.get(MARK) else {
            return Ok(Self::default());
        };
        let mark = mark.as_str().ok_or_else(|| wrong("its mark is no text"))?;
        match mark.split(' ').find(|word| !WORDS.contains(word)) {
            None => Ok(Self {
                words: mark.split(' ').collect(),
            }),
            Some(word) => Err(wrong(format!("its mark has the unknown word {word:?}"))),
        }
    }

    fn has(&self, word: &str) -> bool {
        self.words.contains(word)
    }
}

fn block(json: &Object, path: &AttributePath) -> Result<Block, Wrong> {
    let mut block = Block {
        description: description(json),
        ..Block::default()
    };
    for (name, field) in fields(json) {
        let path = path.clone().attribute(name);
        let (field, marks) = marked(field).map_err(|error| error.at(&path))?;
        if marks.has("block") {
            block
                .blocks
                .push(nested_block(name, field, &marks, &path).map_err(|error| error.at(&path))?);
        } else {
            block
                .attributes
                .push(attribute(name, field, &marks, &path).map_err(|error| error.at(&path))?);
        }
    }
    Ok(block)
}

fn marked(field: &Json) -> Result<(&Object, Marks<'_>), Wrong> {
    let field = field.as_object().ok_or_else(|| wrong(NO_TYPE))?;
    Ok((field, Marks::of(field)?))
}

fn nested_block(
    name: &str,
    json: &Object,
    marks: &Marks<'_>,
    path: &AttributePath,
) -> Result<NestedBlock, Wrong> {
    let (nesting, element) = nesting(json);
    let marked = [
        ("list", Nesting::List),
        ("set", Nesting::Set),
        ("map", Nesting::Map),
        ("single", Nesting::Single),
    ];
    if !marked
        .iter()
        .any(|(word, kind)| marks.has(word) && *kind == nesting)
    {
        return Err(wrong("the type of a block does not fit its mark"));
    }
    let element = element
        .filter(|element| is_struct(element))
        .ok_or_else(|| wrong("a block is a struct"))?;
    let mut inner = block(element, path)?;
    // The field's own description says more than that of the struct, which may serve several fields.
    if let Some(text) = Some(description(json)).filter(|text| !text.is_empty()) {
        inner.description = text;
    }
    let items = |key: &str| json.get(key).and_then(Json::as_i64).unwrap_or(0);
    let (min_items, max_items) = (items("minItems"), items("maxItems"));
    Ok(NestedBlock {
        name: name.to_owned(),
        nesting,
        block: inner,
        min_items,
        max_items,
    })
}

fn attribute(name: &str, json: &Object, marks: &Marks<'_>, path: &AttributePath) -> Result<Attribute, Wrong> {
    let flags = [
        "required",
        "optional",
        "computed",
        "required_for_import",
        "optional_for_import",
    ];
    let is_marked = flags.iter().any(|flag| marks.has(flag));
    let computed = marks.has("computed");
    let is_plain = computed && !marks.has("optional") || marks.has("plain");
    let (nesting, element) = nesting(json);
    let element = element.filter(|element| is_struct(element));
    let mut description = description(json);
    if let Some(element) = element.filter(|_| is_plain) {
        description.push_str(&described_fields(element, nesting));
    }
    let kind = match element {
        None => AttributeKind::Plain(plain(json).map_err(|error| error.at(path))?),
        // Terraform 1.0 panics while it prints a nested attribute that is unknown as a whole, and only what the provider
        // computes can be that in every plan: it has a plain type, and its fields are described in its own description.
        Some(_) if is_plain => AttributeKind::Plain(plain(json).map_err(|error| error.at(path))?),
        Some(element) => {
            let attributes = fields(element).map(|(name, field)| {
                let path = path.clone().attribute(name);
                let (field, marks) = marked(field).map_err(|error| error.at(&path))?;
                if marks.has("block") {
                    return Err(wrong("an attribute has no blocks inside").at(&path));
                }
                attribute(name, field, &marks, &path)
            });
            AttributeKind::Nested {
                nesting,
                attributes: attributes.collect::<Result<_, _>>()?,
            }
        }
    };
    Ok(Attribute {
        name: name.to_owned(),
        kind,
        description,
        required: marks.has("required"),
        optional: marks.has("optional") || !is_marked,
        computed,
        sensitive: marks.has("sensitive"),
        required_for_import: marks.has("required_for_import"),
        optional_for_import: marks.has("optional_for_import"),
    })
}

/// The fields of a plain object type, which has no room for their descriptions.
fn described_fields(element: &Object, nesting: Nesting) -> String {
    let lead = if nesting == Nesting::Single {
        "Its fields"
    } else {
        "The fields of each"
    };
    let lines = fields(element).filter_map(|(name, field)| {
        let text = description(field.as_object()?);
        Some(format!("\n- `{name}`: {text}"))
    });
    format!("\n\n{lead}:\n{}", lines.collect::<String>())
}

/// How structs are gathered, and the innermost one's schema.
fn nesting(json: &Object) -> (Nesting, Option<&Object>) {
    match collection(json) {
        Some((nesting, element)) => (nesting, element.as_object()),
        None => (Nesting::Single, Some(json)),
    }
}

/// The kind of a list, set or map, and the schema of its elements.
fn collection(json: &Object) -> Option<(Nesting, &Json)> {
    match type_name(json)? {
        "array" if json.get("uniqueItems") == Some(&Json::Bool(true)) => {
            Some((Nesting::Set, json.get("items")?))
        }
        "array" => Some((Nesting::List, json.get("items")?)),
        "object" if json.contains_key("properties") => None,
        "object" => Some((
            Nesting::Map,
            json.get("additionalProperties")
                .filter(|element| element.is_object())?,
        )),
        _ => None,
    }
}

fn plain(json: &Object) -> Result<Type, Wrong> {
    if let Some((nesting, element)) = collection(json) {
        let element = element.as_object().ok_or_else(|| wrong(NO_TYPE))?;
        let element = Box::new(plain(element)?);
        return Ok(match nesting {
            Nesting::Set => Type::Set(element),
            Nesting::Map => Type::Map(element),
            Nesting::List | Nesting::Single => Type::List(element),
        });
    }
    if json.get("title").and_then(Json::as_str) == Some(TITLE) {
        return Ok(Type::Dynamic);
    }
    match type_name(json) {
        Some("boolean") => Ok(Type::Bool),
        Some("integer" | "number") => Ok(Type::Number),
        Some("string") => Ok(Type::String),
        // An enum whose variants have descriptions of their own.
        None if variants(json).is_some_and(|mut variants| variants.all(is_text)) => Ok(Type::String),
        Some("object") if is_struct(json) => {
            let field = |(name, field): (&str, &Json)| {
                let field = field.as_object().ok_or_else(|| wrong(NO_TYPE))?;
                Ok((name.to_owned(), plain(field)?))
            };
            fields(json)
                .map(field)
                .collect::<Result<_, _>>()
                .map(Type::Object)
        }
        _ => Err(wrong(NO_TYPE)),
    }
}

fn variants(json: &Object) -> Option<impl Iterator<Item = &Json>> {
    json.get("oneOf")
        .and_then(Json::as_array)
        .map(|variants| variants.iter())
}

fn is_text(json: &Json) -> bool {
    json.as_object().and_then(type_name) == Some("string")
}

fn type_name(json: &Object) -> Option<&str> {
    json.get("type").and_then(Json::as_str)
}

fn is_struct(json: &Object) -> bool {
    type_name(json) == Some("object")
        && matches!(json.get("additionalProperties"), None | Some(Json::Bool(false)))
}

/// The fields in the order of their declaration. `properties` is sorted by name, but `required` keeps the order,
/// and every field without a serde default is required: what may be left out in Terraform is the mark's to say.
fn fields(json: &Object) -> impl Iterator<Item = (&str, &Json)> {
    let properties = json.get("properties").and_then(Json::as_object);
    let declared: Vec<&str> = json
        .get("required")
        .and_then(Json::as_array)
        .into_iter()
        .flatten()
        .filter_map(Json::as_str)
        .collect();
    let rest: Vec<&str> = properties
        .into_iter()
        .flat_map(Map::keys)
        .map(String::as_str)
        .filter(|name| !declared.contains(name))
        .collect();
    declared.into_iter().chain(rest).filter_map(move |name| {
        properties
            .and_then(|fields| fields.get(name))
            .map(|field| (name, field))
    })
}

/// The description with the line breaks of the source undone where Markdown allows it.
fn description(json: &Object) -> String {
    let text = json.get("description").and_then(Json::as_str).unwrap_or_default();
    let paragraphs = text.split("\n\n").map(|paragraph| {
        let structured = |line: &str| line.starts_with(['-', '*', '|', '#', '>', '`', ' ', '1', '2', '3']);
        if paragraph.lines().skip(1).any(structured) || paragraph.starts_with("```") {
            paragraph.to_owned()
        } else {
            paragraph.lines().collect::<Vec<_>>().join(" ")
        }
    });
    paragraphs.collect::<Vec<_>>().join("\n\n")
}
