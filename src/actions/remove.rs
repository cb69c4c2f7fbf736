//! `mirror_remove`: deletes the sessions that are meant, one by one, and goes on where one fails.

use std::collections::BTreeSet;
use std::future::ready;
use std::sync::Arc;

use async_trait::async_trait;
use futures::{StreamExt, stream};

use super::look::{Chosen, look};
use super::model::RemoveModel;
use crate::ec2::{Deleted, Ec2Error};
use crate::framework::{
    Action, AttributePath, Diagnostic, Diagnostics, InvokeRequest, PlanActionRequest, Progress,
    ValidateConfigRequest,
};
use crate::provider::{Connection, ec2_diagnostic, interrupted};

/// Deletions at the same time; the pace of the calls is that of the account.
const AT_ONCE: usize = 8;

/// Sessions that a message names.
const NAMED: usize = 20;

/// The action type.
#[derive(Debug)]
pub struct Remove {
    connection: Arc<Connection>,
}

impl Remove {
    /// The action type, for the account of this connection.
    pub fn new(connection: Arc<Connection>) -> Self {
        Self { connection }
    }

    /// What is to go now; none while the configuration or the provider block is unknown.
    async fn chosen(&self, config: &RemoveModel) -> Result<Option<Vec<Chosen>>, Diagnostic> {
        let (Some(criterion), Some(places)) = (config.criterion(), config.places()) else {
            return Ok(None);
        };
        let mut chosen = Vec::new();
        for place in places {
            let Some(account) = self.connection.account(place.as_deref()) else {
                return Ok(None);
            };
            let found = look(&account, &criterion)
                .await
                .map_err(|error| ec2_diagnostic("The traffic mirror sessions could not be read", &error))?;
            chosen.extend(found);
        }
        // A region that is listed twice.
        chosen.sort_by(|a, b| a.id.cmp(&b.id));
        chosen.dedup_by(|a, b| a.id == b.id);
        Ok(Some(chosen))
    }
}

fn plural(number: usize) -> String {
    match number {
        1 => "1 traffic mirror session".to_owned(),
        number => format!("{number} traffic mirror sessions"),
    }
}

fn names(chosen: &[Chosen]) -> String {
    let mut lines: Vec<String> = chosen
        .iter()
        .take(NAMED)
        .map(|one| {
            format!(
                "{} of {} in {}",
                one.id,
                one.network_interface_id,
                one.account.region()
            )
        })
        .collect();
    if chosen.len() > NAMED {
        lines.push(format!("and {} more", chosen.len() - NAMED));
    }
    lines.join("\n")
}

/// The error for more sessions than may go.
fn too_many(config: &RemoveModel, number: usize) -> Option<Diagnostic> {
    let most = *config.max_deletes.known()?;
    if i64::try_from(number).is_ok_and(|number| number <= most) {
        return None;
    }
    let detail = format!(
        "mirror_remove means {}, and max_deletes allows {most}. None is deleted. Narrow the criterion, or raise max_deletes.",
        plural(number)
    );
    let path = AttributePath::root("max_deletes");
    Some(Diagnostic::error("More sessions than max_deletes allows", detail).at(path))
}

#[async_trait]
impl Action for Remove {
    type Config = RemoveModel;

    const TYPE_NAME: &'static str = "mirror_remove";

    async fn validate_config(&self, request: ValidateConfigRequest<RemoveModel>) -> Diagnostics {
        request.config.validate()
    }

    async fn plan(&self, request: PlanActionRequest<RemoveModel>) -> Diagnostics {
        let mut diagnostics = request.config.validate();
        if diagnostics.has_errors() {
            return diagnostics;
        }
        let looked = request.cancel.run_until_cancelled(self.chosen(&request.config));
        let chosen = match looked.await.unwrap_or_else(|| Err(interrupted())) {
            Ok(Some(chosen)) => chosen,
            Ok(None) => {
                diagnostics.push(unknown_number(&request.config));
                return diagnostics;
            }
            Err(diagnostic) => return diagnostic.into(),
        };
        if let Some(error) = too_many(&request.config, chosen.len()) {
            diagnostics.push(error);
            return diagnostics;
        }
        let title = format!("mirror_remove would delete {}", plural(chosen.len()));
        let detail = match chosen.is_empty() {
            true => "Nothing is meant by the criterion now. It is looked up again when the action runs."
                .to_owned(),
            false => format!(
                "It is looked up again when the action runs. Now it is:\n{}",
                names(&chosen)
            ),
        };
        diagnostics.warning(title, detail);
        diagnostics
    }

