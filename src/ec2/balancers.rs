//! Load balancers and their target groups, as Elastic Load Balancing describes them.

use std::sync::Arc;

use super::page::Pages;
use super::{Account, Action, Ec2Error};

/// ARNs in one DescribeLoadBalancers call (ELBv2 API reference).
const BATCH: usize = 20;

/// A load balancer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Balancer {
    pub(super) arn: String,
    pub(super) vpc_id: Option<String>,
    /// `sg-…`; none where it has no security groups.
    pub(super) security_group_ids: Vec<String>,
    /// The names of its zones, and its subnet in each.
    pub(super) zones: Vec<(Option<String>, String)>,
}

/// What is registered in a target group.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Registered {
    /// Id of an instance, or an address.
    pub(super) id: String,
    /// Name of its zone, or `all`, where Elastic Load Balancing tells it.
    pub(super) zone: Option<String>,
    /// Where it receives.
    pub(super) port: Option<i32>,
    pub(super) healthy: bool,
}

/// Whom a load balancer sends to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct TargetGroup {
    pub(super) arn: String,
    /// `instance`, `ip`, `alb` or `lambda`.
    pub(super) target_type: String,
    pub(super) vpc_id: Option<String>,
    pub(super) load_balancer_arns: Vec<String>,
}

impl TargetGroup {
    /// Whether a gateway load balancer uses it: their ARNs are `…:loadbalancer/gwy/NAME/ID`.
    pub(super) fn is_of_gateway(&self) -> bool {
        self.load_balancer_arns
            .iter()
            .any(|arn| arn.contains(":loadbalancer/gwy/"))
    }
}

impl Account {
    /// The load balancers with these ARNs, at most [`BATCH`] of them; one that does not exist fails all.
    async fn ask_balancers(&self, arns: Vec<String>) -> Result<Vec<Balancer>, Ec2Error> {
        let action = Action::DescribeLoadBalancers;
        let mut found = Vec::new();
        let mut pages = Pages::default();
        loop {
            let call = self.call(action);
            let request = self
                .elb()
                .describe_load_balancers()
                .set_load_balancer_arns(Some(arns.clone()))
                .set_marker(pages.token());
            let page = call.end(request.customize().interceptor(call.probe()).send().await)?;
            for balancer in page.load_balancers() {
                let arn = balancer
                    .load_balancer_arn()
                    .ok_or_else(|| self.incomplete(action, "LoadBalancerArn"))?;
                let zones = balancer.availability_zones().iter().filter_map(|zone| {
                    Some((zone.zone_name().map(str::to_owned), zone.subnet_id()?.to_owned()))
                });
                found.push(Balancer {
                    arn: arn.to_owned(),
                    vpc_id: balancer.vpc_id().map(str::to_owned),
                    security_group_ids: balancer.security_groups().to_vec(),
                    zones: zones.collect(),
                });
            }
            if !pages.turn(page.next_marker(), || self.incomplete(action, "new page marker"))? {
                return Ok(found);
            }
        }
    }

    /// Whether a load balancer sends packets from each of its zones to targets in all of them.
    async fn ask_cross_zone(&self, arn: String) -> Result<bool, Ec2Error> {
        let call = self.call(Action::DescribeLoadBalancerAttributes);
        let request = self
            .elb()
            .describe_load_balancer_attributes()
            .load_balancer_arn(arn);
        let answer = call.end(request.customize().interceptor(call.probe()).send().await)?;
        Ok(answer.attributes().iter().any(|attribute| {
            attribute.key() == Some("load_balancing.cross_zone.enabled") && attribute.value() == Some("true")
        }))
    }

