//! The TrafficMirrorFilterRule calls.

use std::net::IpAddr;

use serde::Deserialize;
use serde_json::{Value, json};

use super::call::tag_list;
use super::describe::{Listing, list, maybe, one};
use super::id_kinds::{FILTER, FILTER_RULE};
use super::session_rules::fields_can_be_removed;
use super::{Call, tagging};
use crate::failure::Failure;
use crate::state::TrafficMirrorFilterRule;

/// Rules per filter, both directions together; not adjustable.
const RULES_PER_FILTER: usize = 10;

#[derive(Deserialize, Clone, Copy)]
#[serde(rename_all = "PascalCase")]
struct PortRange {
    from_port: Option<i64>,
    to_port: Option<i64>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Input {
    traffic_mirror_filter_id: Option<String>,
    traffic_mirror_filter_rule_id: Option<String>,
    traffic_direction: Option<String>,
    rule_number: Option<i64>,
    rule_action: Option<String>,
    protocol: Option<i64>,
    destination_port_range: Option<PortRange>,
    source_port_range: Option<PortRange>,
    destination_cidr_block: Option<String>,
    source_cidr_block: Option<String>,
    description: Option<String>,
    #[serde(default)]
    remove_fields: Vec<String>,
}

/// CreateTrafficMirrorFilterRule.
pub fn create(call: &mut Call) -> Result<Value, Failure> {
    call.once(|call| {
        let input: Input = call.input()?;
        let tags = tagging::specified(
            call,
            "traffic-mirror-filter-rule",
            &["traffic-mirror-filter-rule"],
        )?;
        let filter_id = input.traffic_mirror_filter_id.clone().unwrap_or_default();
        let mut rule = TrafficMirrorFilterRule {
            id: String::new(),
            owner: call.caller.account.clone(),
            filter_id,
            direction: String::new(),
            number: 0,
            action: String::new(),
            protocol: None,
            destination_cidr_block: String::new(),
            source_cidr_block: String::new(),
            destination_ports: None,
            source_ports: None,
            description: None,
            tags,
        };
        apply(&mut rule, input)?;
        rule_is_valid(&rule)?;
        call.own(&call.region.filters, &FILTER, &rule.filter_id)?;
        call.dry_run()?;
        number_is_free(call, &rule)?;
        rules_per_filter(call, &rule.filter_id)?;
        rule.id = call.ids.resource("tmfr");
        let answer =
            json!({"TrafficMirrorFilterRule": render(call, &rule), "ClientToken": call.client_token()});
        call.region.filter_rules.insert(&rule.id.clone(), rule);
        Ok(answer)
    })
}

/// ModifyTrafficMirrorFilterRule.
pub fn modify(call: &mut Call) -> Result<Value, Failure> {
    let input: Input = call.input()?;
    fields_can_be_removed(&input.remove_fields, |field| match field {
        "destination-port-range" => Some(input.destination_port_range.is_some()),
        "source-port-range" => Some(input.source_port_range.is_some()),
        "protocol" => Some(input.protocol.is_some()),
        "description" => Some(input.description.is_some()),
        _ => None,
    })?;
    let id = input.traffic_mirror_filter_rule_id.clone().unwrap_or_default();
    let mut rule = call
        .own(&call.region.filter_rules, &FILTER_RULE, &id)
        .map_err(renamed)?
        .clone();
    apply(&mut rule, input)?;
    rule_is_valid(&rule)?;
    call.dry_run()?;
    number_is_free(call, &rule)?;
    let answer = json!({"TrafficMirrorFilterRule": render(call, &rule)});
    call.region.filter_rules.insert(&id, rule);
    Ok(answer)
}

fn apply(rule: &mut TrafficMirrorFilterRule, input: Input) -> Result<(), Failure> {
    for field in &input.remove_fields {
        match field.as_str() {
            "destination-port-range" => rule.destination_ports = None,
            "source-port-range" => rule.source_ports = None,
            "protocol" => rule.protocol = None,
            _ => rule.description = None,
        }
    }
    let keep = |new: Option<String>, old: &mut String| {
        if let Some(new) = new {
            *old = new;
        }
    };
    keep(input.traffic_direction, &mut rule.direction);
    keep(input.rule_action, &mut rule.action);
    keep(input.destination_cidr_block, &mut rule.destination_cidr_block);
    keep(input.source_cidr_block, &mut rule.source_cidr_block);
    rule.number = input.rule_number.unwrap_or(rule.number);
    rule.protocol = input.protocol.or(rule.protocol);
    rule.description = input.description.or(rule.description.take());
    if let Some(range) = input.destination_port_range {
        rule.destination_ports = Some(ports(range)?);
    }
    if let Some(range) = input.source_port_range {
        rule.source_ports = Some(ports(range)?);
    }
    Ok(())
}

fn ports(range: PortRange) -> Result<(i64, i64), Failure> {
    match (range.from_port, range.to_port) {
        (Some(from), Some(to)) if (0..=65535).contains(&from) && (from..=65535).contains(&to) => {
            Ok((from, to))
        }
        _ => Err(Failure::invalid_parameter(
            "Invalid port range. It must be within 0 to 65535, in order",
        )),
    }
}

/// Number 1 to 32766, known words, well-formed CIDR blocks of one family, ports only with TCP and UDP.
fn rule_is_valid(rule: &TrafficMirrorFilterRule) -> Result<(), Failure> {
    let invalid = |text: String| Err(Failure::invalid_parameter(text));
    if !(1..=32_766).contains(&rule.number) {
        return invalid(format!(
            "Invalid rule number {}. It must be between 1 and 32766",
            rule.number
        ));
    }
    if !["ingress", "egress"].contains(&rule.direction.as_str()) {
        return invalid(format!("Invalid traffic direction '{}'", rule.direction));
    }
    if !["accept", "reject"].contains(&rule.action.as_str()) {
        return invalid(format!("Invalid rule action '{}'", rule.action));
    }
    if rule
        .protocol
        .is_some_and(|protocol| !(0..=255).contains(&protocol))
    {
        return invalid("Invalid protocol. It must be between 0 and 255".to_owned());
    }
    let families = [&rule.destination_cidr_block, &rule.source_cidr_block].map(|block| is_ipv4(block));
    match families {
        [Some(to), Some(from)] if to == from => {}
        [Some(_), Some(_)] => {
            return invalid("Source and destination CIDR blocks differ in family".to_owned());
        }
        [None, _] => return invalid(format!("Invalid CIDR block '{}'", rule.destination_cidr_block)),
        [_, None] => return invalid(format!("Invalid CIDR block '{}'", rule.source_cidr_block)),
    }
    let has_ports = rule.destination_ports.is_some() || rule.source_ports.is_some();
    if has_ports && !matches!(rule.protocol, Some(6 | 17)) {
        return invalid("Port ranges need the protocol 6 (TCP) or 17 (UDP)".to_owned());
    }
    Ok(())
}

fn is_ipv4(block: &str) -> Option<bool> {
    let (address, length) = block.split_once('/')?;
    let (address, length): (IpAddr, u8) = (address.parse().ok()?, length.parse().ok()?);
    (length <= if address.is_ipv4() { 32 } else { 128 }).then_some(address.is_ipv4())
}

/// A number stands once in a direction of a filter.
fn number_is_free(call: &Call, rule: &TrafficMirrorFilterRule) -> Result<(), Failure> {
    let mut others = call
        .region
        .rules_of(&rule.filter_id)
        .filter(|other| other.id != rule.id);
    if others.any(|other| other.direction == rule.direction && other.number == rule.number) {
        let text = format!(
            "The filter {} has a rule {} for {} traffic",
            rule.filter_id, rule.number, rule.direction
        );
        return Err(Failure::new("TrafficMirrorFilterRuleAlreadyExists", text));
    }
    Ok(())
}

/// Ten rules a filter.
fn rules_per_filter(call: &Call, filter: &str) -> Result<(), Failure> {
    if call.region.rules_of(filter).count() >= RULES_PER_FILTER {
        let text = format!("Rules per filter limit reached ({RULES_PER_FILTER}) for {filter}");
        return Err(Failure::new("TrafficMirrorFilterRuleLimitExceeded", text));
    }
    Ok(())
}

/// A missing rule has the documented code, which is not in the form of the others.
fn renamed(failure: Failure) -> Failure {
    if failure.code == FILTER_RULE.not_found {
        return Failure::new("InvalidTrafficMirrorFilterRuleNotFound", failure.message);
    }
    failure
}

/// DeleteTrafficMirrorFilterRule.
pub fn delete(call: &mut Call) -> Result<Value, Failure> {
    let id = call
        .input::<Input>()?
        .traffic_mirror_filter_rule_id
        .unwrap_or_default();
    call.own(&call.region.filter_rules, &FILTER_RULE, &id)
        .map_err(renamed)?;
    call.dry_run()?;
    call.region.filter_rules.remove(&id);
    Ok(json!({"TrafficMirrorFilterRuleId": id}))
}

/// DescribeTrafficMirrorFilterRules, of one filter or of all.
pub fn describe(call: &mut Call) -> Result<Value, Failure> {
    if let Some(filter) = call.input.get("TrafficMirrorFilterId").and_then(Value::as_str) {
        call.own(&call.region.filters, &FILTER, filter)?;
    }
    let (rules, next) = list(call, &LISTING).map_err(renamed)?;
    Ok(json!({"TrafficMirrorFilterRules": rules, "NextToken": next}))
}

const LISTING: Listing<TrafficMirrorFilterRule> = Listing {
    ids: ("TrafficMirrorFilterRuleIds", &FILTER_RULE),
    least: 5,
    table: |region| &region.filter_rules,
    shows: |call, rule| {
        let of = call.input.get("TrafficMirrorFilterId").and_then(Value::as_str);
        call.owns(&rule.owner) && of.is_none_or(|filter| filter == rule.filter_id)
    },
    filters: &[
        ("traffic-mirror-filter-rule-id", |_, r| one(&r.id)),
        ("traffic-mirror-filter-id", |_, r| one(&r.filter_id)),
        ("rule-number", |_, r| one(r.number)),
        ("rule-action", |_, r| one(&r.action)),
        ("traffic-direction", |_, r| one(&r.direction)),
        ("protocol", |_, r| maybe(r.protocol)),
        ("source-cidr-block", |_, r| one(&r.source_cidr_block)),
        ("destination-cidr-block", |_, r| one(&r.destination_cidr_block)),
        ("description", |_, r| maybe(r.description.as_ref())),
    ],
    tags: None,
    render,
};

/// A rule in an answer.
pub fn render(call: &Call, rule: &TrafficMirrorFilterRule) -> Value {
    let range = |ports: Option<(i64, i64)>| ports.map(|(from, to)| json!({"FromPort": from, "ToPort": to}));
    json!({
        "TrafficMirrorFilterRuleId": rule.id,
        "TrafficMirrorFilterId": rule.filter_id,
        "TrafficDirection": rule.direction,
        "RuleNumber": rule.number,
        "RuleAction": rule.action,
        "Protocol": rule.protocol,
        "DestinationPortRange": range(rule.destination_ports),
        "SourcePortRange": range(rule.source_ports),
        "DestinationCidrBlock": rule.destination_cidr_block,
        "SourceCidrBlock": rule.source_cidr_block,
        "Description": rule.description,
        "Tags": tag_list(call.tags_seen(&rule.owner, &rule.id, &rule.tags)),
    })
}
