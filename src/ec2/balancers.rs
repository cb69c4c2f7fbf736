//! Load balancers, as Elastic Load Balancing describes them.

use super::page::Pages;
use super::{Account, Action, Ec2Error};

/// ARNs in one DescribeLoadBalancers call (ELBv2 API reference).
const BATCH: usize = 20;

/// A load balancer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Balancer {
    pub(super) arn: String,
    /// One in each of its zones.
    pub(super) subnet_ids: Vec<String>,
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
                let subnets = balancer.availability_zones().iter().filter_map(|z| z.subnet_id());
                found.push(Balancer {
                    arn: arn.to_owned(),
                    subnet_ids: subnets.map(str::to_owned).collect(),
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
