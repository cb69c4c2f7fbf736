//! Schemas: the shape of a block and the types of its attributes.

use std::collections::BTreeMap;

pub use super::types::Type;
use super::value::Value;

/// How the objects of a nested attribute or block are gathered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Nesting {
    /// One object.
    Single,
    /// A list of objects.
    List,
    /// A set of objects.
    Set,
    /// A map of objects.
    Map,
}

impl Nesting {
    /// The type of a collection of `element`.
    fn of(self, element: Type) -> Type {
        match self {
            Self::Single => element,
            Self::List => Type::List(Box::new(element)),
            Self::Set => Type::Set(Box::new(element)),
            Self::Map => Type::Map(Box::new(element)),
        }
    }
}

/// Schema of a provider block, a resource or a data source.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Schema {
    /// Version of the stored state.
    pub version: i64,
    /// The block itself.
    pub block: Block,
}

/// A block: attributes and blocks inside it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Block {
    /// Description in Markdown.
    pub description: String,
    /// Attributes in the order of their declaration.
    pub attributes: Vec<Attribute>,
    /// Nested blocks in the order of their declaration.
    pub blocks: Vec<NestedBlock>,
}

/// One attribute.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attribute {
    /// Name in the configuration.
    pub name: String,
    /// Type: plain, or objects with attributes of their own.
    pub kind: AttributeKind,
    /// Description in Markdown.
    pub description: String,
    /// Must be set.
    pub required: bool,
    /// May be set.
    pub optional: bool,
    /// The provider may set it.
    pub computed: bool,
    /// Hidden in plans.
    pub sensitive: bool,
    /// Must be set in an import by identity. Identity schemas only.
    pub required_for_import: bool,
    /// May be set in an import by identity. Identity schemas only.
    pub optional_for_import: bool,
}

/// What an attribute holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AttributeKind {
    /// A value of a type.
    Plain(Type),
    /// Objects with attributes that have descriptions and flags of their own.
    Nested {
        /// How they are gathered.
        nesting: Nesting,
        /// Their attributes.
        attributes: Vec<Attribute>,
    },
}

/// A block inside a block.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NestedBlock {
    /// Name in the configuration.
    pub name: String,
    /// How the blocks are gathered.
    pub nesting: Nesting,
    /// What is in one of them.
    pub block: Block,
    /// At least as many; 0: no bound.
    pub min_items: i64,
    /// At most as many; 0: no bound.
    pub max_items: i64,
}

impl Schema {
    /// The type of a value of this schema.
    pub fn implied_type(&self) -> Type {
        self.block.implied_type()
    }

    /// Makes a value what core wants a state to be: collections of blocks are empty where a model has none.
    pub fn complete(&self, value: &mut Value) {
        self.block.complete(value);
    }

    /// The nested block of this name, if there is one.
    pub(super) fn nested_block(&self, name: &str) -> Option<&NestedBlock> {
        self.block.blocks.iter().find(|block| block.name == name)
    }
}

impl Block {
    /// The type of a value of this block.
    pub fn implied_type(&self) -> Type {
        let attributes = self
            .attributes
            .iter()
            .map(|attribute| (attribute.name.clone(), attribute.implied_type()));
        let blocks = self
            .blocks
            .iter()
            .map(|block| (block.name.clone(), block.nesting.of(block.block.implied_type())));
        Type::Object(attributes.chain(blocks).collect())
    }

    fn complete(&self, value: &mut Value) {
        let Value::Map(fields) = value else { return };
        for block in &self.blocks {
            block.complete(fields.entry(block.name.clone()).or_insert(Value::Null));
        }
    }
}

impl NestedBlock {
    pub(super) fn complete(&self, value: &mut Value) {
        match (self.nesting, &mut *value) {
            (Nesting::Single, _) => self.block.complete(value),
            (Nesting::List | Nesting::Set, Value::Null) => *value = Value::List(Vec::new()),
            (Nesting::Map, Value::Null) => *value = Value::Map(BTreeMap::new()),
            (_, Value::List(blocks)) => blocks.iter_mut().for_each(|block| self.block.complete(block)),
            (_, Value::Map(blocks)) => blocks.values_mut().for_each(|block| self.block.complete(block)),
            _ => (),
        }
    }
}

impl Attribute {
    /// The type of a value of this attribute.
    pub fn implied_type(&self) -> Type {
        match &self.kind {
            AttributeKind::Plain(kind) => kind.clone(),
            AttributeKind::Nested { nesting, attributes } => nesting.of(Type::Object(
                attributes
                    .iter()
                    .map(|attribute| (attribute.name.clone(), attribute.implied_type()))
                    .collect(),
            )),
        }
    }
}
