//! Between the framework's types and the protocol's.

use super::offer::Shape;
use crate::framework::decode_json::{Attributes, decode_json};
use crate::framework::decode_msgpack::decode_msgpack;
use crate::framework::diagnostics::{Diagnostic, Diagnostics, Severity};
use crate::framework::encode_msgpack::encode_msgpack;
use crate::framework::erased::{Answer, unfit};
use crate::framework::model_msgpack::Encoded;
use crate::framework::parts::Parts;
use crate::framework::path::{AttributePath, Step};
use crate::framework::provider::ClientCapabilities;
use crate::framework::schema::{Attribute, AttributeKind, Block, NestedBlock, Nesting, Schema};
use crate::framework::value::Value;
use crate::proto::tfplugin6 as proto;

impl Shape {
    /// The value that core sent; a missing one is null.
    pub fn decode(&self, sent: Option<&proto::DynamicValue>) -> Result<Value, Diagnostics> {
        let Some(sent) = sent else { return Ok(Value::Null) };
        let decoded = match (sent.msgpack.as_slice(), sent.json.as_slice()) {
            ([], []) => Ok(Value::Null),
            ([], json) => decode_json(json, &self.kind, Attributes::Exact),
            (msgpack, _) => decode_msgpack(msgpack, &self.kind),
        };
        decoded.map_err(|error| Diagnostics::from(unfit(&error)))
    }

    /// The same, `None` for null.
    pub fn decode_some(&self, sent: Option<&proto::DynamicValue>) -> Result<Option<Value>, Diagnostics> {
        self.decode(sent)
            .map(|value| Some(value).filter(|value| !value.is_null()))
    }

    /// Whether null was sent, without a look at what else it may be.
    pub fn is_null(&self, sent: Option<&proto::DynamicValue>) -> Result<bool, Diagnostics> {
        match sent {
            Some(value) if value.msgpack.len() > 1 => Ok(false),
            _ => Ok(self.decode_some(sent)?.is_none()),
        }
    }

    /// The value for core, completed.
    pub fn encode(&self, mut value: Value) -> Result<proto::DynamicValue, Diagnostics> {
        self.schema.complete(&mut value);
        match encode_msgpack(&value, &self.kind) {
            Ok(msgpack) => Ok(dynamic(msgpack)),
            Err(error) => Err(Diagnostics::from(unfit(&error))),
        }
    }

    /// The answer for core, or null.
    pub fn encode_some(&self, answer: Option<Answer>) -> Result<proto::DynamicValue, Diagnostics> {
        Ok(dynamic(self.encode_answer(answer.as_ref())?.msgpack))
    }

    /// The answer for core, or null, wholly known: what is not becomes null, so that the rest is not lost, with an error.
    pub fn encode_known(
        &self,
        answer: Option<Answer>,
        diagnostics: &mut Diagnostics,
    ) -> Result<proto::DynamicValue, Diagnostics> {
        let encoded = self.encode_answer(answer.as_ref())?;
        match answer.as_ref().filter(|_| encoded.has_unknown) {
            None => Ok(dynamic(encoded.msgpack)),
            Some(answer) => {
                let mut value = answer.value().map_err(|error| Diagnostics::from(unfit(&error)))?;
                forget_unknown(&mut value, diagnostics);
                self.encode(value)
            }
        }
    }

    /// The same in parts. The answer is gone when they are sent.
    pub fn encode_known_in_parts(
        &self,
        answer: Option<Answer>,
        diagnostics: &mut Diagnostics,
    ) -> Result<Parts, Diagnostics> {
        if let Some(answer) = &answer {
            let encoded = answer
                .encode_in_parts(&self.schema, &self.kind)
                .map_err(|error| Diagnostics::from(unfit(&error)))?;
            if !encoded.has_unknown {
                return Ok(encoded.msgpack);
            }
        }
        Ok(self.encode_known(answer, diagnostics)?.msgpack.into())
    }

    fn encode_answer(&self, answer: Option<&Answer>) -> Result<Encoded, Diagnostics> {
        let Some(answer) = answer else {
            return Ok(Encoded {
                msgpack: self.encode(Value::Null)?.msgpack,
                has_unknown: false,
            });
        };
        answer
            .encode(&self.schema, &self.kind)
            .map_err(|error| Diagnostics::from(unfit(&error)))
    }

    /// An identity that core sent.
    pub fn decode_identity(
        shape: Option<&Self>,
        sent: Option<&proto::ResourceIdentityData>,
    ) -> Result<Option<Value>, Diagnostics> {
        match (shape, sent.and_then(|identity| identity.identity_data.as_ref())) {
            (Some(shape), Some(data)) => shape.decode_some(Some(data)),
            _ => Ok(None),
        }
    }

    /// An identity for core; without a new one, what core sent.
    pub fn encode_identity(
        shape: Option<&Self>,
        identity: Option<Value>,
        sent: Option<proto::ResourceIdentityData>,
    ) -> Result<Option<proto::ResourceIdentityData>, Diagnostics> {
        match (shape, identity) {
            (Some(shape), Some(identity)) => {
                let identity_data = Some(shape.encode(identity)?);
                Ok(Some(proto::ResourceIdentityData { identity_data }))
            }
            _ => Ok(sent),
        }
    }
}

