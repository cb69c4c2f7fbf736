//! Listeners of load balancers, and what their target groups say of zones.

use std::sync::Arc;

use super::page::Pages;
use super::{Account, Action, Ec2Error};

/// A listener of a load balancer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct ElbListener {
    /// `UDP`, `TCP_UDP`, `TCP`, …
    pub(super) protocol: String,
    pub(super) port: i32,
    /// ARNs of the target groups that it forwards to.
    pub(super) target_groups: Vec<String>,
}

impl Account {
    /// The listeners of a load balancer.
    pub(super) async fn listeners(&self, load_balancer_arn: &str) -> Result<Arc<Vec<ElbListener>>, Ec2Error> {
        let ask = |account: Account, arn| async move { account.ask_listeners(arn).await };
        let arn = load_balancer_arn.to_owned();
        self.snapshot().listeners.get(self, arn, ask).await
    }

    async fn ask_listeners(&self, load_balancer_arn: String) -> Result<Vec<ElbListener>, Ec2Error> {
        let action = Action::DescribeListeners;
        let mut found = Vec::new();
        let mut pages = Pages::default();
        loop {
            let call = self.call(action);
            let request = self
                .elb()
                .describe_listeners()
                .load_balancer_arn(&load_balancer_arn)
                .set_marker(pages.token());
            let page = call.end(request.customize().interceptor(call.probe()).send().await)?;
            for listener in page.listeners() {
                let actions = listener.default_actions().iter();
                let groups = actions.flat_map(|action| {
                    let weighted = action.forward_config().into_iter();
                    let weighted = weighted.flat_map(|config| config.target_groups());
                    // One with a weight of 0 gets nothing.
                    let (without, with): (Vec<_>, Vec<_>) =
                        weighted.partition(|group| group.weight() == Some(0));
                    let without: Vec<_> = without.iter().map(|group| group.target_group_arn()).collect();
                    let alone = action.target_group_arn();
                    with.into_iter()
                        .filter_map(|group| group.target_group_arn())
                        .chain(alone.filter(|arn| !without.contains(&Some(*arn))))
                });
                let mut target_groups: Vec<String> = groups.map(str::to_owned).collect();
                target_groups.sort();
                target_groups.dedup();
                found.push(ElbListener {
                    protocol: listener
                        .protocol()
                        .map(|protocol| protocol.as_str().to_owned())
                        .unwrap_or_default(),
                    port: listener.port().unwrap_or_default(),
                    target_groups,
                });
            }
            if !pages.turn(page.next_marker(), || self.incomplete(action, "new page marker"))? {
                return Ok(found);
            }
        }
    }

    /// Whether a target group takes packets of every zone in all of them; none when its load balancer decides.
    pub(super) async fn group_cross_zone(&self, target_group_arn: &str) -> Result<Option<bool>, Ec2Error> {
        let ask = |account: Account, arn| async move { account.ask_group_cross_zone(arn).await };
        let arn = target_group_arn.to_owned();
        let found = self.snapshot().group_cross_zone.get(self, arn, ask).await?;
        Ok(*found)
    }

    async fn ask_group_cross_zone(&self, target_group_arn: String) -> Result<Option<bool>, Ec2Error> {
        let call = self.call(Action::DescribeTargetGroupAttributes);
        let request = self
            .elb()
            .describe_target_group_attributes()
            .target_group_arn(target_group_arn);
        let answer = call.end(request.customize().interceptor(call.probe()).send().await)?;
        let value = answer
            .attributes()
            .iter()
            .find(|attribute| attribute.key() == Some("load_balancing.cross_zone.enabled"))
            .and_then(|attribute| attribute.value());
        Ok(match value {
            Some("true") => Some(true),
            Some("false") => Some(false),
            _ => None,
        })
    }
}
