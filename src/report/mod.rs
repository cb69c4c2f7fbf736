//! Reports of an audit: pure functions from its values to text.
//!
//! [`Audit`] is what every report is made of. The same audit gives the same bytes: everything is sorted, and the only
//! time in a report is the audit's own `as_of`. Names, tags and details are text that anybody may have chosen, so each
//! format escapes what it would give a meaning to.

mod asff;
mod audit;
mod csv;
mod evaluations;
mod finding;
mod html;
mod json;
mod json_lines;
mod ocsf;
mod openmetrics;
mod roll_up;
#[cfg(test)]
pub(crate) mod samples;
mod text;
mod timestamp;

use std::io;

use strum::{Display, EnumIter, EnumString};

pub use audit::{Audit, AuditCounts, AuditInstance, AuditInterface, AuditSession, AuditSummary, AuditTarget};
pub use json::json_schema;
pub use roll_up::Scope;
pub use timestamp::{Timestamp, TimestampError};

/// The formats that an audit can be rendered in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Display, EnumString, EnumIter)]
#[strum(serialize_all = "snake_case")]
pub enum Format {
    /// Everything, for programs; `docs/audit.schema.json` describes it.
    Json,
    /// One line for each network interface, for spreadsheets.
    Csv,
    /// One page for a browser.
    Html,
    /// Findings for AWS Security Hub's BatchImportFindings.
    Asff,
    /// Compliance Findings of the Open Cybersecurity Schema Framework.
    Ocsf,
    /// Evaluations for AWS Config's PutEvaluations.
    AwsConfig,
    /// Figures for Prometheus.
    Openmetrics,
}

/// The report could not be written.
#[derive(Debug, thiserror::Error)]
pub enum ReportError {
    /// The format needs a time, and neither the configuration nor the data has one.
    #[error("the {0} report needs a time, and nothing in the account tells one")]
    NoTime(Format),
    /// A value has no form in JSON.
    #[error("the report could not be written as JSON")]
    Json(#[from] serde_json::Error),
    /// A value has no form in CSV.
    #[error("the csv report could not be written")]
    Csv(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// It could not be handed on.
    #[error("the report could not be written out")]
    Out(#[from] io::Error),
    /// The page could not be filled in.
    #[error("the html report could not be written")]
    Html(#[from] askama::Error),
}

/// Whether the audit can be rendered: the error that [`render`] would end in, without its work.
///
/// # Errors
///
/// [`ReportError::NoTime`], as [`render`] has it.
pub fn renders(format: Format, audit: &Audit) -> Result<(), ReportError> {
    let needs_time = matches!(format, Format::Asff | Format::Ocsf | Format::AwsConfig);
    match needs_time && audit.as_of.is_none() && !audit.interfaces.is_empty() {
        true => Err(ReportError::NoTime(format)),
        false => Ok(()),
    }
}

/// Renders the audit.
///
/// # Errors
///
/// [`ReportError::NoTime`] for `asff`, `ocsf` and `aws_config` of an audit that has findings and no `as_of`. The others are not
/// expected to happen.
pub fn render(format: Format, audit: &Audit) -> Result<String, ReportError> {
    let mut out = Vec::new();
    write(format, audit, &mut out)?;
    String::from_utf8(out).map_err(|error| io::Error::other(error).into())
}

/// Writes what [`render`] renders, as UTF-8.
///
/// # Errors
///
/// As [`render`], and those of `out`.
pub fn write(format: Format, audit: &Audit, out: &mut dyn io::Write) -> Result<(), ReportError> {
    renders(format, audit)?;
    match format {
        Format::Json => json::write(out, audit),
        Format::Csv => Ok(out.write_all(csv::render(audit)?.as_bytes())?),
        Format::Html => Ok(out.write_all(html::render(audit)?.as_bytes())?),
        Format::Asff => asff::write(out, audit),
        Format::Ocsf => ocsf::write(out, audit),
        Format::AwsConfig => evaluations::write(out, audit),
        Format::Openmetrics => Ok(out.write_all(openmetrics::render(audit).as_bytes())?),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use strum::IntoEnumIterator;

    use super::samples::{any_audit, hostile, mixed};
    use super::*;

    #[test]
    fn every_format_renders_every_sample() {
        for audit in [mixed(), hostile(), Audit::default()] {
            for format in Format::iter() {
                renders(format, &audit).unwrap();
                let text = render(format, &audit).unwrap_or_else(|error| panic!("{format}: {error}"));
                assert!(text.ends_with('\n'), "{format}");
            }
        }
    }

    #[test]
    fn without_a_time_only_formats_without_times_render() {
        let timeless = Audit {
            as_of: None,
            ..mixed()
        };
        for format in Format::iter() {
            let rendered = render(format, &timeless);
            let needs_time = matches!(format, Format::Asff | Format::Ocsf | Format::AwsConfig);
            assert_eq!(
                matches!(rendered, Err(ReportError::NoTime(_))),
                needs_time,
                "{format}"
            );
            assert_eq!(renders(format, &timeless).is_err(), needs_time, "{format}");
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(48))]

        /// Also after a way through JSON, which is how the sample programs and functions get an audit.
        #[test]
        fn the_same_audit_gives_the_same_bytes(audit in any_audit()) {
            let again: Audit = serde_json::from_str(&render(Format::Json, &audit).unwrap()).unwrap();
            prop_assert_eq!(&again, &audit);
            for format in Format::iter() {
                prop_assert_eq!(render(format, &again).unwrap(), render(format, &audit).unwrap());
            }
        }
    }
}
