//! JSON arrays with one element a line, so that a large report stays small and a comparison of two shows what changed.

use std::collections::BTreeMap;
use std::io::Write;

use serde::Serialize;

use super::{Audit, AuditInterface, ReportError};

/// `[`, the elements, `]`.
pub fn array<T: Serialize>(
    out: &mut dyn Write,
    elements: impl Iterator<Item = T>,
) -> Result<(), ReportError> {
    out.write_all(b"[")?;
    push(out, elements)?;
    out.write_all(b"]\n")?;
    Ok(())
}

/// The network interfaces by region, as [`batches`] takes them.
pub fn by_region(audit: &Audit) -> BTreeMap<&str, Vec<(&str, &AuditInterface)>> {
    let mut regions: BTreeMap<&str, Vec<_>> = BTreeMap::new();
    for (id, interface) in &audit.interfaces {
        let of_region = regions.entry(interface.region.as_str()).or_default();
        of_region.push((id.as_str(), interface));
    }
    regions
}

/// An array of batches: objects with a `Region` and what `element` makes of at most `size`, under `name`. Each element is made when
/// it is written.
pub fn batches<'a, S, T: Serialize>(
    out: &mut dyn Write,
    name: &str,
    size: usize,
    by_region: impl IntoIterator<Item = (&'a str, Vec<S>)>,
    element: impl Fn(&S) -> T,
) -> Result<(), ReportError> {
    out.write_all(b"[")?;
    let mut separator = "\n";
    for (region, sources) in by_region {
        for batch in sources.chunks(size) {
            let region = serde_json::to_string(region)?;
            write!(out, "{separator}{{\"Region\":{region},\"{name}\":[")?;
            push(out, batch.iter().map(&element))?;
            out.write_all(b"]}")?;
            separator = ",\n";
        }
    }
    out.write_all(b"\n]\n")?;
    Ok(())
}

fn push<T: Serialize>(out: &mut dyn Write, elements: impl Iterator<Item = T>) -> Result<(), ReportError> {
    let mut separator: &[u8] = b"\n";
    for element in elements {
        out.write_all(separator)?;
        out.write_all(&serde_json::to_vec(&element)?)?;
        separator = b",\n";
    }
    out.write_all(b"\n")?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arrays_and_batches_are_json() {
        let array = |numbers: &[u8]| {
            let mut out = Vec::new();
            array(&mut out, numbers.iter()).unwrap();
            String::from_utf8(out).unwrap()
        };
        let batches = |regions: Vec<(&str, Vec<u8>)>| {
            let mut out = Vec::new();
            batches(&mut out, "E", 2, regions, |number| *number).unwrap();
            String::from_utf8(out).unwrap()
        };
        assert_eq!(array(&[1, 2]), "[\n1,\n2\n]\n");
        assert_eq!(array(&[]), "[\n]\n");
        let regions = vec![("a", vec![1, 2, 3]), ("b", vec![4])];
        let value: serde_json::Value = serde_json::from_str(&batches(regions)).unwrap();
        let expected = serde_json::json!([
            {"Region": "a", "E": [1, 2]}, {"Region": "a", "E": [3]}, {"Region": "b", "E": [4]},
        ]);
        assert_eq!(value, expected);
        assert_eq!(batches(Vec::new()), "[\n]\n");
    }
}
