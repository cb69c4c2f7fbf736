//! JSON arrays with one element a line, so that a large report stays small and a comparison of two shows what changed.

use serde::Serialize;

use super::ReportError;

/// `[`, the elements, `]`.
pub fn array<T: Serialize>(elements: impl Iterator<Item = T>) -> Result<String, ReportError> {
    let mut text = String::from("[");
    push(&mut text, elements)?;
    text.push_str("]\n");
    Ok(text)
}

/// An array of batches: objects with a `Region` and the elements, at most `size` in each, under `name`. The elements come
/// in the order of their regions.
pub fn batches<T: Serialize>(
    name: &str,
    size: usize,
    by_region: impl IntoIterator<Item = (String, Vec<T>)>,
) -> Result<String, ReportError> {
    let mut text = String::from("[");
    for (region, elements) in by_region {
        for batch in elements.chunks(size) {
            let region = serde_json::to_string(&region)?;
            text.push_str(if text == "[" { "\n" } else { ",\n" });
            text.push_str(&format!("{{\"Region\":{region},\"{name}\":["));
            push(&mut text, batch.iter())?;
            text.push_str("]}");
        }
    }
    text.push_str("\n]\n");
    Ok(text)
}

fn push<T: Serialize>(text: &mut String, elements: impl Iterator<Item = T>) -> Result<(), ReportError> {
    let mut separator = "\n";
    for element in elements {
        text.push_str(separator);
        text.push_str(&serde_json::to_string(&element)?);
        separator = ",\n";
    }
    text.push('\n');
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arrays_and_batches_are_json() {
        assert_eq!(array([1, 2].iter()).unwrap(), "[\n1,\n2\n]\n");
        assert_eq!(array(std::iter::empty::<u8>()).unwrap(), "[\n]\n");
        let regions = [("a".to_owned(), vec![1, 2, 3]), ("b".to_owned(), vec![4])];
        let value: serde_json::Value = serde_json::from_str(&batches("E", 2, regions).unwrap()).unwrap();
        let expected = serde_json::json!([
            {"Region": "a", "E": [1, 2]}, {"Region": "a", "E": [3]}, {"Region": "b", "E": [4]},
        ]);
        assert_eq!(value, expected);
        assert_eq!(batches::<u8>("E", 2, []).unwrap(), "[\n]\n");
    }
}
