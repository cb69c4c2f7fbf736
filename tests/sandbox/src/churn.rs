//! A fleet that moves by itself: EC2's own calls at given times or call counts.

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// One call of the script.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Step {
    /// Runs before this call, counted from 1 since the script was set.
    #[serde(default)]
    pub at_call: Option<u64>,
    /// Counts only calls of this action.
    #[serde(default)]
    pub of_action: Option<String>,
    /// Runs before the first call at or after this time, in seconds of the sandbox's clock since the script was set.
    #[serde(default)]
    pub at_seconds: Option<f64>,
    /// The action, such as `TerminateInstances`.
    pub action: String,
    /// Its parameters, by the names that boto3 uses.
    #[serde(default = "no_parameters")]
    pub parameters: Value,
    /// The account; the first one if left out.
    #[serde(default)]
    pub account: Option<String>,
    /// The region; that of the call that it runs before, if left out.
    #[serde(default)]
    pub region: Option<String>,
    /// What came of it: `ok` or the error.
    #[serde(default, skip_deserializing)]
    pub outcome: Option<String>,
}

fn no_parameters() -> Value {
    Value::Object(serde_json::Map::new())
}

/// The script and how far it is.
#[derive(Debug, Default)]
pub struct Churn {
    /// The steps, done ones with their outcome.
    pub steps: Vec<Step>,
    /// When the script was set.
    pub since: u64,
    /// Actions of the calls since then.
    pub calls: Vec<String>,
}

impl Churn {
    /// Counts a call and says which steps are due before it.
    pub fn due(&mut self, action: &str, now: u64) -> Vec<usize> {
        if self.steps.iter().all(|step| step.outcome.is_some()) {
            return Vec::new();
        }
        self.calls.push(action.to_owned());
        let counted = |of: &Option<String>| {
            let fits = |call: &&String| of.as_ref().is_none_or(|of| of == *call);
            self.calls.iter().filter(fits).count() as u64
        };
        let elapsed = now.saturating_sub(self.since) as f64 / 1000.0;
        let is_due = |step: &Step| {
            step.outcome.is_none()
                && step.at_call.is_none_or(|at| counted(&step.of_action) >= at)
                && step.at_seconds.is_none_or(|at| elapsed >= at)
        };
        (0..self.steps.len())
            .filter(|&n| is_due(&self.steps[n]))
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steps_are_due_by_count_and_by_time() {
        let step = |json: &str| serde_json::from_str::<Step>(json).unwrap();
        let mut churn = Churn {
            steps: vec![
                step(r#"{"at_call": 2, "of_action": "DescribeVpcs", "action": "A"}"#),
                step(r#"{"at_seconds": 5, "action": "B"}"#),
            ],
            since: 1000,
            calls: Vec::new(),
        };
        assert_eq!(churn.due("DescribeVpcs", 1000), [0usize; 0]);
        assert_eq!(churn.due("DescribeTags", 2000), [0usize; 0]);
        assert_eq!(churn.due("DescribeVpcs", 3000), [0]);
        churn.steps[0].outcome = Some("ok".into());
        assert_eq!(churn.due("DescribeVpcs", 6000), [1]);
    }
}
