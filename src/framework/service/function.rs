//! Functions: what they take and give, and their calls.

use std::collections::BTreeMap;

use super::Service;
use super::offer::FunctionOffer;
use crate::framework::decode_json::{Attributes, decode_json};
use crate::framework::decode_msgpack::decode_msgpack;
use crate::framework::diagnostics::Diagnostics;
use crate::framework::encode_msgpack::encode_msgpack;
use crate::framework::error::ValueError;
use crate::framework::function::{FunctionError, Signature, unfit};
use crate::framework::provider::Provider;
use crate::framework::schema::{Attribute, Type};
use crate::framework::value::Value;
use crate::proto::tfplugin6 as proto;
use crate::proto::tfplugin6::{call_function, function, get_functions};

impl<P: Provider> Service<P> {
    pub(super) fn functions(&self) -> BTreeMap<String, proto::Function> {
        let functions = self.offer.functions.iter();
        functions
            .map(|(name, offer)| ((*name).to_owned(), described(&offer.signature)))
            .collect()
    }

    pub(super) fn get_functions(&self) -> get_functions::Response {
        get_functions::Response {
            functions: self.functions().into_iter().collect(),
            diagnostics: Vec::new(),
        }
    }

    pub(super) fn call_function(&self, request: &call_function::Request) -> call_function::Response {
        let Some(offer) = self.offer.functions.get(request.name.as_str()) else {
            let text = format!(
                "This provider has no function {:?}. Check the spelling and the provider's version.",
                request.name
            );
            return failed(
                FunctionError {
                    text,
                    parameter: None,
                },
                &[],
            );
        };
        match evaluated(offer, &request.arguments) {
            Ok(result) => call_function::Response {
                result: Some(result),
                error: None,
            },
            Err(error) => failed(error, &offer.signature.parameters),
        }
    }
}

/// An answer that is an error, with the position of the argument at fault.
fn failed(error: FunctionError, parameters: &[Attribute]) -> call_function::Response {
    let position = |name: &String| parameters.iter().position(|parameter| parameter.name == *name);
    let position = error.parameter.as_ref().and_then(position);
    call_function::Response {
        result: None,
        error: Some(proto::FunctionError {
            text: error.text,
            function_argument: position.and_then(|position| i64::try_from(position).ok()),
        }),
    }
}

/// The answer to a call that ended in a panic.
pub(super) fn broken(diagnostics: Diagnostics) -> call_function::Response {
    let text = diagnostics
        .iter()
        .map(|diagnostic| format!("{}: {}", diagnostic.summary, diagnostic.detail))
        .collect();
    failed(
        FunctionError {
            text,
            parameter: None,
        },
        &[],
    )
}

fn evaluated(
    offer: &FunctionOffer,
    sent: &[proto::DynamicValue],
) -> Result<proto::DynamicValue, FunctionError> {
    let Signature {
        parameters, returns, ..
    } = &offer.signature;
    if sent.len() != parameters.len() {
        let text = format!(
            "It takes {} arguments and was given {}.",
            parameters.len(),
            sent.len()
        );
        return Err(FunctionError {
            text,
            parameter: None,
        });
    }
    let mut arguments = BTreeMap::new();
    for (parameter, sent) in parameters.iter().zip(sent) {
        let value = decoded(sent, &parameter.implied_type()).map_err(|error| FunctionError {
            parameter: Some(parameter.name.clone()),
            ..unfit(&error)
        })?;
        arguments.insert(parameter.name.clone(), value);
    }
    let value = offer.function.call(Value::Map(arguments))?;
    let msgpack = encode_msgpack(&value, returns).map_err(|error| unfit(&error))?;
    Ok(proto::DynamicValue {
        msgpack,
        json: Vec::new(),
    })
}

fn decoded(sent: &proto::DynamicValue, kind: &Type) -> Result<Value, ValueError> {
    match (sent.msgpack.as_slice(), sent.json.as_slice()) {
        ([], []) => Ok(Value::Null),
        ([], json) => decode_json(json, kind, Attributes::Exact),
        (msgpack, _) => decode_msgpack(msgpack, kind),
    }
}

fn described(signature: &Signature) -> proto::Function {
    let markdown = proto::StringKind::Markdown;
    let parameter = |parameter: &Attribute| function::Parameter {
        name: parameter.name.clone(),
        r#type: parameter.implied_type().to_json(),
        allow_null_value: false,
        allow_unknown_values: false,
        description: parameter.description.clone(),
        description_kind: markdown.into(),
    };
    proto::Function {
        parameters: signature.parameters.iter().map(parameter).collect(),
        r#return: Some(function::Return {
            r#type: signature.returns.to_json(),
        }),
        summary: signature.summary.to_owned(),
        description: signature.description.clone(),
        description_kind: markdown.into(),
        ..proto::Function::default()
    }
}
