//! Every call that came, for tests to count.

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::Value;

use crate::state::Millis;

/// One call.
#[derive(Debug, Clone, Serialize)]
pub struct Entry {
    /// 1 for the first call.
    pub number: u64,
    /// The sandbox's time, milliseconds since the epoch.
    pub time: Millis,
    /// `ec2`, `sts` or `elbv2`.
    pub service: String,
    /// The action.
    pub action: String,
    /// The account; empty when the caller was not authenticated.
    pub account: String,
    /// The region of the signature.
    pub region: String,
    /// The principal's ARN; empty when the caller was not authenticated.
    pub principal: String,
    /// `ok` or the error code; `reset`, `hang`, `truncated` … when a fault kept the answer back.
    pub outcome: String,
    /// Whether the action is one that changes something.
    pub mutating: bool,
    /// Whether something was changed, also when the caller could not learn it; a repeated ClientToken changes nothing.
    pub changed: bool,
    /// The decoded parameters.
    pub parameters: Value,
    /// The caller's User-Agent.
    pub user_agent: String,
}

/// The calls since the start or the last reset.
#[derive(Debug, Default)]
pub struct Ledger {
    /// In the order of arrival.
    pub entries: Vec<Entry>,
    /// How many calls were in flight at most.
    pub highest_concurrency: usize,
}

#[derive(Default, Serialize)]
struct Counter {
    calls: u64,
    ok: u64,
    errors: BTreeMap<String, u64>,
}

impl Ledger {
    /// The ledger as the control endpoint answers it; `calls` can be left out.
    pub fn to_json(&self, with_calls: bool) -> Value {
        let mut actions: BTreeMap<&str, Counter> = BTreeMap::new();
        for entry in &self.entries {
            let counter = actions.entry(&entry.action).or_default();
            counter.calls += 1;
            if entry.outcome == "ok" {
                counter.ok += 1;
            } else {
                *counter.errors.entry(entry.outcome.clone()).or_default() += 1;
            }
        }
        let count = |wanted: fn(&Entry) -> bool| self.entries.iter().filter(|e| wanted(e)).count();
        let mut out = serde_json::json!({
            "total": self.entries.len(),
            "mutating": count(|e| e.mutating),
            "changed": count(|e| e.changed),
            "highest_concurrency": self.highest_concurrency,
            "actions": actions,
        });
        if with_calls {
            out["calls"] = serde_json::json!(self.entries);
        }
        out
    }
}
