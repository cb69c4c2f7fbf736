//! The least that IAM has to allow, by what the credentials are for.

use serde_json::{Value, json};
use strum::{Display, EnumIter, EnumString, IntoEnumIterator, IntoStaticStr};

use super::Action;

/// What credentials are for. Each purpose includes those before it.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Display, EnumIter, EnumString, IntoStaticStr,
)]
#[strum(serialize_all = "snake_case")]
pub enum Purpose {
    /// Reading the data sources.
    Audit,
    /// `terraform plan`.
    Plan,
    /// `terraform apply` and `terraform destroy`.
    Apply,
}

/// The resources of which alone the provider changes tags. Allowed on any resource, CreateTags would let whoever has these
/// credentials tag instances, and so choose what is mirrored.
const TAGGED: [&str; 2] = ["traffic-mirror-filter", "traffic-mirror-session"];

/// The IAM policy that a purpose needs and no more: a policy document as indented JSON, the same text every time.
pub fn policy(purpose: Purpose) -> String {
    let needed = Action::iter().filter(|action| action.purpose().is_some_and(|of| of <= purpose));
    let (tags, anywhere): (Vec<Action>, Vec<Action>) =
        needed.partition(|action| matches!(action, Action::CreateTags | Action::DeleteTags));
    let mut statements = vec![statement(&anywhere, json!("*"))];
    if !tags.is_empty() {
        let arns = TAGGED.map(|kind| format!("arn:*:ec2:*:*:{kind}/*"));
        statements.push(statement(&tags, json!(arns)));
    }
    format!("{:#}", json!({"Version": "2012-10-17", "Statement": statements}))
}

fn statement(actions: &[Action], resource: Value) -> Value {
    let mut names: Vec<String> = actions.iter().map(|action| action.iam_name()).collect();
    names.sort();
    json!({"Effect": "Allow", "Action": names, "Resource": resource})
}

#[cfg(test)]
mod tests {
    use std::{env, fs};

    use super::*;

    /// Regenerate with `MIRROR_WRITE_DOCS=1`.
    #[test]
    fn the_guide_has_these_policies() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/guides/iam.md");
        let mut guide = fs::read_to_string(path).unwrap();
        let before = guide.clone();
        for purpose in Purpose::iter() {
            let open = format!("<!-- policy: {purpose} -->\n\n```json\n");
            let start = guide.find(&open).expect("a block for each purpose") + open.len();
            let end = start + guide[start..].find("\n```").expect("the block's end");
            guide.replace_range(start..end, &policy(purpose));
        }
        if env::var_os("MIRROR_WRITE_DOCS").is_some() {
            fs::write(path, &guide).unwrap();
        } else {
            assert_eq!(before, guide, "MIRROR_WRITE_DOCS=1 writes it");
        }
    }

    #[test]
    fn each_purpose_adds_to_the_one_before_and_only_apply_changes_anything() {
        let allowed = |purpose| {
            let document: Value = serde_json::from_str(&policy(purpose)).unwrap();
            let statements = document["Statement"].as_array().unwrap().clone();
            let actions = statements
                .iter()
                .flat_map(|one| one["Action"].as_array().unwrap().clone());
            actions
                .map(|name| name.as_str().unwrap().to_owned())
                .collect::<Vec<_>>()
        };
        let [audit, plan, apply] = [Purpose::Audit, Purpose::Plan, Purpose::Apply].map(allowed);
        assert!(audit.len() < plan.len() && plan.len() < apply.len());
        assert!(audit.iter().all(|name| plan.contains(name)));
        assert!(plan.iter().all(|name| apply.contains(name)));
        for action in Action::iter() {
            let name = action.iam_name();
            assert_eq!(apply.contains(&name), action.service() != "sts", "{name}");
            assert_eq!(
                apply.contains(&name) && !plan.contains(&name),
                action.is_mutating(),
                "{name}"
            );
        }
    }

    #[test]
    fn tags_are_changed_of_nothing_but_what_is_created() {
        let document: Value = serde_json::from_str(&policy(Purpose::Apply)).unwrap();
        for statement in document["Statement"].as_array().unwrap() {
            let tags = statement["Action"]
                .as_array()
                .unwrap()
                .contains(&json!("ec2:CreateTags"));
            assert_eq!(statement["Resource"] == "*", !tags);
        }
    }
}
