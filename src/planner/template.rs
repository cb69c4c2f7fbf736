//! The templates of `description` and `name_tag`.

use std::fmt;

/// Longest description that a template yields, in characters. The API documents no limit for a session's description; this
/// is what it documents for those of other resources, such as security groups and snapshots.
pub const MAX_DESCRIPTION: usize = 255;
/// Longest value of a tag, in characters (EC2 tag restrictions).
pub const MAX_TAG_VALUE: usize = 256;

const ALLOWED: &str = "{instance_id}, {instance_name} and {network_interface_id}";

/// A text with placeholders.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Template(Vec<Part>);

#[derive(Debug, Clone, PartialEq, Eq)]
enum Part {
    Text(String),
    InstanceId,
    InstanceName,
    NetworkInterfaceId,
}

/// What the placeholders stand for.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct TemplateValues<'a> {
    pub network_interface_id: &'a str,
    /// None when no instance is visible.
    pub instance_id: Option<&'a str>,
    /// The instance's tag `Name`.
    pub instance_name: Option<&'a str>,
}

/// The text is not a template. Positions count characters from 1.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TemplateError {
    #[error(
        "{{{name}}} at character {position} is not a placeholder; there are {ALLOWED}, and {{{{ for a brace"
    )]
    Unknown { name: String, position: usize },
    #[error("the brace at character {position} is not closed; write {{{{ for a brace, or one of {ALLOWED}")]
    Unclosed { position: usize },
    #[error("the brace at character {position} closes nothing; write }}}} for a brace")]
    Unopened { position: usize },
}

impl Template {
    /// Reads the text.
    pub fn parse(text: &str) -> Result<Self, TemplateError> {
        let mut parts = Vec::new();
        let mut literal = String::new();
        let mut chars = (1..).zip(text.chars()).peekable();
        while let Some((position, c)) = chars.next() {
            let doubled = chars.peek().is_some_and(|(_, next)| *next == c);
            match c {
                '{' | '}' if doubled => {
                    chars.next();
                    literal.push(c);
                }
                '{' => {
                    let mut name = String::new();
                    loop {
                        match chars.next() {
                            Some((_, '}')) => break,
                            Some((_, c)) if c != '{' => name.push(c),
                            _ => return Err(TemplateError::Unclosed { position }),
                        }
                    }
                    let part = match name.as_str() {
                        "instance_id" => Part::InstanceId,
                        "instance_name" => Part::InstanceName,
                        "network_interface_id" => Part::NetworkInterfaceId,
                        _ => return Err(TemplateError::Unknown { name, position }),
                    };
                    if !literal.is_empty() {
                        parts.push(Part::Text(std::mem::take(&mut literal)));
                    }
                    parts.push(part);
                }
                '}' => return Err(TemplateError::Unopened { position }),
                c => literal.push(c),
            }
        }
        if !literal.is_empty() {
            parts.push(Part::Text(literal));
        }
        Ok(Self(parts))
    }

    /// The placeholders that stand for something of the instance.
    pub fn reads_of_instance(&self) -> Vec<&'static str> {
        let all = [
            (Part::InstanceId, "{instance_id}"),
            (Part::InstanceName, "{instance_name}"),
        ];
        let read = all.into_iter().filter(|(part, _)| self.0.contains(part));
        read.map(|(_, placeholder)| placeholder).collect()
    }

    /// Whether the tag `Name` of the instance is read.
    pub fn needs_instance_name(&self) -> bool {
        self.0.contains(&Part::InstanceName)
    }

    /// The text for one interface, at most `max_chars` characters. An instance without a name goes by its id, and an
    /// interface without a visible instance by its own: a plan does not ask for that, see [`Template::reads_of_instance`].
    pub fn render(&self, values: &TemplateValues<'_>, max_chars: usize) -> String {
        let instance_id = values.instance_id.unwrap_or(values.network_interface_id);
        let name = values
            .instance_name
            .filter(|name| !name.is_empty())
            .unwrap_or(instance_id);
        let mut text: String = self
            .0
            .iter()
            .map(|part| match part {
                Part::Text(text) => text,
                Part::InstanceId => instance_id,
                Part::InstanceName => name,
                Part::NetworkInterfaceId => values.network_interface_id,
            })
            .collect();
        if let Some((end, _)) = text.char_indices().nth(max_chars) {
            text.truncate(end);
        }
        text
    }
}

impl fmt::Display for Template {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for part in &self.0 {
            match part {
                Part::Text(text) => f.write_str(&text.replace('{', "{{").replace('}', "}}"))?,
                Part::InstanceId => f.write_str("{instance_id}")?,
                Part::InstanceName => f.write_str("{instance_name}")?,
                Part::NetworkInterfaceId => f.write_str("{network_interface_id}")?,
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const VALUES: TemplateValues<'_> = TemplateValues {
        network_interface_id: "eni-1",
        instance_id: Some("i-1"),
        instance_name: Some("web"),
    };

