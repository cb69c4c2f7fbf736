//! Attribute paths: where in a configuration or state a value lies.

use std::fmt;

/// One step of an [`AttributePath`].
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Step {
    /// An attribute or a block by its name.
    Attribute(String),
    /// An element of a map by its key.
    Key(String),
    /// An element of a list by its index from 0. Sets have no index: a path ends at the set.
    Index(i64),
}

/// Path from the root of a resource, data source or provider block to one value, for example
/// `AttributePath::root("selector").index(0).attribute("tags").key("Mirror")`.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct AttributePath {
    steps: Vec<Step>,
}

impl AttributePath {
    /// The root itself: no step at all.
    pub fn empty() -> Self {
        Self::default()
    }

    /// A path that begins with the attribute or block `name`.
    pub fn root(name: impl Into<String>) -> Self {
        Self::empty().attribute(name)
    }

    /// The same path, one attribute further.
    #[must_use]
    pub fn attribute(self, name: impl Into<String>) -> Self {
        self.then(Step::Attribute(name.into()))
    }

    /// The same path, one map element further.
    #[must_use]
    pub fn key(self, key: impl Into<String>) -> Self {
        self.then(Step::Key(key.into()))
    }

    /// The same path, one list element further.
    #[must_use]
    pub fn index(self, index: usize) -> Self {
        self.then(Step::Index(i64::try_from(index).unwrap_or(i64::MAX)))
    }

    /// The same path, one step further.
    #[must_use]
    pub fn then(mut self, step: Step) -> Self {
        self.steps.push(step);
        self
    }

    /// The steps from the root.
    pub fn steps(&self) -> &[Step] {
        &self.steps
    }

    /// Whether this is the root.
    pub fn is_empty(&self) -> bool {
        self.steps.is_empty()
    }

    /// The same path with a step before it, as an error gathers them on its way out of a decoder.
    pub(crate) fn within(mut self, step: Step) -> Self {
        self.steps.insert(0, step);
        self
    }
}

/// Written as in Terraform's own language: `selector[0].tags["Mirror"]`.
impl fmt::Display for AttributePath {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (position, step) in self.steps.iter().enumerate() {
            match step {
                Step::Attribute(name) if position == 0 => formatter.write_str(name)?,
                Step::Attribute(name) => write!(formatter, ".{name}")?,
                Step::Key(key) => write!(formatter, "[{key:?}]")?,
                Step::Index(index) => write!(formatter, "[{index}]")?,
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_like_terraform() {
        let path = AttributePath::root("selector")
            .index(0)
            .attribute("tags")
            .key("Mirror");
        assert_eq!(path.to_string(), r#"selector[0].tags["Mirror"]"#);
        assert_eq!(AttributePath::empty().to_string(), "");
    }
}
