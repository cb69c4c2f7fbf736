//! Faults on purpose: which calls they hit, and what happens to those.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::failure::Failure;
use crate::filters::glob;
use crate::state::Region;
use crate::state::ids::Ids;

/// What goes wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// `InternalError`, 500.
    InternalError,
    /// `Unavailable`, 503.
    Unavailable,
    /// `RequestLimitExceeded`, 503, whatever the buckets say.
    RequestLimitExceeded,
    /// The fault's own `status`, `code` and `message`.
    Error,
    /// `UnauthorizedOperation`, 403: a denial by IAM.
    Deny,
    /// The connection is closed without an answer.
    Reset,
    /// No answer ever comes.
    Hang,
    /// The answer comes after `delay_ms`.
    Slow,
    /// The XML ends in the middle, the HTTP message is whole.
    Truncated,
    /// The HTTP message itself ends in the middle.
    HalfWritten,
    /// 500 with an HTML page, as a proxy answers.
    Html,
}

/// A fault and the calls that it hits: all conditions must hold.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Fault {
    /// What goes wrong.
    pub kind: Kind,
    /// The action, with `*` and `?`.
    #[serde(default = "any")]
    pub action: String,
    /// The calling account.
    #[serde(default)]
    pub account: Option<String>,
    /// The region.
    #[serde(default)]
    pub region: Option<String>,
    /// The caller's ARN, with `*` and `?`.
    #[serde(default)]
    pub principal: Option<String>,
    /// For `deny` on `CreateTags`: the action whose TagSpecifications need it, with `*` and `?`; empty for
    /// CreateTags itself. A denial that leaves this out hits both.
    #[serde(default)]
    pub create_action: Option<String>,
    /// Parameters by the model's member names, with `*` and `?`; a list fits if one element does.
    #[serde(default)]
    pub parameters: BTreeMap<String, String>,
    /// A tag on one of the resources that the call names.
    #[serde(default)]
    pub resource_tag: Option<ResourceTag>,
    /// The share of the calls, 0 to 1.
    #[serde(default)]
    pub rate: Option<f64>,
    /// How many fitting calls are let through first.
    #[serde(default)]
    pub skip: u64,
    /// How many calls are hit at most.
    #[serde(default)]
    pub times: Option<u64>,
    /// Whether the change is made before the fault strikes, so that the caller cannot know.
    #[serde(default)]
    pub after_change: bool,
    /// For `slow`, and before any other fault.
    #[serde(default)]
    pub delay_ms: u64,
    /// For `error`.
    #[serde(default)]
    pub status: Option<u16>,
    /// For `error`.
    #[serde(default)]
    pub code: Option<String>,
    /// For `error` and `deny`.
    #[serde(default)]
    pub message: Option<String>,
    /// How many calls it was offered.
    #[serde(default, skip_deserializing)]
    pub seen: u64,
    /// How many it hit.
    #[serde(default, skip_deserializing)]
    pub hit: u64,
}

/// A condition on the tags of the resources that a call names.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ResourceTag {
    /// The key.
    pub key: String,
    /// The value, with `*` and `?`.
    #[serde(default = "any")]
    pub value: String,
    /// True: the fault hits calls on resources without that tag.
    #[serde(default)]
    pub absent: bool,
}

fn any() -> String {
    "*".to_owned()
}

/// The call that a fault looks at.
pub struct Subject<'a> {
    /// The action.
    pub action: &'a str,
    /// The calling account.
    pub account: &'a str,
    /// The caller's ARN.
    pub principal: &'a str,
    /// The region.
    pub region_name: &'a str,
    /// The decoded parameters.
    pub input: &'a Value,
    /// The region's resources.
    pub region: Option<&'a Region>,
}

/// The first fault that hits the call.
pub fn strike(faults: &mut [Fault], subject: &Subject, ids: &mut Ids) -> Option<Fault> {
    for fault in faults {
        if !fault.fits(subject) {
            continue;
        }
        fault.seen += 1;
        let due = fault.seen > fault.skip && fault.times.is_none_or(|times| fault.hit < times);
        let drawn = |ids: &mut Ids, rate: f64| (ids.below(1_000_000) as f64) < rate * 1e6;
        if due && fault.rate.is_none_or(|rate| drawn(ids, rate)) {
            fault.hit += 1;
            return Some(fault.clone());
        }
    }
    None
}

