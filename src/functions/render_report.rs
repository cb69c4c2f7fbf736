//! `render_report(format, audit)`: a report of an audit that was read already.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::one_of;
use crate::framework::{Any, Attr, Function, FunctionError, REQUIRED, encode_json};
use crate::report::{self, Audit, Format, ReportError};

/// The function `render_report`.
#[derive(Debug)]
pub struct RenderReport;

/// Renders the report of an audit in one format, as `formats` of `mirror_audit` does: for an audit that comes from elsewhere, a
/// module's output or another run's, or for one more format without another look at the account.
///
/// The same audit gives the same text.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
pub struct Arguments {
    /// `json`, `csv`, `html`, `asff`, `ocsf`, `aws_config` or `openmetrics`.
    #[schemars(extend("x-terraform" = REQUIRED))]
    pub format: Attr<String>,
    /// The whole of a data source: `data.mirror_audit.NAME`.
    #[schemars(extend("x-terraform" = REQUIRED))]
    pub audit: Any,
}

impl Function for RenderReport {
    type Arguments = Arguments;
    type Return = String;

    const NAME: &'static str = "render_report";
    const SUMMARY: &'static str = "An audit as a report";

    fn call(&self, arguments: Arguments) -> Result<String, FunctionError> {
        let format = arguments.format.as_str().unwrap_or_default();
        let format: Format = format.parse().map_err(|_| {
            let text = format!("{format:?} is not a format. Use one of: {}.", one_of::<Format>());
            FunctionError::of("format", text)
        })?;
        let audit = audit(&arguments.audit)?;
        report::render(format, &audit).map_err(|error| {
            let advice = match error {
                ReportError::NoTime(_) => "Set as_of of mirror_audit.",
                _ => "Use another format.",
            };
            FunctionError::of("audit", format!("{error}. {advice}"))
        })
    }
}

/// The audit that a data source shows. Its attributes have the names of the report's own fields, so that each new one comes along.
fn audit(shown: &Any) -> Result<Audit, FunctionError> {
    let value = shown.0.untyped();
    let unfit = |why: String| {
        let text = format!(
            "It is not what mirror_audit shows: {why}. Give the whole data source, data.mirror_audit.NAME."
        );
        FunctionError::of("audit", text)
    };
    // The types of values that are null do not matter here.
    let json = encode_json(value, &value.implied_type()).map_err(|error| unfit(error.to_string()))?;
    serde_json::from_slice(&json).map_err(|error| unfit(error.to_string()))
}

#[cfg(test)]
mod tests {
    use strum::IntoEnumIterator;

    use super::*;
    use crate::audit::AuditModel;
    use crate::framework::{Value, decode_msgpack, encode_msgpack, schema_of, to_value};
    use crate::report::samples;

    /// The audit as core hands it to a function: with the type of the data source, which a value alone does not tell.
    fn shown(audit: &Audit) -> Any {
        let mut model = AuditModel::default();
        model.fill(audit, Default::default());
        let schema = schema_of::<AuditModel>(0).unwrap();
        let mut value = to_value(&model).unwrap();
        schema.complete(&mut value);
        let kind = schema.implied_type();
        let bytes = encode_msgpack(&value, &kind).unwrap();
        let value = decode_msgpack(&bytes, &kind).unwrap();
        Any(Value::Typed(Box::new(kind), Box::new(value)))
    }

    fn render(format: &str, audit: Any) -> Result<String, FunctionError> {
        let format = format.into();
        RenderReport.call(Arguments { format, audit })
    }

    proptest::proptest! {
        #![proptest_config(proptest::prelude::ProptestConfig::with_cases(48))]

        /// Field by field: what the data source shows of an audit is all of it.
        #[test]
        fn an_audit_comes_back_whole(original in samples::any_audit()) {
            proptest::prop_assert_eq!(&audit(&shown(&original)).unwrap(), &original);
        }
    }

    #[test]
    fn every_format_is_the_data_sources_own() {
        for original in [samples::mixed(), samples::hostile()] {
            for format in Format::iter() {
                assert_eq!(
                    render(&format.to_string(), shown(&original)),
                    Ok(report::render(format, &original).unwrap())
                );
            }
        }
    }

    #[test]
    fn what_is_no_audit_is_refused() {
        let error = render("json", Any(Value::Map([].into()))).unwrap_err();
        assert_eq!(error.parameter.as_deref(), Some("audit"));
        assert!(error.text.contains("account_id"), "{}", error.text);
        let error = render("json", Any(Value::String("audit".into()))).unwrap_err();
        assert_eq!(error.parameter.as_deref(), Some("audit"));
        let error = render("pdf", shown(&samples::mixed())).unwrap_err();
        assert_eq!(error.parameter.as_deref(), Some("format"));
        assert!(error.text.contains("\"pdf\" is not a format") && error.text.contains("openmetrics"));
        let timeless = Audit {
            as_of: None,
            ..samples::mixed()
        };
        let error = render("asff", shown(&timeless)).unwrap_err();
        assert!(error.text.contains("as_of"), "{}", error.text);
    }
}
