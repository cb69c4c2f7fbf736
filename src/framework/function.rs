//! [`Function`]: one provider function, `provider::NAME::function(…)` in a configuration.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::attr::Attr;
use super::error::ValueError;
use super::model::{Model, from_value, to_value};
use super::path::Step;
use super::schema::{Attribute, Schema, Type};
use super::value::Value;
use super::walker::{SchemaError, schema_of};

/// A function: the same arguments always give the same value. Core calls it before the provider is configured, so it knows
/// no account.
pub trait Function: Send + Sync + 'static {
    /// The parameters: the fields of the struct, in their order. Its doc comment describes the function, theirs the parameters. Core
    /// asks for none of them null or unknown.
    type Arguments: Model;
    /// What it gives: a struct is an object, whose doc comments are not shown anywhere.
    type Return: Model;

    /// Name of the function, without the provider's.
    const NAME: &'static str;
    /// One sentence.
    const SUMMARY: &'static str;

    /// Evaluates it.
    ///
    /// # Errors
    ///
    /// For arguments that have no value.
    fn call(&self, arguments: Self::Arguments) -> Result<Self::Return, FunctionError>;
}

/// Why a function has no value.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{text}")]
pub struct FunctionError {
    /// What is wrong, and what to do next.
    pub text: String,
    /// The parameter at fault, if one is.
    pub parameter: Option<String>,
}

impl FunctionError {
    /// An error of one parameter.
    pub fn of(parameter: impl Into<String>, text: impl Into<String>) -> Self {
        Self {
            text: text.into(),
            parameter: Some(parameter.into()),
        }
    }
}

/// What core must know of a function.
#[derive(Debug, Clone)]
pub struct Signature {
    /// The parameters as attributes, in their order.
    pub parameters: Vec<Attribute>,
    /// Type of the value.
    pub returns: Type,
    /// One sentence.
    pub summary: &'static str,
    /// The rest, in Markdown.
    pub description: String,
}

/// A function of any type, made by [`function`].
pub trait AnyFunction: Send + Sync + 'static {
    /// Name of the function.
    fn name(&self) -> &'static str;
    /// What core must know of it.
    ///
    /// # Errors
    ///
    /// A parameter or the value has no type in Terraform.
    fn signature(&self) -> Result<Signature, SchemaError>;
    /// [`Function::call`], with the arguments by their names.
    ///
    /// # Errors
    ///
    /// For arguments that do not fit or have no value.
    fn call(&self, arguments: Value) -> Result<Value, FunctionError>;
}

/// A function as [`super::Provider::functions`] wants it.
pub fn function<F: Function>(function: F) -> Box<dyn AnyFunction> {
    Box::new(ErasedFunction(function))
}

struct ErasedFunction<F>(F);

/// Gives the type of a value that is no block.
#[derive(Serialize, Deserialize, JsonSchema)]
#[serde(bound = "")]
struct Answer<T: Model> {
    /// The value.
    #[schemars(extend("x-terraform" = super::mark::COMPUTED))]
    answer: Attr<T>,
}

const ANSWER: &str = "answer";

impl<F: Function> AnyFunction for ErasedFunction<F> {
    fn name(&self) -> &'static str {
        F::NAME
    }

    fn signature(&self) -> Result<Signature, SchemaError> {
        let Schema { block, .. } = schema_of::<F::Arguments>(0)?;
        let answer = schema_of::<Answer<F::Return>>(0)?;
        let returns = answer.block.attributes.first().map(Attribute::implied_type);
        Ok(Signature {
            parameters: block.attributes,
            returns: returns.unwrap_or(Type::Dynamic),
            summary: F::SUMMARY,
            description: block.description,
        })
    }

    fn call(&self, arguments: Value) -> Result<Value, FunctionError> {
        let arguments = from_value(arguments).map_err(|error| unfit(&error))?;
        let answer = Attr::Known(self.0.call(arguments)?);
        match to_value(&Answer { answer }).map_err(|error| unfit(&error))? {
            Value::Map(mut fields) => Ok(fields.remove(ANSWER).unwrap_or(Value::Null)),
            other => Ok(other),
        }
    }
}

/// A value that does not fit: the parameter is at fault.
pub(super) fn unfit(error: &ValueError) -> FunctionError {
    let parameter = match error.path.steps().first() {
        Some(Step::Attribute(name) | Step::Key(name)) => Some(name.clone()),
        _ => None,
    };
    FunctionError {
        text: format!("{error}. Give a value that fits."),
        parameter,
    }
}
