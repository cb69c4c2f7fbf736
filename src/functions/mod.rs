//! The functions: pure, and without an account.

mod iam_policy;
mod instance_type_support;
mod render_report;

use crate::framework::{AnyFunction, function};

pub use iam_policy::IamPolicy;
pub use instance_type_support::InstanceTypeSupport;
pub use render_report::RenderReport;

/// All of them.
pub fn functions() -> Vec<Box<dyn AnyFunction>> {
    vec![
        function(IamPolicy),
        function(InstanceTypeSupport),
        function(RenderReport),
    ]
}

/// The words that a parameter may be, for a message.
fn one_of<T: strum::IntoEnumIterator + ToString>() -> String {
    let words: Vec<String> = T::iter().map(|word| word.to_string()).collect();
    words.join(", ")
}
