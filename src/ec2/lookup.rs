//! Targets and filters, looked up by id.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use aws_sdk_ec2::types::TrafficMirrorTarget;

use super::error::ErrorKind;
use super::filters::filter;
use super::page::{MAX_RESULTS, Pages};
use super::{Account, Action, Ec2Error, ErrorClass};
use crate::planner::{MirrorFilter, MirrorTarget};

/// The result of looking things up by id.
#[derive(Debug)]
pub struct Lookup<T> {
    /// What was found, in the order of the ids asked for, once each.
    pub found: Vec<T>,
    /// What was not, in the same order.
    pub missing: Vec<Missing>,
}

/// An id that EC2 does not know.
#[derive(Debug)]
pub struct Missing {
    pub id: String,
    /// EC2's own error for this id.
    pub error: Ec2Error,
}

/// Ids in one call, far below what fits into a request.
const BATCH: usize = 200;

impl Account {
    /// The traffic mirror targets with these ids, shared ones included. No id: no call.
    pub async fn targets(&self, ids: &[String]) -> Result<Lookup<MirrorTarget>, Ec2Error> {
        let describe = |ids: Vec<String>| async move {
            let call = self.call(Action::DescribeTrafficMirrorTargets);
            let request = self
                .client()
                .describe_traffic_mirror_targets()
                .set_traffic_mirror_target_ids(Some(ids));
            let page = call.end(request.customize().interceptor(call.probe()).send().await)?;
            Ok(page.traffic_mirror_targets().iter().filter_map(target).collect())
        };
        let missing = "InvalidTrafficMirrorTargetId.NotFound";
        self.look_up(ids, Action::DescribeTrafficMirrorTargets, missing, describe)
            .await
    }

    /// All traffic mirror targets that the account can see in this region, shared ones included.
    pub async fn all_targets(&self) -> Result<Arc<Vec<MirrorTarget>>, Ec2Error> {
        let ask = |account: Account, ()| async move { account.ask_all_targets().await };
        self.snapshot().targets.get(self, (), ask).await
    }

    async fn ask_all_targets(&self) -> Result<Vec<MirrorTarget>, Ec2Error> {
        let mut found = Vec::new();
        let mut pages = Pages::default();
        loop {
            let call = self.call(Action::DescribeTrafficMirrorTargets);
            let request = self
                .client()
                .describe_traffic_mirror_targets()
                .max_results(MAX_RESULTS)
                .set_next_token(pages.token());
            let page = call.end(request.customize().interceptor(call.probe()).send().await)?;
            found.extend(
                page.traffic_mirror_targets()
                    .iter()
                    .filter_map(target)
                    .map(|(_, target)| target),
            );
            let action = Action::DescribeTrafficMirrorTargets;
            if !pages.turn(page.next_token(), || self.incomplete(action, "new page token"))? {
                return Ok(found);
            }
        }
    }

    /// The traffic mirror filters with these ids. No id: no call.
    pub async fn filters(&self, ids: &[String]) -> Result<Lookup<MirrorFilter>, Ec2Error> {
        let describe = |ids: Vec<String>| async move {
            let call = self.call(Action::DescribeTrafficMirrorFilters);
            let request = self
                .client()
                .describe_traffic_mirror_filters()
                .set_traffic_mirror_filter_ids(Some(ids));
            let page = call.end(request.customize().interceptor(call.probe()).send().await)?;
            Ok(page
                .traffic_mirror_filters()
                .iter()
                .filter_map(filter)
                .map(|filter| (filter.id.clone(), filter))
                .collect())
        };
        let missing = "InvalidTrafficMirrorFilterId.NotFound";
        self.look_up(ids, Action::DescribeTrafficMirrorFilters, missing, describe)
            .await
    }

    /// One call for all ids; when EC2 refuses it because of one of them, one call for each, to learn which.
    async fn look_up<T, F>(
        &self,
        ids: &[String],
        action: Action,
        not_found: &str,
        describe: impl Fn(Vec<String>) -> F,
    ) -> Result<Lookup<T>, Ec2Error>
    where
        F: Future<Output = Result<Vec<(String, T)>, Ec2Error>>,
    {
        let mut seen = BTreeSet::new();
        let ids: Vec<String> = ids
            .iter()
            .filter(|id| seen.insert(id.as_str()))
            .cloned()
            .collect();
        let mut found = HashMap::new();
        let mut refused = HashMap::new();
        // An empty list would mean all.
        for batch in ids.chunks(BATCH) {
            match describe(batch.to_vec()).await {
                Ok(page) => found.extend(page),
                Err(error) if !is_about_an_id(&error) => return Err(error),
                Err(error) => {
                    if let [id] = batch {
                        refused.insert(id.clone(), error);
                        continue;
                    }
                    for id in batch {
                        match describe(vec![id.clone()]).await {
                            Ok(page) => found.extend(page),
                            Err(error) if !is_about_an_id(&error) => return Err(error),
                            Err(error) => drop(refused.insert(id.clone(), error)),
                        }
                    }
                }
            }
        }
        let mut lookup = Lookup {
            found: Vec::new(),
            missing: Vec::new(),
        };
        for id in ids {
            if let Some(thing) = found.remove(&id) {
                lookup.found.push(thing);
                continue;
            }
            // Some implementations of the API leave out what they do not know.
            let error = refused.remove(&id).unwrap_or_else(|| {
                let message = format!("The answer leaves out the ID '{id}'");
                self.error(action, ErrorKind::Service(not_found.to_owned()), message)
            });
            lookup.missing.push(Missing { id, error });
        }
        Ok(lookup)
    }
}

fn is_about_an_id(error: &Ec2Error) -> bool {
    matches!(error.class(), ErrorClass::NotFound(_))
        || error.code().eq_ignore_ascii_case("InvalidParameterValue")
}

fn target(target: &TrafficMirrorTarget) -> Option<(String, MirrorTarget)> {
    let id = target.traffic_mirror_target_id()?.to_owned();
    let kind = target.r#type().and_then(|kind| kind.as_str().parse().ok());
    let target = MirrorTarget {
        id: id.clone(),
        kind,
        network_interface_id: target.network_interface_id().map(str::to_owned),
        network_load_balancer_arn: target.network_load_balancer_arn().map(str::to_owned),
        gateway_load_balancer_endpoint_id: target.gateway_load_balancer_endpoint_id().map(str::to_owned),
        owner_id: target.owner_id().map(str::to_owned),
    };
    Some((id, target))
}
