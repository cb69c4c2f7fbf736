//! Traffic mirror filters: list, create, change, delete.

use std::sync::Arc;

use aws_sdk_ec2::operation::create_traffic_mirror_filter::builders::CreateTrafficMirrorFilterFluentBuilder;
use aws_sdk_ec2::types::{
    ResourceType, TagSpecification, TrafficDirection, TrafficMirrorFilter, TrafficMirrorFilterRule,
    TrafficMirrorNetworkService, TrafficMirrorPortRange, TrafficMirrorRuleAction,
};

use super::page::{MAX_RESULTS, Pages};
use super::tags::{from_sdk, to_sdk};
use super::{Account, Action, Ec2Error, ErrorClass, What};
use crate::planner::{FilterRule, MirrorFilter, Tags};

impl Account {
    /// All traffic mirror filters of the account in this region.
    pub async fn all_filters(&self) -> Result<Vec<MirrorFilter>, Ec2Error> {
        let action = Action::DescribeTrafficMirrorFilters;
        let mut found = Vec::new();
        let mut pages = Pages::default();
        loop {
            let call = self.call(action);
            let request = self
                .client()
                .describe_traffic_mirror_filters()
                .max_results(MAX_RESULTS)
                .set_next_token(pages.token());
            let page = call.end(request.customize().interceptor(call.probe()).send().await)?;
            found.extend(page.traffic_mirror_filters().iter().filter_map(filter));
            if !pages.turn(page.next_token(), || self.incomplete(action, "new page token"))? {
                return Ok(found);
            }
        }
    }

    /// The same for whoever only reads: the answer may be shared.
    pub async fn filters_to_read(&self) -> Result<Arc<Vec<MirrorFilter>>, Ec2Error> {
        let ask = |account: Account, ()| async move { account.all_filters().await };
        self.snapshot().filters.get(self, (), ask).await
    }

    /// Creates a filter without rules and returns its id. `client_token` is of this attempt only.
    pub async fn create_filter(
        &self,
        description: &str,
        tags: &Tags,
        client_token: &str,
    ) -> Result<String, Ec2Error> {
        let action = Action::CreateTrafficMirrorFilter;
        let call = self.call(action);
        let request = self
            .filter_creation(tags)
            .description(description)
            .client_token(client_token);
        let created = call.end(request.customize().interceptor(call.probe()).send().await)?;
        created
            .traffic_mirror_filter()
            .and_then(|filter| filter.traffic_mirror_filter_id())
            .map(str::to_owned)
            .ok_or_else(|| self.incomplete(action, "trafficMirrorFilterId"))
    }

    /// Asks whether EC2 would create a filter with these tags, without creating it.
    pub async fn would_create_filter(&self, tags: &Tags) -> Result<(), Ec2Error> {
        let call = self.call(Action::CreateTrafficMirrorFilter);
        let request = self.filter_creation(tags).dry_run(true);
        granted(
            call.end(request.customize().interceptor(call.probe()).send().await)
                .map(drop),
        )
    }

    fn filter_creation(&self, tags: &Tags) -> CreateTrafficMirrorFilterFluentBuilder {
        let tags = TagSpecification::builder()
            .resource_type(ResourceType::TrafficMirrorFilter)
            .set_tags(Some(to_sdk(tags)))
            .build();
        self.client()
            .create_traffic_mirror_filter()
            .tag_specifications(tags)
    }

    /// Adds a rule to a filter. `client_token` is of this attempt only.
    pub async fn create_filter_rule(
        &self,
        filter_id: &str,
        rule: &FilterRule,
        client_token: &str,
    ) -> Result<(), Ec2Error> {
        let action = Action::CreateTrafficMirrorFilterRule;
        let direction = match rule.egress {
            true => TrafficDirection::Egress,
            false => TrafficDirection::Ingress,
        };
        let verdict = match rule.accept {
            true => TrafficMirrorRuleAction::Accept,
            false => TrafficMirrorRuleAction::Reject,
        };
        let number = self.int(action, "RuleNumber", rule.number)?;
        let call = self.call(action);
        let request = self
            .client()
            .create_traffic_mirror_filter_rule()
            .traffic_mirror_filter_id(filter_id)
            .traffic_direction(direction)
            .rule_number(number)
            .rule_action(verdict)
            .source_cidr_block(&rule.source_cidr)
            .destination_cidr_block(&rule.destination_cidr)
            .client_token(client_token);
        call.end(request.customize().interceptor(call.probe()).send().await)
            .map(drop)
    }

