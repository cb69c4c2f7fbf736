//! The `selector` and `exclude` blocks, as every resource and data source of the provider has them, and the look at the
//! account that they ask for.

mod blocks;
mod scan;
mod unseen;

pub use blocks::{
    SelectorBlock, SelectorBlocks, check_list, is_absent, require_selector, selectors, strings, validate,
};
pub use scan::{scan, tags_are_of_instances, tags_are_of_instances_warning};
pub use unseen::{note_unseen, unseen_warning};
