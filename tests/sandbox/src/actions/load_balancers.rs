//! elbv2: load balancers, their attributes and listeners.

use serde::Deserialize;
use serde_json::{Value, json};

use super::Call;
use super::call::timestamp;
use super::elb_page::{attributes, own, page, render_attributes, tags, text, texts};
use crate::failure::Failure;
use crate::state::{Listener, LoadBalancer};

/// The code for a load balancer that does not exist.
pub const NOT_FOUND: &str = "LoadBalancerNotFound";
const LISTENER_NOT_FOUND: &str = "ListenerNotFound";

/// The attributes of a network load balancer, with what they are at first.
const NETWORK_ATTRIBUTES: [(&str, &str); 5] = [
    ("access_logs.s3.enabled", "false"),
    ("deletion_protection.enabled", "false"),
    ("dns_record.client_routing_policy", "any_availability_zone"),
    ("load_balancing.cross_zone.enabled", "false"),
    ("zonal_shift.config.enabled", "false"),
];
/// The attributes of a gateway load balancer.
const GATEWAY_ATTRIBUTES: [(&str, &str); 2] = [
    ("deletion_protection.enabled", "false"),
    ("load_balancing.cross_zone.enabled", "false"),
];
/// The attributes of an application load balancer that matter here.
const APPLICATION_ATTRIBUTES: [(&str, &str); 4] = [
    ("access_logs.s3.enabled", "false"),
    ("deletion_protection.enabled", "false"),
    ("idle_timeout.timeout_seconds", "60"),
    ("load_balancing.cross_zone.enabled", "true"),
];

