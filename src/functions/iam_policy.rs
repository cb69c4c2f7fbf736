//! `iam_policy(mode)`: the least that IAM has to allow.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::one_of;
use crate::ec2::{Purpose, policy};
use crate::framework::{Attr, Function, FunctionError, REQUIRED};

/// The function `iam_policy`.
#[derive(Debug)]
pub struct IamPolicy;

/// Gives the IAM policy document, as JSON, that allows what this version of the provider calls in one mode, and nothing else. It is made
/// from the same table as the calls themselves. The text is the same every time, so a plan shows no change without one.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
pub struct Arguments {
    /// What the credentials are for: `audit` (the data sources), `plan` (that, and `terraform plan`) or `apply` (all that, and `terraform
    /// apply` and `destroy`).
    #[schemars(extend("x-terraform" = REQUIRED))]
    pub mode: Attr<String>,
}

impl Function for IamPolicy {
    type Arguments = Arguments;
    type Return = String;

    const NAME: &'static str = "iam_policy";
    const SUMMARY: &'static str = "The IAM policy that the provider needs";

    fn call(&self, arguments: Arguments) -> Result<String, FunctionError> {
        let mode = arguments.mode.as_str().unwrap_or_default();
        let purpose: Purpose = mode.parse().map_err(|_| {
            let text = format!("{mode:?} is not a mode. Use one of: {}.", one_of::<Purpose>());
            FunctionError::of("mode", text)
        })?;
        Ok(policy(purpose))
    }
}

#[cfg(test)]
mod tests {
    use strum::IntoEnumIterator;

    use super::*;

    fn call(mode: &str) -> Result<String, FunctionError> {
        IamPolicy.call(Arguments { mode: mode.into() })
    }

    #[test]
    fn each_mode_has_its_policy() {
        for purpose in Purpose::iter() {
            assert_eq!(call(&purpose.to_string()), Ok(policy(purpose)));
        }
    }

    #[test]
    fn another_mode_is_refused_with_those_that_there_are() {
        let error = call("admin").unwrap_err();
        assert_eq!(error.parameter.as_deref(), Some("mode"));
        assert_eq!(
            error.text,
            "\"admin\" is not a mode. Use one of: audit, plan, apply."
        );
    }
}