    /// The target groups of one load balancer, or of the whole account in this region.
    async fn ask_target_groups(
        &self,
        load_balancer_arn: Option<String>,
    ) -> Result<Vec<TargetGroup>, Ec2Error> {
        let action = Action::DescribeTargetGroups;
        let mut found = Vec::new();
        let mut pages = Pages::default();
        loop {
            let call = self.call(action);
            let request = self
                .elb()
                .describe_target_groups()
                .set_load_balancer_arn(load_balancer_arn.clone())
                .set_marker(pages.token());
            let page = call.end(request.customize().interceptor(call.probe()).send().await)?;
            for group in page.target_groups() {
                let lacks = |what| self.incomplete(action, what);
                found.push(TargetGroup {
                    arn: group
                        .target_group_arn()
                        .ok_or_else(|| lacks("TargetGroupArn"))?
                        .to_owned(),
                    target_type: group
                        .target_type()
                        .map_or("instance", |kind| kind.as_str())
                        .to_owned(),
                    vpc_id: group.vpc_id().map(str::to_owned),
                    load_balancer_arns: group.load_balancer_arns().to_vec(),
                });
            }
            if !pages.turn(page.next_marker(), || self.incomplete(action, "new page marker"))? {
                return Ok(found);
            }
        }
    }

    async fn ask_registered(&self, target_group_arn: String) -> Result<Vec<Registered>, Ec2Error> {
        let call = self.call(Action::DescribeTargetHealth);
        let request = self
            .elb()
            .describe_target_health()
            .target_group_arn(target_group_arn);
        let answer = call.end(request.customize().interceptor(call.probe()).send().await)?;
        let targets = answer
            .target_health_descriptions()
            .iter()
            .filter_map(|described| {
                let target = described.target()?;
                let state = described.target_health().and_then(|health| health.state());
                Some(Registered {
                    id: target.id()?.to_owned(),
                    zone: target.availability_zone().map(str::to_owned),
                    port: target.port(),
                    healthy: state.is_some_and(|state| state.as_str() == "healthy"),
                })
            });
        Ok(targets.collect())
    }

    pub(super) async fn target_groups(
        &self,
        load_balancer_arn: Option<String>,
    ) -> Result<Arc<Vec<TargetGroup>>, Ec2Error> {
        let ask = |account: Account, arn| async move { account.ask_target_groups(arn).await };
        self.snapshot()
            .target_groups
            .get(self, load_balancer_arn, ask)
            .await
    }

    /// What is registered in a target group, healthy or not.
    pub(super) async fn registered(&self, target_group_arn: &str) -> Result<Arc<Vec<Registered>>, Ec2Error> {
        let ask = |account: Account, arn| async move { account.ask_registered(arn).await };
        let arn = target_group_arn.to_owned();
        self.snapshot().registered.get(self, arn, ask).await
    }

    /// Batches of load balancers, each with what came of asking for it: where one of a batch does not exist, it is asked for
    /// one by one.
    pub(super) async fn balancers(
        &self,
        arns: &[String],
    ) -> Vec<(Vec<String>, Result<Vec<Balancer>, Ec2Error>)> {
        let mut asked = Vec::new();
        for batch in arns.chunks(BATCH) {
            let found = self.balancer_batch(batch.to_vec()).await;
            match found {
                Err(error) if is_missing(&error) && batch.len() > 1 => {
                    for arn in batch {
                        let one = vec![arn.clone()];
                        asked.push((one.clone(), self.balancer_batch(one).await));
                    }
                }
                found => asked.push((batch.to_vec(), found)),
            }
        }
        asked
    }

    async fn balancer_batch(&self, arns: Vec<String>) -> Result<Vec<Balancer>, Ec2Error> {
        let ask = |account: Account, arns| async move { account.ask_balancers(arns).await };
        let found = self.snapshot().balancers.get(self, arns, ask).await?;
        Ok(found.to_vec())
    }

    pub(super) async fn cross_zone(&self, arn: &str) -> Result<bool, Ec2Error> {
        let ask = |account: Account, arn| async move { account.ask_cross_zone(arn).await };
        let found = self.snapshot().cross_zone.get(self, arn.to_owned(), ask);
        found.await.map(|found| *found)
    }
}

fn is_missing(error: &Ec2Error) -> bool {
    matches!(error.class(), super::ErrorClass::NotFound(_))
}