fn defaults(kind: &str) -> &'static [(&'static str, &'static str)] {
    match kind {
        "network" => &NETWORK_ATTRIBUTES,
        "gateway" => &GATEWAY_ATTRIBUTES,
        _ => &APPLICATION_ATTRIBUTES,
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Create {
    name: String,
    #[serde(default)]
    subnets: Vec<String>,
    #[serde(default)]
    subnet_mappings: Vec<Mapping>,
    #[serde(default)]
    security_groups: Vec<String>,
    scheme: Option<String>,
    #[serde(rename = "Type")]
    kind: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Mapping {
    subnet_id: Option<String>,
}

/// CreateLoadBalancer; the name is unique.
pub fn create(call: &mut Call) -> Result<Value, Failure> {
    let input: Create = call.input()?;
    let mapped = input.subnet_mappings.iter().filter_map(|m| m.subnet_id.clone());
    let subnet_ids: Vec<String> = input.subnets.iter().cloned().chain(mapped).collect();
    let mut vpc_id = None;
    for id in &subnet_ids {
        let subnet = call
            .region
            .subnets
            .get(id)
            .filter(|subnet| call.sees_subnet(subnet));
        let text = format!("The subnet ID '{id}' does not exist");
        vpc_id = Some(
            subnet
                .ok_or_else(|| Failure::new("SubnetNotFound", text))?
                .vpc_id
                .clone(),
        );
    }
    let vpc_id =
        vpc_id.ok_or_else(|| Failure::new("ValidationError", "At least one subnet must be specified"))?;
    if call
        .region
        .load_balancers
        .iter()
        .any(|(_, l)| call.owns(&l.owner) && l.name == input.name)
    {
        let text = format!("A load balancer with the same name '{}' exists", input.name);
        return Err(Failure::new("DuplicateLoadBalancerName", text));
    }
    let kind = input.kind.unwrap_or_else(|| "application".to_owned());
    let short = match kind.as_str() {
        "network" => "net",
        "gateway" => "gwy",
        "application" => "app",
        other => {
            return Err(Failure::new(
                "ValidationError",
                format!("Invalid load balancer type '{other}'"),
            ));
        }
    };
    let path = format!("loadbalancer/{short}/{}/{:016x}", input.name, call.ids.number());
    let balancer = LoadBalancer {
        arn: call.arn("elasticloadbalancing", &path),
        owner: call.caller.account.clone(),
        name: input.name,
        kind,
        scheme: input.scheme.unwrap_or_else(|| "internet-facing".to_owned()),
        vpc_id,
        subnet_ids,
        security_groups: input.security_groups,
        created: call.now,
        attributes: Default::default(),
        tags: tags(call),
    };
    let mut answer = json!({"LoadBalancers": [render(call, &balancer)]});
    // The next describe call says active.
    answer["LoadBalancers"][0]["State"]["Code"] = json!("provisioning");
    call.region.load_balancers.insert(&balancer.arn.clone(), balancer);
    Ok(answer)
}

/// DeleteLoadBalancer: also of one that is a mirror target; its listeners go with it.
pub fn delete(call: &mut Call) -> Result<Value, Failure> {
    let arn = text(call, "LoadBalancerArn");
    // Deleting what does not exist succeeds.
    if let Ok(balancer) = own(call, &call.region.load_balancers, &arn, NOT_FOUND) {
        if balancer
            .attributes
            .get("deletion_protection.enabled")
            .is_some_and(|v| v == "true")
        {
            let text =
                format!("Load balancer '{arn}' cannot be deleted because deletion protection is enabled");
            return Err(Failure::new("OperationNotPermitted", text));
        }
        let listeners = call
            .region
            .listeners
            .iter()
            .filter(|(_, l)| l.load_balancer_arn == arn);
        for listener in listeners.map(|(arn, _)| arn.clone()).collect::<Vec<_>>() {
            call.region.listeners.remove(&listener);
        }
        call.region.load_balancers.remove(&arn);
    }
    Ok(json!({}))
}

/// DescribeLoadBalancers.
pub fn describe(call: &mut Call) -> Result<Value, Failure> {
    let (arns, names) = (texts(call, "LoadBalancerArns"), texts(call, "Names"));
    let fits = |l: &LoadBalancer| {
        arns.is_empty() && names.is_empty() || arns.contains(&l.arn) || names.contains(&l.name)
    };
    let (rows, next) = page(call, &call.region.load_balancers, fits, |l| render(call, l))?;
    if rows.len() < arns.len() + names.len() {
        return Err(Failure::new(NOT_FOUND, "One or more load balancers not found"));
    }
    Ok(json!({"LoadBalancers": rows, "NextMarker": next}))
}

fn render(call: &Call, balancer: &LoadBalancer) -> Value {
    let zone = |id: &String| {
        let zone = call
            .region
            .subnets
            .get(id)
            .map(|subnet| call.zone_name(&subnet.availability_zone));
        json!({"ZoneName": zone, "SubnetId": id, "LoadBalancerAddresses": []})
    };
    json!({
        "LoadBalancerArn": balancer.arn,
        "LoadBalancerName": balancer.name,
        "DNSName": format!("{}.elb.{}.amazonaws.com", balancer.name, call.region_name),
        "CanonicalHostedZoneId": "Z0123456789ABC",
        "CreatedTime": timestamp(balancer.created),
        "Scheme": balancer.scheme,
        "VpcId": balancer.vpc_id,
        "State": {"Code": "active"},
        "Type": balancer.kind,
        "AvailabilityZones": balancer.subnet_ids.iter().map(zone).collect::<Vec<_>>(),
        "SecurityGroups": balancer.security_groups,
        "IpAddressType": "ipv4",
    })
}

/// DescribeLoadBalancerAttributes.
pub fn describe_attributes(call: &mut Call) -> Result<Value, Failure> {
    let balancer = own(
        call,
        &call.region.load_balancers,
        &text(call, "LoadBalancerArn"),
        NOT_FOUND,
    )?;
    Ok(render_attributes(defaults(&balancer.kind), &balancer.attributes))
}

/// ModifyLoadBalancerAttributes.
pub fn modify_attributes(call: &mut Call) -> Result<Value, Failure> {
    let arn = text(call, "LoadBalancerArn");
    let mut balancer = own(call, &call.region.load_balancers, &arn, NOT_FOUND)?.clone();
    balancer
        .attributes
        .extend(attributes(call, defaults(&balancer.kind))?);
    let answer = render_attributes(defaults(&balancer.kind), &balancer.attributes);
    call.region.load_balancers.insert(&arn, balancer);
    Ok(answer)
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct CreateListener {
    load_balancer_arn: String,
    protocol: Option<String>,
    port: Option<i64>,
    default_actions: Vec<Action>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Action {
    target_group_arn: Option<String>,
}

/// CreateListener: one forward action; a port once for each load balancer.
pub fn create_listener(call: &mut Call) -> Result<Value, Failure> {
    let input: CreateListener = call.input()?;
    let balancer = own(
        call,
        &call.region.load_balancers,
        &input.load_balancer_arn,
        NOT_FOUND,
    )?;
    let group = input
        .default_actions
        .first()
        .and_then(|action| action.target_group_arn.clone());
    let group =
        group.ok_or_else(|| Failure::new("InvalidLoadBalancerAction", "A forward action is required"))?;
    let target = own(
        call,
        &call.region.target_groups,
        &group,
        super::target_groups::NOT_FOUND,
    )?;
    if balancer.kind != "gateway" && (input.port.is_none() || input.protocol.is_none()) {
        return Err(Failure::new(
            "ValidationError",
            "A listener needs Protocol and Port",
        ));
    }
    let mixed = |a: &str, b: &str| a != b && !(a == "TCP_UDP" || b == "TCP_UDP");
    if balancer.kind == "network"
        && input
            .protocol
            .as_deref()
            .is_some_and(|p| mixed(p, &target.protocol))
    {
        let text = format!(
            "Listener protocol and target group protocol '{}' do not go together",
            target.protocol
        );
        return Err(Failure::new("InvalidConfigurationRequest", text));
    }
    let same = |l: &Listener| l.load_balancer_arn == input.load_balancer_arn && l.port == input.port;
    if call.region.listeners.iter().any(|(_, listener)| same(listener)) {
        return Err(Failure::new(
            "DuplicateListener",
            "A listener already exists on this port",
        ));
    }
    let listener = Listener {
        arn: format!(
            "{}/{:016x}",
            input
                .load_balancer_arn
                .replacen(":loadbalancer/", ":listener/", 1),
            call.ids.number()
        ),
        owner: call.caller.account.clone(),
        load_balancer_arn: input.load_balancer_arn,
        protocol: input.protocol,
        port: input.port,
        target_group_arn: group,
    };
    let answer = json!({"Listeners": [render_listener(&listener)]});
    call.region.listeners.insert(&listener.arn.clone(), listener);
    Ok(answer)
}

/// DeleteListener.
pub fn delete_listener(call: &mut Call) -> Result<Value, Failure> {
    let arn = text(call, "ListenerArn");
    own(call, &call.region.listeners, &arn, LISTENER_NOT_FOUND)?;
    call.region.listeners.remove(&arn);
    Ok(json!({}))
}

/// DescribeListeners, of one load balancer or by their ARNs.
pub fn describe_listeners(call: &mut Call) -> Result<Value, Failure> {
    let (balancer, arns) = (text(call, "LoadBalancerArn"), texts(call, "ListenerArns"));
    if balancer.is_empty() && arns.is_empty() {
        let text = "You must specify either listener ARNs or a load balancer ARN";
        return Err(Failure::new("ValidationError", text));
    }
    if !balancer.is_empty() {
        own(call, &call.region.load_balancers, &balancer, NOT_FOUND)?;
    }
    let fits = |l: &Listener| l.load_balancer_arn == balancer || arns.contains(&l.arn);
    let (rows, next) = page(call, &call.region.listeners, fits, render_listener)?;
    if rows.len() < arns.len() {
        return Err(Failure::new(
            LISTENER_NOT_FOUND,
            "One or more listeners not found",
        ));
    }
    Ok(json!({"Listeners": rows, "NextMarker": next}))
}

fn render_listener(listener: &Listener) -> Value {
    let group = &listener.target_group_arn;
    json!({
        "ListenerArn": listener.arn,
        "LoadBalancerArn": listener.load_balancer_arn,
        "Port": listener.port,
        "Protocol": listener.protocol,
        "DefaultActions": [{
            "Type": "forward",
            "TargetGroupArn": group,
            "Order": 1,
            "ForwardConfig": {"TargetGroups": [{"TargetGroupArn": group, "Weight": 1}]},
        }],
    })
}