fn dynamic(msgpack: Vec<u8>) -> proto::DynamicValue {
    proto::DynamicValue {
        msgpack,
        json: Vec::new(),
    }
}

fn forget_unknown(state: &mut Value, diagnostics: &mut Diagnostics) {
    let Some(path) = state.first_unknown() else { return };
    let root = path
        .steps()
        .first()
        .cloned()
        .map_or_else(AttributePath::empty, |step| AttributePath::empty().then(step));
    diagnostics.push(
        Diagnostic::error(
            "The provider left a value unknown",
            format!("{path} is still unknown after the operation. This is a bug in the provider; please report it."),
        )
        .at(root),
    );
    state.forget_unknown();
}

pub(super) fn diagnostics(diagnostics: Diagnostics) -> Vec<proto::Diagnostic> {
    diagnostics.into_iter().map(diagnostic).collect()
}

fn diagnostic(diagnostic: Diagnostic) -> proto::Diagnostic {
    let severity = match diagnostic.severity {
        Severity::Error => proto::diagnostic::Severity::Error,
        Severity::Warning => proto::diagnostic::Severity::Warning,
    };
    proto::Diagnostic {
        severity: severity.into(),
        summary: diagnostic.summary,
        detail: diagnostic.detail,
        attribute: diagnostic
            .path
            .filter(|path| !path.is_empty())
            .map(|path| attribute_path(&path)),
    }
}

pub(super) fn attribute_path(path: &AttributePath) -> proto::AttributePath {
    use proto::attribute_path::step::Selector;
    let step = |step: &Step| proto::attribute_path::Step {
        selector: Some(match step {
            Step::Attribute(name) => Selector::AttributeName(name.clone()),
            Step::Key(key) => Selector::ElementKeyString(key.clone()),
            Step::Index(index) => Selector::ElementKeyInt(*index),
        }),
    };
    proto::AttributePath {
        steps: path.steps().iter().map(step).collect(),
    }
}

pub(super) fn client_capabilities(sent: Option<&proto::ClientCapabilities>) -> ClientCapabilities {
    sent.map_or_else(ClientCapabilities::default, |sent| ClientCapabilities {
        deferral_allowed: sent.deferral_allowed,
        write_only_attributes_allowed: sent.write_only_attributes_allowed,
        store_planned_private: sent.store_planned_private,
        computed_blocks_allowed: sent.computed_blocks_allowed,
    })
}

pub(super) fn schema(schema: &Schema) -> proto::Schema {
    proto::Schema {
        version: schema.version,
        block: Some(block(&schema.block, schema.version)),
    }
}

fn block(from: &Block, version: i64) -> proto::schema::Block {
    proto::schema::Block {
        version,
        attributes: from.attributes.iter().map(attribute).collect(),
        block_types: from.blocks.iter().map(nested_block).collect(),
        description: from.description.clone(),
        description_kind: proto::StringKind::Markdown.into(),
        ..proto::schema::Block::default()
    }
}

fn nested_block(from: &NestedBlock) -> proto::schema::NestedBlock {
    use proto::schema::nested_block::NestingMode;
    let nesting = match from.nesting {
        Nesting::Single => NestingMode::Single,
        Nesting::List => NestingMode::List,
        Nesting::Set => NestingMode::Set,
        Nesting::Map => NestingMode::Map,
    };
    proto::schema::NestedBlock {
        type_name: from.name.clone(),
        block: Some(block(&from.block, 0)),
        nesting: nesting.into(),
        min_items: from.min_items,
        max_items: from.max_items,
    }
}

fn attribute(from: &Attribute) -> proto::schema::Attribute {
    // Either `type` or `nested_type`: core refuses both at once.
    let (kind, nested_type) = match &from.kind {
        AttributeKind::Plain(kind) => (kind.to_json(), None),
        AttributeKind::Nested { nesting, attributes } => (Vec::new(), Some(object(*nesting, attributes))),
    };
    proto::schema::Attribute {
        name: from.name.clone(),
        r#type: kind,
        nested_type,
        description: from.description.clone(),
        required: from.required,
        optional: from.optional,
        computed: from.computed,
        sensitive: from.sensitive,
        description_kind: proto::StringKind::Markdown.into(),
        ..proto::schema::Attribute::default()
    }
}

fn object(nesting: Nesting, attributes: &[Attribute]) -> proto::schema::Object {
    use proto::schema::object::NestingMode;
    let nesting = match nesting {
        Nesting::Single => NestingMode::Single,
        Nesting::List => NestingMode::List,
        Nesting::Set => NestingMode::Set,
        Nesting::Map => NestingMode::Map,
    };
    proto::schema::Object {
        attributes: attributes.iter().map(attribute).collect(),
        nesting: nesting.into(),
        ..proto::schema::Object::default()
    }
}

pub(super) fn identity_schema(from: &Schema) -> proto::ResourceIdentitySchema {
    let attribute = |attribute: &Attribute| proto::resource_identity_schema::IdentityAttribute {
        name: attribute.name.clone(),
        r#type: attribute.implied_type().to_json(),
        required_for_import: attribute.required_for_import,
        optional_for_import: attribute.optional_for_import,
        description: attribute.description.clone(),
    };
    proto::ResourceIdentitySchema {
        version: from.version,
        identity_attributes: from.block.attributes.iter().map(attribute).collect(),
    }
}
