//! The report as JSON: the audit's own structure, sorted, with a newline at its end.

use std::io::Write;

use schemars::JsonSchema;
use schemars::generate::SchemaSettings;
use serde::Serialize;

use super::{Audit, ReportError};

/// Number of the structure below; a change that breaks readers raises it.
const FORMAT_VERSION: u32 = 1;

/// The json report of data source mirror_audit of the Terraform provider mirror-toolkit/mirror.
#[derive(Serialize, JsonSchema)]
#[schemars(title = "Audit of traffic mirroring")]
struct Document<'a> {
    /// Version of this structure; it is raised when a change breaks readers. New fields do not.
    format_version: u32,
    #[serde(flatten)]
    audit: &'a Audit,
}

/// Writes the report.
pub fn write(out: &mut dyn Write, audit: &Audit) -> Result<(), ReportError> {
    let document = Document {
        format_version: FORMAT_VERSION,
        audit,
    };
    serde_json::to_writer_pretty(&mut *out, &document)?;
    out.write_all(b"\n")?;
    Ok(())
}

/// The JSON Schema (draft 2020-12) of the json report: `docs/audit.schema.json`.
///
/// # Errors
///
/// Not expected to happen.
pub fn json_schema() -> Result<String, ReportError> {
    let settings = SchemaSettings::draft2020_12().for_serialize();
    let schema = settings.into_generator().into_root_schema_for::<Document<'_>>();
    Ok(serde_json::to_string_pretty(&schema)? + "\n")
}

#[cfg(test)]
mod tests {
    use super::super::samples::mixed;
    use super::super::{Format, render};

    #[test]
    fn the_structure_that_readers_rely_on() {
        let text = render(Format::Json, &mixed()).unwrap();
        let value: serde_json::Value = serde_json::from_str(&text).unwrap();
        assert_eq!(value["format_version"], 1);
        assert_eq!(value["as_of"], "2026-03-01T12:00:00Z");
        assert_eq!(value["summary"]["coverage_percent"], 60.0);
        assert_eq!(value["summary"]["status"], "NON_COMPLIANT");
        assert_eq!(value["interfaces"]["eni-2"]["reason"], "MISSING");
        assert_eq!(value["interfaces"]["eni-2"]["instance_id"], "i-1");
        assert_eq!(value["by_target"]["tmt-1"]["sessions"], 4);
        assert_eq!(value["by_target"]["tmt-1"]["eligible"], 3);
    }
}