    fn rendered(text: &str, values: &TemplateValues<'_>) -> String {
        Template::parse(text).unwrap().render(values, MAX_DESCRIPTION)
    }

    #[test]
    fn placeholders_are_filled_in() {
        for (text, expected) in [
            ("", ""),
            ("plain", "plain"),
            (
                "{instance_name} traffic mirror session",
                "web traffic mirror session",
            ),
            ("{instance_id}/{network_interface_id}", "i-1/eni-1"),
            ("{{instance_id}}", "{instance_id}"),
            ("{{{instance_id}}}", "{i-1}"),
            ("{{}}", "{}"),
            ("a}}b{{c", "a}b{c"),
            ("é{instance_id}ü", "éi-1ü"),
        ] {
            assert_eq!(rendered(text, &VALUES), expected, "{text}");
        }
    }

    #[test]
    fn values_are_not_read_as_templates() {
        let values = TemplateValues {
            instance_name: Some("{instance_id}"),
            ..VALUES
        };
        assert_eq!(rendered("{instance_name}", &values), "{instance_id}");
    }

    #[test]
    fn what_is_missing_goes_by_the_next_best_name() {
        let text = "{instance_name} {instance_id} {network_interface_id}";
        for nameless in [None, Some("")] {
            let values = TemplateValues {
                instance_name: nameless,
                ..VALUES
            };
            assert_eq!(rendered(text, &values), "i-1 i-1 eni-1");
        }
        let invisible = TemplateValues {
            instance_id: None,
            instance_name: None,
            ..VALUES
        };
        assert_eq!(rendered(text, &invisible), "eni-1 eni-1 eni-1");
    }

    #[test]
    fn the_error_says_what_and_where() {
        for (text, message) in [
            (
                "ü {name}",
                "{name} at character 3 is not a placeholder; there are {instance_id}, {instance_name} and \
                 {network_interface_id}, and {{ for a brace",
            ),
            (
                "a {instance_id",
                "the brace at character 3 is not closed; write {{ for a brace, or one of {instance_id}, {instance_name} \
                 and {network_interface_id}",
            ),
            (
                "a }",
                "the brace at character 3 closes nothing; write }} for a brace",
            ),
        ] {
            assert_eq!(Template::parse(text).unwrap_err().to_string(), message);
        }
        assert_eq!(
            Template::parse("{}").unwrap_err(),
            TemplateError::Unknown {
                name: String::new(),
                position: 1
            }
        );
        assert_eq!(
            Template::parse("{a{instance_id}}").unwrap_err(),
            TemplateError::Unclosed { position: 1 }
        );
        assert!(Template::parse("{ instance_id }").is_err());
        assert!(Template::parse("{Instance_Id}").is_err());
    }

    #[test]
    fn only_the_name_needs_the_name() {
        for (text, needs) in [
            ("{instance_name}", true),
            ("{instance_id}{network_interface_id}", false),
            ("{{instance_name}}", false),
        ] {
            assert_eq!(
                Template::parse(text).unwrap().needs_instance_name(),
                needs,
                "{text}"
            );
        }
    }

    #[test]
    fn a_long_text_is_cut_between_characters() {
        let values = TemplateValues {
            instance_name: Some(&"ü".repeat(300)),
            ..VALUES
        };
        let template = Template::parse("{instance_name}").unwrap();
        for max in [MAX_DESCRIPTION, MAX_TAG_VALUE] {
            assert_eq!(template.render(&values, max).chars().count(), max);
        }
        assert_eq!(template.render(&values, 0), "");
    }

    proptest! {
        #[test]
        fn any_text_is_read_or_an_error_within_it(text in "[{}a-zü_ ]{0,20}") {
            match Template::parse(&text) {
                Ok(template) => {
                    prop_assert!(template.render(&VALUES, 10).chars().count() <= 10);
                    prop_assert_eq!(Template::parse(&template.to_string()), Ok(template));
                }
                Err(
                    TemplateError::Unknown { position, .. }
                    | TemplateError::Unclosed { position }
                    | TemplateError::Unopened { position },
                ) => prop_assert!((1..=text.chars().count()).contains(&position)),
            }
        }

        #[test]
        fn escaped_text_comes_out_as_it_was(text in "[{}a-zü ]{0,40}") {
            let escaped = text.replace('{', "{{").replace('}', "}}");
            prop_assert_eq!(rendered(&escaped, &VALUES), text);
        }
    }
}
