//! The report as CSV: a heading, then one line for each network interface.

use ::csv::{Writer, WriterBuilder};

use super::text::plain;
use super::{Audit, AuditInterface, ReportError};

const COLUMNS: [&str; 17] = [
    "account_id",
    "region",
    "network_interface_id",
    "status",
    "reason",
    "detail",
    "advice",
    "instance_id",
    "instance_name",
    "instance_type",
    "vpc_id",
    "subnet_id",
    "availability_zone",
    "session_ids",
    "traffic_mirror_target_ids",
    "virtual_network_id",
    "as_of",
];

/// Renders the audit. Lists are separated by spaces. A cell that a spreadsheet would run as a formula begins with an apostrophe.
pub fn render(audit: &Audit) -> Result<String, ReportError> {
    let mut writer = WriterBuilder::new().from_writer(Vec::new());
    write(&mut writer, audit).map_err(|error| ReportError::Csv(error.into()))?;
    let bytes = writer
        .into_inner()
        .map_err(|error| ReportError::Csv(error.to_string().into()))?;
    String::from_utf8(bytes).map_err(|error| ReportError::Csv(error.into()))
}

fn write(writer: &mut Writer<Vec<u8>>, audit: &Audit) -> Result<(), ::csv::Error> {
    let as_of = audit.as_of.map(|time| time.to_string()).unwrap_or_default();
    writer.write_record(COLUMNS)?;
    for (id, interface) in &audit.interfaces {
        let AuditInterface {
            status,
            reason,
            detail,
            advice,
            instance_id,
            instance_name,
            instance_type,
            vpc_id,
            subnet_id,
            availability_zone,
            region,
            session_ids,
            session_statuses: _,
            traffic_mirror_target_ids,
            virtual_network_id,
        } = interface;
        let cells = [
            cell(&audit.account_id),
            cell(region),
            cell(id),
            status.to_string(),
            reason.to_string(),
            cell(detail),
            cell(advice),
            optional(instance_id),
            optional(instance_name),
            optional(instance_type),
            optional(vpc_id),
            optional(subnet_id),
            optional(availability_zone),
            cell(&session_ids.join(" ")),
            cell(&traffic_mirror_target_ids.join(" ")),
            virtual_network_id.map(|id| id.to_string()).unwrap_or_default(),
            as_of.clone(),
        ];
        writer.write_record(cells)?;
    }
    Ok(())
}

fn optional(text: &Option<String>) -> String {
    text.as_deref().map(cell).unwrap_or_default()
}

/// Spreadsheets run what begins so, also after spaces, as a formula (OWASP, "CSV Injection").
const FORMULAS: [char; 10] = ['=', '+', '-', '@', '|', '%', '＝', '＋', '－', '＠'];

fn cell(text: &str) -> String {
    let text = plain(text);
    if text.trim_start().starts_with(FORMULAS) {
        format!("'{text}")
    } else {
        text.into_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::super::samples::{hostile, mixed};
    use super::*;

    #[test]
    fn one_line_for_each_interface() {
        let text = render(&mixed()).unwrap();
        assert_eq!(text.lines().count(), 7);
        assert_eq!(text.lines().next().unwrap(), COLUMNS.join(","));
        assert!(
            text.lines()
                .nth(3)
                .unwrap()
                .ends_with(",tms-i-2-0 tms-i-2-1 tms-i-2-2,tmt-1 tmt-1 tmt-2,7,2026-03-01T12:00:00Z")
        );
    }

    #[test]
    fn no_cell_is_a_formula_or_a_second_line() {
        let audit = hostile();
        let text = render(&audit).unwrap();
        assert_eq!(text.lines().count(), 1 + audit.interfaces.len());
        let mut reader = ::csv::Reader::from_reader(text.as_bytes());
        for record in reader.records() {
            for cell in &record.unwrap() {
                assert!(!cell.trim_start().starts_with(['=', '+', '-', '@']), "{cell}");
            }
        }
        assert!(text.contains("'=cmd|"));
    }
}
