//! Subnets and VPC endpoints.

use std::collections::HashMap;

use super::page::{FILTER_VALUES, MAX_RESULTS, Pages, sdk_filters};
use super::{Account, Action, Ec2Error};
use crate::planner::Filter;

impl Account {
    /// Zone ids of subnets; a subnet that is not visible is left out. No id: no call.
    pub(super) async fn subnet_zones(
        &self,
        mut ids: Vec<String>,
    ) -> Result<HashMap<String, String>, Ec2Error> {
        ids.sort();
        ids.dedup();
        if ids.is_empty() {
            return Ok(HashMap::new());
        }
        let ask = |account: Account, ids: Vec<String>| async move { account.ask_subnet_zones(&ids).await };
        let found = self.snapshot().subnet_zones.get(self, ids, ask).await?;
        Ok(found.as_ref().clone())
    }

    async fn ask_subnet_zones(&self, ids: &[String]) -> Result<HashMap<String, String>, Ec2Error> {
        let action = Action::DescribeSubnets;
        let mut found = HashMap::new();
        // As filters: an id that does not exist is then no error.
        for batch in id_filters("subnet-id", ids) {
            let mut pages = Pages::default();
            loop {
                let call = self.call(action);
                let request = self
                    .client()
                    .describe_subnets()
                    .max_results(MAX_RESULTS)
                    .set_filters(sdk_filters(std::slice::from_ref(&batch)))
                    .set_next_token(pages.token());
                let page = call.end(request.customize().interceptor(call.probe()).send().await)?;
                found.extend(page.subnets().iter().filter_map(|subnet| {
                    let zone = subnet.availability_zone_id()?;
                    Some((subnet.subnet_id()?.to_owned(), zone.to_owned()))
                }));
                if !pages.turn(page.next_token(), || self.incomplete(action, "new page token"))? {
                    break;
                }
            }
        }
        Ok(found)
    }

    /// Subnets of VPC endpoints, by endpoint; one that is not visible is left out. No id: no call.
    pub(super) async fn endpoint_subnets(
        &self,
        mut ids: Vec<String>,
    ) -> Result<HashMap<String, Vec<String>>, Ec2Error> {
        ids.sort();
        ids.dedup();
        if ids.is_empty() {
            return Ok(HashMap::new());
        }
        let ask =
            |account: Account, ids: Vec<String>| async move { account.ask_endpoint_subnets(&ids).await };
        let found = self.snapshot().endpoint_subnets.get(self, ids, ask).await?;
        Ok(found.as_ref().clone())
    }

    async fn ask_endpoint_subnets(&self, ids: &[String]) -> Result<HashMap<String, Vec<String>>, Ec2Error> {
        let action = Action::DescribeVpcEndpoints;
        let mut found = HashMap::new();
        for batch in id_filters("vpc-endpoint-id", ids) {
            let mut pages = Pages::default();
            loop {
                let call = self.call(action);
                let request = self
                    .client()
                    .describe_vpc_endpoints()
                    .max_results(MAX_RESULTS)
                    .set_filters(sdk_filters(std::slice::from_ref(&batch)))
                    .set_next_token(pages.token());
                let page = call.end(request.customize().interceptor(call.probe()).send().await)?;
                found.extend(page.vpc_endpoints().iter().filter_map(|endpoint| {
                    let subnets = endpoint.subnet_ids().to_vec();
                    Some((endpoint.vpc_endpoint_id()?.to_owned(), subnets))
                }));
                if !pages.turn(page.next_token(), || self.incomplete(action, "new page token"))? {
                    break;
                }
            }
        }
        Ok(found)
    }
}

/// Filters by id, each with as many values as EC2 takes in one.
pub(super) fn id_filters(name: &str, ids: &[String]) -> Vec<Filter> {
    let filter = |ids: &[String]| Filter {
        name: name.to_owned(),
        values: ids.to_vec(),
    };
    ids.chunks(FILTER_VALUES).map(filter).collect()
}
