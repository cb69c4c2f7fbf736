//! `instance_type_support(type)`: whether AWS documents an instance type as a source of mirrored traffic.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::framework::{Attr, Function, FunctionError, REQUIRED};
use crate::planner;

/// The function `instance_type_support`.
#[derive(Debug)]
pub struct InstanceTypeSupport;

/// Tells whether network interfaces of an instance type can be mirrored, by the families that the Traffic Mirroring guide of AWS
/// names. It is what `mirror_coverage` plans by.
///
/// It gives an object:
///
/// - `support`: `supported`, `unsupported` or `unknown`. An unknown type is on no list: `mirror_coverage` tries it, and EC2 judges.
/// - `reason`: why, in words.
/// - `table_date`: date of the guide that the answer speaks for.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
pub struct Arguments {
    /// An instance type, for example `m5.large`. Case does not matter.
    #[schemars(extend("x-terraform" = REQUIRED))]
    pub instance_type: Attr<String>,
}

/// What is known of the type.
#[derive(Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Answer {
    /// `supported`, `unsupported` or `unknown`.
    pub support: Attr<String>,
    /// Why, in words.
    pub reason: Attr<String>,
    /// Date of the table.
    pub table_date: Attr<String>,
}

impl Function for InstanceTypeSupport {
    type Arguments = Arguments;
    type Return = Answer;

    const NAME: &'static str = "instance_type_support";
    const SUMMARY: &'static str = "Whether an instance type can be mirrored";

    fn call(&self, arguments: Arguments) -> Result<Answer, FunctionError> {
        let instance_type = arguments.instance_type.as_str().unwrap_or_default();
        let (support, reason) = planner::instance_type_support(instance_type);
        Ok(Answer {
            support: support.to_string().into(),
            reason: reason.into(),
            table_date: planner::instance_types_date().into(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_kind_of_answer_with_its_reason_and_date() {
        for (instance_type, support) in [
            ("m5.large", "supported"),
            ("t2.micro", "unsupported"),
            ("zz9.large", "unknown"),
            ("", "unknown"),
        ] {
            let arguments = Arguments {
                instance_type: instance_type.into(),
            };
            let answer = InstanceTypeSupport.call(arguments).unwrap();
            assert_eq!(answer.support, support.into(), "{instance_type}");
            assert_eq!(
                answer.reason,
                planner::instance_type_support(instance_type).1.into()
            );
            assert_eq!(answer.table_date, planner::instance_types_date().into());
        }
        assert_eq!(planner::instance_types_date().len(), "2025-08-28".len());
    }
}
