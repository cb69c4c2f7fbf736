//! The words of `x-terraform`: what a field of a model is in the schema.
//!
//! `#[schemars(extend("x-terraform" = COMPUTED))]`. A field without one is optional. A struct in a field that is
//! computed alone is a plain object: its fields have no marks, and their descriptions stand in that of the field.
//!
//! A set is a `Vec` with `extend("uniqueItems" = true)`: a Rust set would make one of two unknown elements, which may
//! turn out to differ.

/// The user must set it.
pub const REQUIRED: &str = "required";
/// The user may set it: the default.
pub const OPTIONAL: &str = "optional";
/// The provider sets it.
pub const COMPUTED: &str = "computed";
/// The user may set it, else the provider does.
pub const OPTIONAL_COMPUTED: &str = "optional computed";
/// The user must set it; hidden in plans.
pub const REQUIRED_SENSITIVE: &str = "required sensitive";
/// The user may set it; hidden in plans.
pub const OPTIONAL_SENSITIVE: &str = "optional sensitive";
/// The provider sets it; hidden in plans.
pub const COMPUTED_SENSITIVE: &str = "computed sensitive";
/// The user may set it; its struct is a plain object type, all of whose fields must be given. Terraform 1.0 panics while it
/// plans an object that exists with an optional nested attribute that is null.
pub const OPTIONAL_OBJECT: &str = "optional plain";
/// A block that may be repeated, in order. The field is an `Attr<Vec<Attr<Struct>>>`, empty when there is none.
pub const BLOCK_LIST: &str = "block list";
/// A block that may be repeated, without order. The field is an `Attr<Vec<Attr<Struct>>>`, marked as a set.
pub const BLOCK_SET: &str = "block set";
/// A block with a label. The field is an `Attr<BTreeMap<String, Attr<Struct>>>`.
pub const BLOCK_MAP: &str = "block map";
/// A block that may be there once. The field is an `Attr<Struct>`, null when it is not.
pub const BLOCK_SINGLE: &str = "block single";
/// In an identity: an import must give it.
pub const REQUIRED_FOR_IMPORT: &str = "required_for_import";
/// In an identity: an import may give it.
pub const OPTIONAL_FOR_IMPORT: &str = "optional_for_import";
