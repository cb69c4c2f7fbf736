//! IAM policies of principals: who has one may do what it allows and nothing else.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::actions::id_kinds::TAGGABLE;
use crate::faults::Subject;
use crate::filters::glob;

/// A policy, and to whom it is attached. Principals to whom none is attached may do everything.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Attached {
    /// The caller's ARN, with `*` and `?`.
    pub principal: String,
    /// The policy. What the sandbox does not understand (Deny, Condition, NotAction) is refused rather than ignored.
    pub document: Document,
}

/// A policy document.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "PascalCase")]
pub struct Document {
    version: String,
    statement: Vec<Statement>,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "PascalCase")]
struct Statement {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    sid: Option<String>,
    effect: Effect,
    action: Texts,
    resource: Texts,
}

#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
enum Effect {
    Allow,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(untagged)]
enum Texts {
    One(String),
    Many(Vec<String>),
}

impl Texts {
    fn fits(&self, text: &str) -> bool {
        match self {
            Self::One(pattern) => glob(pattern, text),
            Self::Many(patterns) => patterns.iter().any(|pattern| glob(pattern, text)),
        }
    }
}

/// The first permission that the call needs and the caller's policies do not give, for example `ec2:CreateTags`.
pub fn missing(attached: &[Attached], service: &str, subject: &Subject) -> Option<String> {
    let mut fitting = attached
        .iter()
        .filter(|one| glob(&one.principal, subject.principal))
        .peekable();
    fitting.peek()?;
    let statements: Vec<&Statement> = fitting.flat_map(|one| &one.document.statement).collect();
    let allowed = |(permission, resource): &(String, String)| {
        statements
            .iter()
            .any(|one| one.action.fits(permission) && one.resource.fits(resource))
    };
    let mut needed = needed(service, subject).into_iter();
    needed
        .find(|need| !allowed(need))
        .map(|(permission, _)| permission)
}

/// What a call needs: permissions, each with the ARN it is needed for. Only what IAM documents for tags and roles is told apart
/// by resource; anything else needs `*`, the strictest reading.
fn needed(service: &str, subject: &Subject) -> Vec<(String, String)> {
    let text = |name: &str| {
        subject
            .input
            .get(name)
            .and_then(Value::as_str)
            .unwrap_or_default()
    };
    let list = |name: &str| {
        subject
            .input
            .get(name)
            .and_then(Value::as_array)
            .cloned()
            .unwrap_or_default()
    };
    let arn = |kind: &str, id: &str| {
        let (region, account) = (subject.region_name, subject.account);
        format!("arn:aws:ec2:{region}:{account}:{kind}/{id}")
    };
    let prefix = match service {
        "elbv2" => "elasticloadbalancing",
        other => other,
    };
    let permission = format!("{prefix}:{}", subject.action);
    match (service, subject.action) {
        // IAM asks for no permission.
        ("sts", "GetCallerIdentity" | "AssumeRoleWithWebIdentity") => Vec::new(),
        ("sts", "AssumeRole") => {
            let tags = ["Tags", "TransitiveTagKeys"];
            let tags = tags.iter().any(|name| !list(name).is_empty());
            let identity = !text("SourceIdentity").is_empty();
            let more = [("sts:TagSession", tags), ("sts:SetSourceIdentity", identity)];
            let more = more.into_iter().filter(|(_, is_needed)| *is_needed);
            std::iter::once(permission)
                .chain(more.map(|(permission, _)| permission.to_owned()))
                .map(|permission| (permission, text("RoleArn").to_owned()))
                .collect()
        }
        ("ec2", "CreateTags" | "DeleteTags") => {
            let of = |id: &Value| {
                let id = id.as_str().unwrap_or_default();
                let kind = TAGGABLE.iter().find(|(kind, _)| kind.fits(id));
                (permission.clone(), arn(kind.map_or("", |(_, name)| name), id))
            };
            list("Resources").iter().map(of).collect()
        }
        _ => {
            let tags = list("TagSpecifications");
            let kinds = tags.iter().filter_map(|one| one.get("ResourceType")?.as_str());
            let tagged = kinds.map(|kind| ("ec2:CreateTags".to_owned(), arn(kind, "*")));
            std::iter::once((permission, "*".to_owned()))
                .chain(tagged)
                .collect()
        }
    }
}
