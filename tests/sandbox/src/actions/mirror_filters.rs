//! Create, Delete and DescribeTrafficMirrorFilters, and their network services.

use serde::Deserialize;
use serde_json::{Value, json};

use super::call::tag_list;
use super::describe::{Listing, list, maybe, one};
use super::id_kinds::FILTER;
use super::{Call, mirror_filter_rules, tagging};
use crate::failure::Failure;
use crate::state::TrafficMirrorFilter;

/// Filters per account and region; not adjustable.
const FILTERS_PER_ACCOUNT: usize = 10_000;

/// CreateTrafficMirrorFilter.
pub fn create(call: &mut Call) -> Result<Value, Failure> {
    #[derive(Deserialize)]
    #[serde(rename_all = "PascalCase")]
    struct Input {
        description: Option<String>,
    }
    call.once(|call| {
        let input: Input = call.input()?;
        let tags = tagging::specified(call, "traffic-mirror-filter", &["traffic-mirror-filter"])?;
        call.dry_run()?;
        filters_per_account(call)?;
        let filter = TrafficMirrorFilter {
            id: call.ids.resource("tmf"),
            owner: call.caller.account.clone(),
            description: input.description,
            network_services: Vec::new(),
            tags,
        };
        let answer =
            json!({"TrafficMirrorFilter": render(call, &filter), "ClientToken": call.client_token()});
        call.region.filters.insert(&filter.id.clone(), filter);
        Ok(answer)
    })
}

fn filters_per_account(call: &Call) -> Result<(), Failure> {
    let owned = call
        .region
        .filters
        .iter()
        .filter(|(_, filter)| call.owns(&filter.owner))
        .count();
    if owned >= FILTERS_PER_ACCOUNT {
        let text = format!("Traffic mirror filter limit reached ({FILTERS_PER_ACCOUNT})");
        return Err(Failure::new("TrafficMirrorFilterLimitExceeded", text));
    }
    Ok(())
}

/// DeleteTrafficMirrorFilter: not while a session uses it; its rules go with it.
pub fn delete(call: &mut Call) -> Result<Value, Failure> {
    #[derive(Deserialize)]
    #[serde(rename_all = "PascalCase")]
    struct Input {
        traffic_mirror_filter_id: String,
    }
    let id = call.input::<Input>()?.traffic_mirror_filter_id;
    call.own(&call.region.filters, &FILTER, &id)?;
    call.dry_run()?;
    if let Some(session) = call.region.sessions_of(&id).next() {
        return Err(Failure::new(
            "TrafficMirrorFilterInUse",
            format!("{id} is in use by {}", session.id),
        ));
    }
    let rules: Vec<String> = call.region.rules_of(&id).map(|rule| rule.id.clone()).collect();
    for rule in rules {
        call.region.filter_rules.remove(&rule);
    }
    call.region.filters.remove(&id);
    Ok(json!({"TrafficMirrorFilterId": id}))
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct ModifyServices {
    traffic_mirror_filter_id: String,
    #[serde(default)]
    add_network_services: Vec<String>,
    #[serde(default)]
    remove_network_services: Vec<String>,
}

/// ModifyTrafficMirrorFilterNetworkServices.
pub fn modify_network_services(call: &mut Call) -> Result<Value, Failure> {
    let input: ModifyServices = call.input()?;
    let named = input
        .add_network_services
        .iter()
        .chain(&input.remove_network_services);
    for service in named {
        service_can_be_mirrored(service)?;
    }
    let mut filter = call
        .own(&call.region.filters, &FILTER, &input.traffic_mirror_filter_id)?
        .clone();
    call.dry_run()?;
    filter
        .network_services
        .retain(|service| !input.remove_network_services.contains(service));
    for service in input.add_network_services {
        if !filter.network_services.contains(&service) {
            filter.network_services.push(service);
        }
    }
    let answer = json!({"TrafficMirrorFilter": render(call, &filter)});
    call.region.filters.insert(&filter.id.clone(), filter);
    Ok(answer)
}

/// The only network service is `amazon-dns`.
fn service_can_be_mirrored(service: &str) -> Result<(), Failure> {
    if service == "amazon-dns" {
        return Ok(());
    }
    Err(Failure::invalid_parameter(format!(
        "Invalid network service '{service}'. It must be amazon-dns"
    )))
}

/// DescribeTrafficMirrorFilters.
pub fn describe(call: &mut Call) -> Result<Value, Failure> {
    let (filters, next) = list(call, &LISTING)?;
    Ok(json!({"TrafficMirrorFilters": filters, "NextToken": next}))
}

const LISTING: Listing<TrafficMirrorFilter> = Listing {
    ids: ("TrafficMirrorFilterIds", &FILTER),
    least: 5,
    table: |region| &region.filters,
    shows: |call, filter| call.owns(&filter.owner),
    filters: &[
        ("description", |_, f| maybe(f.description.as_ref())),
        ("traffic-mirror-filter-id", |_, f| one(&f.id)),
    ],
    tags: None,
    render,
};

fn render(call: &Call, filter: &TrafficMirrorFilter) -> Value {
    let rules = |direction: &str| -> Vec<Value> {
        let mut rules: Vec<_> = call
            .region
            .rules_of(&filter.id)
            .filter(|r| r.direction == direction)
            .collect();
        rules.sort_by_key(|rule| rule.number);
        rules
            .into_iter()
            .map(|rule| mirror_filter_rules::render(call, rule))
            .collect()
    };
    json!({
        "TrafficMirrorFilterId": filter.id,
        "Description": filter.description,
        "IngressFilterRules": rules("ingress"),
        "EgressFilterRules": rules("egress"),
        "NetworkServices": filter.network_services,
        "Tags": tag_list(call.tags_seen(&filter.owner, &filter.id, &filter.tags)),
    })
}
