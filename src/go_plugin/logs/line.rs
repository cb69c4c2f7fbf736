use serde_json::{Map, Value};

/// The longest line, its break included. Hosts read 64 KiB at a time, and a line
/// that is longer reaches the user's log in pieces, as text.
pub const MAX_LINE: usize = 64_000;

/// One line before it is written.
#[derive(Debug)]
pub struct Line {
    /// hclog's name of the level.
    pub level: &'static str,
    /// Dotted, as hclog has it.
    pub module: String,
    /// As hclog formats it.
    pub timestamp: String,
    /// The event's text.
    pub message: String,
    /// Everything else.
    pub fields: Map<String, Value>,
}

impl Line {
    /// The line with its break, cut to `max` bytes: long strings lose their ends
    /// first, and if there are simply too many fields, the last ones go. The
    /// level, the text's beginning, module and time always stay.
    pub fn render(mut self, max: usize) -> String {
        let mut keep = max;
        loop {
            let line = self.json();
            if line.len() <= max {
                return line;
            }
            if keep > 64 {
                keep /= 4;
                self.cut_strings(keep);
            } else if self.fields.is_empty() {
                return line;
            } else {
                let half = self.fields.len() / 2;
                self.fields = self.fields.into_iter().take(half).collect();
            }
        }
    }

    fn json(&self) -> String {
        let mut object = self.fields.clone();
        let own = [
            ("@level", self.level),
            ("@message", &self.message),
            ("@module", &self.module),
            ("@timestamp", &self.timestamp),
        ];
        object.extend(own.map(|(key, value)| (key.to_owned(), Value::from(value))));
        format!("{}\n", Value::Object(object))
    }

    fn cut_strings(&mut self, keep: usize) {
        cut(&mut self.message, keep);
        for value in self.fields.values_mut() {
            if let Value::String(text) = value {
                cut(text, keep);
            }
        }
    }
}

/// Leaves the first `keep` bytes or a little less, and says how much is missing.
fn cut(text: &mut String, keep: usize) {
    if text.len() <= keep {
        return;
    }
    let end = text.floor_char_boundary(keep);
    let missing = text.len() - end;
    text.truncate(end);
    text.push_str(&format!("… ({missing} bytes cut)"));
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(message: String, fields: Map<String, Value>) -> Line {
        Line {
            level: "info",
            module: "demo".into(),
            timestamp: "now".into(),
            message,
            fields,
        }
    }

    fn rendered(line: Line) -> Value {
        let text = line.render(MAX_LINE);
        assert!(text.len() <= MAX_LINE, "{} bytes", text.len());
        assert_eq!(text.matches('\n').count(), 1);
        serde_json::from_str(&text).expect("JSON")
    }

    #[test]
    fn a_short_line_stays_as_it_is() {
        let fields = Map::from_iter([
            ("n".to_owned(), Value::from(1)),
            ("s".to_owned(), Value::from("x")),
        ]);
        let text = line("hello".into(), fields).render(MAX_LINE);
        assert_eq!(
            text,
            "{\"@level\":\"info\",\"@message\":\"hello\",\"@module\":\"demo\",\"@timestamp\":\"now\",\"n\":1,\"s\":\"x\"}\n"
        );
    }

    #[test]
    fn long_strings_are_cut_and_short_ones_stay() {
        let fields = Map::from_iter([
            ("body".to_owned(), Value::from("ä".repeat(100_000))),
            ("id".to_owned(), Value::from("eni-1")),
        ]);
        let value = rendered(line("text".into(), fields));
        assert_eq!(
            (&value["@message"], &value["id"]),
            (&Value::from("text"), &Value::from("eni-1"))
        );
        let body = value["body"].as_str().expect("a string");
        assert!(
            body.len() > 10_000 && body.ends_with("bytes cut)"),
            "{}",
            body.len()
        );
    }

    #[test]
    fn what_escapes_badly_still_fits() {
        let value = rendered(line("\u{1}".repeat(200_000), Map::new()));
        assert!(value["@message"].as_str().expect("a string").len() > 1000);
    }

    #[test]
    fn too_many_fields_lose_the_last() {
        let fields = (0..20_000)
            .map(|n| (format!("field-{n:05}"), Value::from(n)))
            .collect();
        let value = rendered(line("text".into(), fields));
        assert_eq!(value["field-00000"], 0);
        assert_eq!(value["@message"], "text");
    }
}
