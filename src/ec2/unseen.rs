//! What is left out of an answer because a call was refused.

use std::collections::BTreeSet;

use super::{Action, Ec2Error, ErrorClass};
use crate::planner::Fact;

/// A call that was refused, and the targets of which something is unknown for it.
#[derive(Debug, Clone)]
pub struct Unseen {
    pub error: Ec2Error,
    pub target_ids: BTreeSet<String>,
}

impl Unseen {
    /// Goes on without what the call would have told of these targets, or fails with it.
    ///
    /// Going on is right when the permission is missing, or the service is not there. What is gone has nothing to tell.
    /// Whatever may be better in a minute is an error: what is a sensor now must not be taken for a source.
    pub(super) fn note(
        unseen: &mut Vec<Self>,
        error: Ec2Error,
        target_ids: impl IntoIterator<Item = String>,
    ) -> Result<(), Ec2Error> {
        match error.class() {
            ErrorClass::NotFound(_) => return Ok(()),
            ErrorClass::Denied => {}
            _ if error.is_not_offered() => {}
            _ => return Err(error),
        }
        let target_ids: BTreeSet<String> = target_ids.into_iter().collect();
        tracing::warn!(%error, ?target_ids, "what is behind traffic mirror targets is not wholly visible");
        unseen.push(Self { error, target_ids });
        Ok(())
    }

    /// Why it is not seen, in the words of [`Fact::Unseen`].
    pub fn why(&self) -> Option<String> {
        hidden(&self.error)
    }
}

/// What was asked for, or that it is not visible because the permission is missing or the service is not there.
///
/// # Errors
/// Whatever may be better in a minute is an error, and no fact.
pub fn seen<T>(found: Result<T, Ec2Error>) -> Result<Fact<T>, Ec2Error> {
    match found {
        Ok(found) => Ok(Fact::Known(found)),
        Err(error) => hidden(&error).map(Fact::Unseen).ok_or(error),
    }
}

/// Why something is not visible, in the words of [`Fact::Unseen`]; none when the error is of another kind.
pub(super) fn hidden(error: &Ec2Error) -> Option<String> {
    let action = error.action().map(Action::iam_name).unwrap_or_default();
    match error.class() {
        ErrorClass::Denied => Some(format!("without the permission {action} ({})", error.code())),
        _ if error.is_not_offered() => Some(format!("because the endpoint does not answer {action}")),
        _ => None,
    }
}
