//! Other coverages of the name that a plan gives.

use super::Coverage;
use super::model::{CoverageIdentity, CoverageModel};
use super::observe::{self, prior_id};
use crate::ec2::Account;
use crate::framework::{Diagnostics, PlanRequest};
use crate::planner::Fleet;
use crate::provider::ec2_diagnostic;

type Request = PlanRequest<CoverageModel, CoverageIdentity>;

impl Coverage {
    /// The refresh looked for other coverages of the old name; the new one may be somebody's too.
    pub(super) async fn meet_namesakes(
        &self,
        account: &Account,
        request: &Request,
        planned: &CoverageModel,
        fleet: &mut Fleet,
        diagnostics: &mut Diagnostics,
    ) {
        let name = planned.name.as_str().unwrap_or_default();
        match account.sessions().await {
            Ok(sessions) => {
                let id = prior_id(request);
                fleet.namesakes = observe::namesakes(&sessions, name, id.as_ref());
                fleet.in_the_making = observe::in_the_making(&sessions, name, id.as_ref());
            }
            Err(error) => {
                let title = "The traffic mirror sessions could not be read";
                diagnostics.push(ec2_diagnostic(title, &error));
            }
        }
    }
}

/// Whether the plan gives an existing coverage another name.
pub(super) fn is_renamed(request: &Request, planned: &CoverageModel) -> bool {
    request
        .prior
        .as_ref()
        .is_some_and(|prior| prior.name != planned.name)
        && planned.name.is_known()
}
