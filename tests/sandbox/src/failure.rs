//! An error answer: status, AWS's own code, message.

use std::borrow::Cow;

/// What an action answers instead of its result.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{code}: {message}")]
pub struct Failure {
    /// The HTTP status.
    pub status: u16,
    /// AWS's error code.
    pub code: Cow<'static, str>,
    /// The text for people.
    pub message: String,
}

impl Failure {
    /// A client error (400) with a code of its own.
    pub fn new(code: impl Into<Cow<'static, str>>, message: impl Into<String>) -> Self {
        Self {
            status: 400,
            code: code.into(),
            message: message.into(),
        }
    }

    /// The same failure with another HTTP status.
    pub fn with_status(self, status: u16) -> Self {
        Self { status, ..self }
    }

    /// A value outside what the parameter allows.
    pub fn invalid_parameter(message: impl Into<String>) -> Self {
        Self::new("InvalidParameterValue", message)
    }

    /// Parameters that exclude each other.
    pub fn invalid_combination(message: impl Into<String>) -> Self {
        Self::new("InvalidParameterCombination", message)
    }

    /// A required parameter is missing.
    pub fn missing_parameter(name: &str) -> Self {
        Self::new(
            "MissingParameter",
            format!("The request must contain the parameter {name}"),
        )
    }

    /// A parameter that the action does not have.
    pub fn unknown_parameter(name: &str) -> Self {
        Self::new(
            "UnknownParameter",
            format!("The parameter {name} is not recognized"),
        )
    }

    /// A page size outside the action's range.
    pub fn invalid_max_results(value: i64, min: Option<i64>, max: Option<i64>) -> Self {
        let bound = match (min, max) {
            (Some(min), _) if value < min => format!("greater than or equal to {min}"),
            (_, Some(max)) => format!("less than or equal to {max}"),
            _ => "in range".to_owned(),
        };
        let text = format!("Value ({value}) for parameter maxResults is invalid. Expecting a value {bound}.");
        Self::new("InvalidMaxResults", text)
    }

    /// A DryRun that would have succeeded.
    pub fn dry_run() -> Self {
        Self::new(
            "DryRunOperation",
            "Request would have succeeded, but DryRun flag is set.",
        )
        .with_status(412)
    }

    /// Unsigned, signed by an unknown key, or signed wrongly.
    pub fn auth(message: impl Into<String>) -> Self {
        Self::new("AuthFailure", message).with_status(401)
    }

    /// Denied by IAM, for want of a permission such as `ec2:CreateTags`.
    pub fn unauthorized(principal: &str, permission: &str) -> Self {
        let text = format!(
            "You are not authorized to perform this operation. User: {principal} is not authorized to perform: \
             {permission} because no identity-based policy allows the {permission} action"
        );
        Self::new("UnauthorizedOperation", text).with_status(403)
    }

    /// A fault of the server.
    pub fn internal(message: impl Into<String>) -> Self {
        Self::new("InternalError", message).with_status(500)
    }

    /// The same failure in the words of STS and elbv2, which name common errors differently.
    pub fn in_query_words(self) -> Self {
        let (code, status) = match &*self.code {
            "MissingParameter" | "InvalidParameterValue" | "UnknownParameter" | "InvalidMaxResults" => {
                ("ValidationError", 400)
            }
            "UnauthorizedOperation" => ("AccessDenied", 403),
            "RequestLimitExceeded" => ("Throttling", 400),
            "InternalError" => ("InternalFailure", 500),
            "Unavailable" => ("ServiceUnavailable", 503),
            _ => return self,
        };
        Self {
            code: code.into(),
            status,
            message: self.message,
        }
    }
}