    /// Deletes a rule; one that does not exist is no error.
    pub async fn delete_filter_rule(&self, rule_id: &str) -> Result<(), Ec2Error> {
        let call = self.call(Action::DeleteTrafficMirrorFilterRule);
        let request = self
            .client()
            .delete_traffic_mirror_filter_rule()
            .traffic_mirror_filter_rule_id(rule_id);
        let deleted = call.end(request.customize().interceptor(call.probe()).send().await);
        unless_gone(deleted.map(drop), What::FilterRule)
    }

    /// Lets a filter mirror the traffic to the Amazon DNS server too.
    pub async fn add_amazon_dns(&self, filter_id: &str) -> Result<(), Ec2Error> {
        let call = self.call(Action::ModifyTrafficMirrorFilterNetworkServices);
        let request = self
            .client()
            .modify_traffic_mirror_filter_network_services()
            .traffic_mirror_filter_id(filter_id)
            .add_network_services(TrafficMirrorNetworkService::AmazonDns);
        call.end(request.customize().interceptor(call.probe()).send().await)
            .map(drop)
    }

    /// Deletes a filter with its rules; one that does not exist is no error, one that a session uses is.
    pub async fn delete_filter(&self, filter_id: &str) -> Result<(), Ec2Error> {
        let call = self.call(Action::DeleteTrafficMirrorFilter);
        let request = self
            .client()
            .delete_traffic_mirror_filter()
            .traffic_mirror_filter_id(filter_id);
        let deleted = call.end(request.customize().interceptor(call.probe()).send().await);
        unless_gone(deleted.map(drop), What::Filter)
    }
}

/// What the answer to a dry run says: its error `DryRunOperation` is a yes.
pub(super) fn granted(answer: Result<(), Ec2Error>) -> Result<(), Ec2Error> {
    match answer {
        Err(error) if error.code() == "DryRunOperation" => Ok(()),
        answer => answer,
    }
}

fn unless_gone(deleted: Result<(), Ec2Error>, what: What) -> Result<(), Ec2Error> {
    match deleted {
        Err(error) if error.class() == ErrorClass::NotFound(what) => Ok(()),
        deleted => deleted,
    }
}

/// None for an answer without an id.
pub(super) fn filter(filter: &TrafficMirrorFilter) -> Option<MirrorFilter> {
    let rules = filter
        .ingress_filter_rules()
        .iter()
        .chain(filter.egress_filter_rules());
    Some(MirrorFilter {
        id: filter.traffic_mirror_filter_id()?.to_owned(),
        rules: rules.map(rule).collect(),
        amazon_dns: filter
            .network_services()
            .contains(&TrafficMirrorNetworkService::AmazonDns),
        tags: from_sdk(filter.tags()),
    })
}

fn rule(rule: &TrafficMirrorFilterRule) -> FilterRule {
    let text = |text: Option<&str>| text.unwrap_or_default().to_owned();
    FilterRule {
        id: text(rule.traffic_mirror_filter_rule_id()),
        egress: rule.traffic_direction() == Some(&TrafficDirection::Egress),
        number: rule.rule_number().unwrap_or_default().into(),
        accept: rule.rule_action() == Some(&TrafficMirrorRuleAction::Accept),
        source_cidr: text(rule.source_cidr_block()),
        destination_cidr: text(rule.destination_cidr_block()),
        protocol: rule.protocol(),
        source_ports: rule.source_port_range().map(ports),
        destination_ports: rule.destination_port_range().map(ports),
    }
}

/// What is left out does not narrow.
fn ports(range: &TrafficMirrorPortRange) -> (i32, i32) {
    (range.from_port().unwrap_or(0), range.to_port().unwrap_or(65535))
}