    async fn invoke(&self, request: InvokeRequest<RemoveModel>, progress: &Progress) -> Diagnostics {
        let InvokeRequest { config, cancel } = request;
        let mut diagnostics = config.validate();
        if diagnostics.has_errors() {
            return diagnostics;
        }
        // What the plan saw does not count any more.
        self.connection.begin_apply();
        let looked = cancel.run_until_cancelled(self.chosen(&config));
        let chosen = match looked.await.unwrap_or_else(|| Err(interrupted())) {
            Ok(Some(chosen)) => chosen,
            Ok(None) => {
                let detail = "The provider block of mirror or the action's configuration is not known. Nothing was deleted.";
                return Diagnostic::error("mirror_remove cannot run yet", detail).into();
            }
            Err(diagnostic) => return diagnostic.into(),
        };
        if let Some(error) = too_many(&config, chosen.len()) {
            diagnostics.push(error);
            return diagnostics;
        }
        progress.say(format!("Deleting {}", plural(chosen.len())));
        let total = chosen.len();
        let all = chosen.clone();
        // What has begun is finished; after an interruption nothing more is begun.
        let mut deletions = stream::iter(chosen)
            .take_while(|_| ready(!cancel.is_cancelled()))
            .map(|one| async move {
                let deleted = one.account.delete_session(&one.id).await;
                (one, deleted)
            })
            .buffer_unordered(AT_ONCE);
        let (mut done, mut failed) = (BTreeSet::new(), Vec::new());
        while let Some((one, deleted)) = deletions.next().await {
            match deleted {
                Ok(deleted) => {
                    done.insert(one.id.clone());
                    let word = match deleted {
                        Deleted::Gone => "deleted",
                        Deleted::AlreadyGone => "already gone",
                    };
                    progress.say(format!(
                        "{} of {total}: {} of {} {word}",
                        done.len(),
                        one.id,
                        one.network_interface_id
                    ));
                }
                Err(error) => {
                    progress.say(format!(
                        "{} of {} failed: {}",
                        one.id,
                        one.network_interface_id,
                        error.code()
                    ));
                    failed.push((one, error));
                }
            }
        }
        drop(deletions);
        for (one, error) in &failed {
            let title = format!("{} of {} was not deleted", one.id, one.network_interface_id);
            diagnostics.push(ec2_diagnostic(&title, error));
        }
        if cancel.is_cancelled() {
            diagnostics.push(interruption(&all, &done, &failed));
        }
        diagnostics
    }
}

/// The warning of a plan that cannot know yet what is meant.
fn unknown_number(config: &RemoveModel) -> Diagnostic {
    let bound = match config.max_deletes.known() {
        Some(most) => format!("More than {most}, as max_deletes says, are refused then."),
        None => "Set max_deletes to bound the number.".to_owned(),
    };
    let detail = format!(
        "The action's configuration or the provider block of mirror has values that are known only after apply. The sessions are looked up \
         when the action runs. {bound}"
    );
    Diagnostic::warning(
        "How many sessions mirror_remove deletes is known only when it runs",
        detail,
    )
}

/// How far an interrupted run came: nothing was shown since.
fn interruption(all: &[Chosen], done: &BTreeSet<String>, failed: &[(Chosen, Ec2Error)]) -> Diagnostic {
    let deleted: Vec<Chosen> = all.iter().filter(|one| done.contains(&one.id)).cloned().collect();
    let is_left = |one: &&Chosen| !done.contains(&one.id) && failed.iter().all(|(not, _)| not.id != one.id);
    let left: Vec<Chosen> = all.iter().filter(is_left).cloned().collect();
    let gone = match deleted.is_empty() {
        true => "None was deleted.".to_owned(),
        false => format!("Deleted, {}:\n{}", plural(deleted.len()), names(&deleted)),
    };
    if left.is_empty() {
        return Diagnostic::warning("Interrupted, when every deletion had begun", gone);
    }
    let detail = format!(
        "{gone}\n\nNot begun, {}:\n{}\n\nInvoke the action again for the rest.",
        plural(left.len()),
        names(&left)
    );
    Diagnostic::error("Interrupted", detail)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::framework::Attr;

    #[test]
    fn more_than_allowed_is_an_error_and_none_goes() {
        let config = |most| RemoveModel {
            max_deletes: most,
            ..RemoveModel::default()
        };
        assert_eq!(too_many(&config(Attr::Null), 1000), None);
        assert_eq!(too_many(&config(3.into()), 3), None);
        let error = too_many(&config(3.into()), 4).unwrap();
        assert!(
            error.detail.contains("means 4 traffic mirror sessions"),
            "{}",
            error.detail
        );
        assert_eq!(too_many(&config(0.into()), 0), None);
    }
}
