//! elbv2: target groups, what is registered in them, and how that is.

use serde::Deserialize;
use serde_json::{Value, json};

use super::Call;
use super::elb_page::{attributes, own, page, render_attributes, text, texts};
use super::load_balancers;
use crate::failure::Failure;
use crate::state::{InstanceState, LoadBalancer, Member, TargetGroup};

/// The code for a target group that does not exist.
pub const NOT_FOUND: &str = "TargetGroupNotFound";

/// The attributes of a target group, with what they are at first.
const ATTRIBUTES: [(&str, &str); 7] = [
    ("deregistration_delay.connection_termination.enabled", "false"),
    ("deregistration_delay.timeout_seconds", "300"),
    (
        "load_balancing.cross_zone.enabled",
        "use_load_balancer_configuration",
    ),
    ("preserve_client_ip.enabled", "true"),
    ("proxy_protocol_v2.enabled", "false"),
    ("stickiness.enabled", "false"),
    ("stickiness.type", "source_ip"),
];

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Create {
    name: String,
    protocol: Option<String>,
    port: Option<i64>,
    vpc_id: Option<String>,
    target_type: Option<String>,
}

/// CreateTargetGroup; the name is unique.
pub fn create(call: &mut Call) -> Result<Value, Failure> {
    let input: Create = call.input()?;
    let (Some(protocol), Some(port), Some(vpc_id)) = (input.protocol, input.port, input.vpc_id) else {
        return Err(Failure::new(
            "ValidationError",
            "A target group needs Protocol, Port and VpcId",
        ));
    };
    if call.region.vpcs.get(&vpc_id).is_none() {
        return Err(Failure::new(
            "ValidationError",
            format!("The VPC ID '{vpc_id}' is not found"),
        ));
    }
    if call
        .region
        .target_groups
        .iter()
        .any(|(_, g)| call.owns(&g.owner) && g.name == input.name)
    {
        let text = format!("A target group with the same name '{}' exists", input.name);
        return Err(Failure::new("DuplicateTargetGroupName", text));
    }
    let path = format!("targetgroup/{}/{:016x}", input.name, call.ids.number());
    let group = TargetGroup {
        arn: call.arn("elasticloadbalancing", &path),
        owner: call.caller.account.clone(),
        name: input.name,
        protocol,
        port,
        vpc_id,
        target_type: input.target_type.unwrap_or_else(|| "instance".to_owned()),
        members: Vec::new(),
        attributes: Default::default(),
    };
    let answer = json!({"TargetGroups": [render(call, &group)]});
    call.region.target_groups.insert(&group.arn.clone(), group);
    Ok(answer)
}

/// DeleteTargetGroup: not while a listener forwards to it.
pub fn delete(call: &mut Call) -> Result<Value, Failure> {
    let arn = text(call, "TargetGroupArn");
    if call
        .region
        .listeners
        .iter()
        .any(|(_, listener)| listener.target_group_arn == arn)
    {
        let text = format!("Target group '{arn}' is currently in use by a listener or a rule");
        return Err(Failure::new("ResourceInUse", text));
    }
    // Deleting what does not exist succeeds.
    if own(call, &call.region.target_groups, &arn, NOT_FOUND).is_ok() {
        call.region.target_groups.remove(&arn);
    }
    Ok(json!({}))
}

/// The load balancers whose listeners forward to a group.
fn balancers<'r>(call: &'r Call, group: &'r TargetGroup) -> impl Iterator<Item = &'r LoadBalancer> + 'r {
    let forwards = call
        .region
        .listeners
        .iter()
        .filter(|(_, l)| l.target_group_arn == group.arn);
    let mut arns: Vec<&str> = forwards.map(|(_, l)| l.load_balancer_arn.as_str()).collect();
    arns.dedup();
    arns.into_iter()
        .filter_map(|arn| call.region.load_balancers.get(arn))
}

/// DescribeTargetGroups.
pub fn describe(call: &mut Call) -> Result<Value, Failure> {
    let (arns, names) = (texts(call, "TargetGroupArns"), texts(call, "Names"));
    let balancer = text(call, "LoadBalancerArn");
    if !balancer.is_empty() {
        own(
            call,
            &call.region.load_balancers,
            &balancer,
            load_balancers::NOT_FOUND,
        )?;
    }
    let fits = |g: &TargetGroup| {
        let named = arns.is_empty() && names.is_empty() || arns.contains(&g.arn) || names.contains(&g.name);
        named && (balancer.is_empty() || balancers(call, g).any(|l| l.arn == balancer))
    };
    let (rows, next) = page(call, &call.region.target_groups, fits, |g| render(call, g))?;
    if rows.len() < arns.len() + names.len() {
        return Err(Failure::new(NOT_FOUND, "One or more target groups not found"));
    }
    Ok(json!({"TargetGroups": rows, "NextMarker": next}))
}

fn render(call: &Call, group: &TargetGroup) -> Value {
    json!({
        "TargetGroupArn": group.arn,
        "TargetGroupName": group.name,
        "Protocol": group.protocol,
        "Port": group.port,
        "VpcId": group.vpc_id,
        "HealthCheckProtocol": "TCP",
        "HealthCheckPort": "traffic-port",
        "HealthCheckEnabled": true,
        "HealthCheckIntervalSeconds": 30,
        "HealthCheckTimeoutSeconds": 10,
        "HealthyThresholdCount": 5,
        "UnhealthyThresholdCount": 2,
        "LoadBalancerArns": balancers(call, group).map(|l| l.arn.clone()).collect::<Vec<_>>(),
        "TargetType": group.target_type,
        "IpAddressType": "ipv4",
    })
}