impl Fault {
    fn fits(&self, subject: &Subject) -> bool {
        let parameter = |(name, pattern): (&String, &String)| match subject.input.get(name) {
            Some(Value::Array(items)) => items.iter().any(|item| glob(pattern, &plain(item))),
            Some(value) => glob(pattern, &plain(value)),
            None => false,
        };
        let is =
            |wanted: &Option<String>, found: &str| wanted.as_ref().is_none_or(|wanted| glob(wanted, found));
        self.fits_action(subject)
            && is(&self.account, subject.account)
            && is(&self.principal, subject.principal)
            && is(&self.region, subject.region_name)
            && self.parameters.iter().all(parameter)
            && self.resource_tag.as_ref().is_none_or(|tag| tag.fits(subject))
    }

    /// The action fits, or it sets tags and that is denied.
    fn fits_action(&self, subject: &Subject) -> bool {
        let creating = |action: &str| {
            self.create_action
                .as_ref()
                .is_none_or(|wanted| glob(wanted, action))
        };
        if self.kind == Kind::Deny && glob(&self.action, "CreateTags") {
            let by_create = subject.input.get("TagSpecifications").is_some() && creating(subject.action);
            let by_itself = subject.action == "CreateTags" && creating("");
            return by_create
                || by_itself
                || self.action != "CreateTags" && glob(&self.action, subject.action);
        }
        glob(&self.action, subject.action)
    }

    /// The error answer, if this kind has one.
    pub fn failure(&self, principal: &str, service: &str, action: &str) -> Option<Failure> {
        let message = |default: &str| self.message.clone().unwrap_or_else(|| default.to_owned());
        Some(match self.kind {
            Kind::InternalError => Failure::internal(message("An internal error has occurred")),
            Kind::Unavailable => {
                let text = message("The service is unavailable. Please try again shortly.");
                Failure::new("Unavailable", text).with_status(503)
            }
            Kind::RequestLimitExceeded => {
                Failure::new("RequestLimitExceeded", message("Request limit exceeded.")).with_status(503)
            }
            Kind::Error => {
                let code = self.code.clone().unwrap_or_else(|| "InternalError".to_owned());
                Failure::new(code, message("Injected by the sandbox")).with_status(self.status.unwrap_or(400))
            }
            Kind::Deny => {
                let prefix = if service == "elbv2" {
                    "elasticloadbalancing"
                } else {
                    service
                };
                let default = Failure::unauthorized(principal, &format!("{prefix}:{action}"));
                Failure {
                    message: message(&default.message),
                    ..default
                }
            }
            _ => return None,
        })
    }
}

impl ResourceTag {
    fn fits(&self, subject: &Subject) -> bool {
        let Some(region) = subject.region else {
            return false;
        };
        let mut ids = Vec::new();
        texts(subject.input, &mut ids);
        let mut tagged = ids
            .iter()
            .filter_map(|id| region.tags_of(id))
            .map(|(_, tags)| tags.get(&self.key).is_some_and(|value| glob(&self.value, value)));
        if self.absent {
            tagged.any(|has| !has)
        } else {
            tagged.any(|has| has)
        }
    }
}

fn texts<'v>(value: &'v Value, out: &mut Vec<&'v str>) {
    match value {
        Value::String(text) => out.push(text),
        Value::Array(items) => items.iter().for_each(|item| texts(item, out)),
        Value::Object(fields) => fields.values().for_each(|field| texts(field, out)),
        _ => {}
    }
}

fn plain(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn hits(fault: Value, calls: &[(&str, Value)]) -> Vec<bool> {
        let mut faults = vec![serde_json::from_value::<Fault>(fault).unwrap()];
        let mut ids = Ids::new(1);
        calls
            .iter()
            .map(|(action, input)| {
                let subject = Subject {
                    action,
                    account: "1",
                    principal: "p",
                    region_name: "r",
                    input,
                    region: None,
                };
                strike(&mut faults, &subject, &mut ids).is_some()
            })
            .collect()
    }

    #[test]
    fn conditions_and_counts() {
        let calls = [
            ("DescribeVpcs", json!({})),
            ("DescribeTags", json!({})),
            ("RunInstances", json!({})),
        ];
        assert_eq!(
            hits(json!({"kind": "reset", "action": "Describe*"}), &calls),
            [true, true, false]
        );
        assert_eq!(
            hits(json!({"kind": "reset", "skip": 1, "times": 1}), &calls),
            [false, true, false]
        );
        let calls = [
            ("DeleteTags", json!({"Resources": ["a", "b"]})),
            ("DeleteTags", json!({"Resources": ["c"]})),
        ];
        assert_eq!(
            hits(json!({"kind": "deny", "parameters": {"Resources": "b"}}), &calls),
            [true, false]
        );
        assert!(serde_json::from_value::<Fault>(json!({"kind": "reset", "colour": 1})).is_err());
    }
}