/// DescribeTargetGroupAttributes.
pub fn describe_attributes(call: &mut Call) -> Result<Value, Failure> {
    let group = own(
        call,
        &call.region.target_groups,
        &text(call, "TargetGroupArn"),
        NOT_FOUND,
    )?;
    Ok(render_attributes(&ATTRIBUTES, &group.attributes))
}

/// ModifyTargetGroupAttributes.
pub fn modify_attributes(call: &mut Call) -> Result<Value, Failure> {
    let arn = text(call, "TargetGroupArn");
    let mut group = own(call, &call.region.target_groups, &arn, NOT_FOUND)?.clone();
    group.attributes.extend(attributes(call, &ATTRIBUTES)?);
    let answer = render_attributes(&ATTRIBUTES, &group.attributes);
    call.region.target_groups.insert(&arn, group);
    Ok(answer)
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Target {
    id: String,
    port: Option<i64>,
}

/// The targets that a call names; none for a describe call that means all.
fn named(call: &Call) -> Result<Vec<Target>, Failure> {
    let list = call.input.get("Targets").cloned().unwrap_or_else(|| json!([]));
    serde_json::from_value(list).map_err(|error| Failure::internal(error.to_string()))
}

/// RegisterTargets: instances must exist and run; addresses may be any.
pub fn register(call: &mut Call) -> Result<Value, Failure> {
    let arn = text(call, "TargetGroupArn");
    let mut group = own(call, &call.region.target_groups, &arn, NOT_FOUND)?.clone();
    for target in named(call)? {
        let instance = call
            .region
            .instances
            .get(&target.id)
            .filter(|i| call.owns(&i.owner));
        if group.target_type == "instance" {
            match instance {
                Some(i) if i.vpc_id != group.vpc_id => {
                    let text = format!("'{}' is in another VPC than the target group", target.id);
                    return Err(Failure::new("InvalidTarget", text));
                }
                Some(i) if i.state == InstanceState::Running => {}
                _ => {
                    let text = format!(
                        "The following targets are not in a running state: '{}'",
                        target.id
                    );
                    return Err(Failure::new("InvalidTarget", text));
                }
            }
        }
        let port = target.port.unwrap_or(group.port);
        group
            .members
            .retain(|m| (m.id.as_str(), m.port) != (target.id.as_str(), port));
        group.members.push(Member {
            id: target.id,
            port,
            health: None,
        });
    }
    call.region.target_groups.insert(&arn, group);
    Ok(json!({}))
}

/// DeregisterTargets.
pub fn deregister(call: &mut Call) -> Result<Value, Failure> {
    let arn = text(call, "TargetGroupArn");
    let mut group = own(call, &call.region.target_groups, &arn, NOT_FOUND)?.clone();
    for target in named(call)? {
        group
            .members
            .retain(|m| m.id != target.id || target.port.is_some_and(|port| port != m.port));
    }
    call.region.target_groups.insert(&arn, group);
    Ok(json!({}))
}

/// DescribeTargetHealth.
pub fn describe_health(call: &mut Call) -> Result<Value, Failure> {
    let group = own(
        call,
        &call.region.target_groups,
        &text(call, "TargetGroupArn"),
        NOT_FOUND,
    )?;
    let wanted = named(call)?;
    let asked = |m: &&Member| {
        let is = |t: &Target| t.id == m.id && t.port.is_none_or(|port| port == m.port);
        wanted.is_empty() || wanted.iter().any(is)
    };
    let rows = group.members.iter().filter(asked).map(|member| {
        let (state, reason) = health(call, group, member);
        let description = reason.map(|_| format!("Target is {state}"));
        let zone = call
            .region
            .instances
            .get(&member.id)
            .map(|i| call.zone_name(&i.availability_zone));
        let zone = zone.filter(|_| group.target_type == "ip");
        json!({
            "Target": {"Id": member.id, "Port": member.port, "AvailabilityZone": zone},
            "HealthCheckPort": member.port.to_string(),
            "TargetHealth": {"State": state, "Reason": reason, "Description": description},
        })
    });
    Ok(json!({"TargetHealthDescriptions": rows.collect::<Vec<_>>()}))
}

/// State and reason of a registered target: what was forced, else what its instance makes of it.
fn health(call: &Call, group: &TargetGroup, member: &Member) -> (String, Option<&'static str>) {
    if let Some(forced) = &member.health {
        let reason = match forced.as_str() {
            "healthy" => None,
            "initial" => Some("Elb.InitialHealthChecking"),
            "draining" => Some("Target.DeregistrationInProgress"),
            "unused" => Some("Target.NotInUse"),
            _ => Some("Target.FailedHealthChecks"),
        };
        return (forced.clone(), reason);
    }
    let unused = |reason: &'static str| ("unused".to_owned(), Some(reason));
    let instance = call.region.instances.get(&member.id);
    if group.target_type == "instance" && instance.is_none_or(|i| i.state != InstanceState::Running) {
        return unused("Target.InvalidState");
    }
    let zone = instance.map(|i| i.availability_zone.as_str());
    let reaches = |balancer: &LoadBalancer| {
        let mut zones = balancer
            .subnet_ids
            .iter()
            .filter_map(|id| call.region.subnets.get(id));
        zone.is_none_or(|zone| zones.any(|subnet| subnet.availability_zone == zone))
    };
    if !balancers(call, group).any(reaches) {
        return unused("Target.NotInUse");
    }
    ("healthy".to_owned(), None)
}
