//! Security groups: describe, authorize, revoke.

use serde::Deserialize;
use serde_json::{Value, json};

use super::Call;
use super::call::tag_list;
use super::describe::{Listing, list, one};
use super::id_kinds::SECURITY_GROUP;
use crate::failure::Failure;
use crate::state::{Permission, SecurityGroup};

/// DescribeSecurityGroups.
pub fn describe(call: &mut Call) -> Result<Value, Failure> {
    let (groups, next) = list(call, &LISTING)?;
    Ok(json!({"SecurityGroups": groups, "NextToken": next}))
}

const LISTING: Listing<SecurityGroup> = Listing {
    ids: ("GroupIds", &SECURITY_GROUP),
    least: 5,
    table: |region| &region.security_groups,
    shows: |call, group| call.owns(&group.owner),
    filters: &[
        ("group-id", |_, g| one(&g.id)),
        ("group-name", |_, g| one(&g.name)),
        ("vpc-id", |_, g| one(&g.vpc_id)),
        ("owner-id", |_, g| one(&g.owner)),
    ],
    tags: Some(|_, group| &group.tags),
    render: |call, group| {
        json!({
            "GroupId": group.id,
            "GroupName": group.name,
            "Description": group.name,
            "OwnerId": group.owner,
            "VpcId": group.vpc_id,
            "SecurityGroupArn": format!(
                "arn:aws:ec2:{}:{}:security-group/{}", call.region_name, group.owner, group.id
            ),
            "IpPermissions": permissions(group, &group.ingress),
            "IpPermissionsEgress": permissions(group, &group.egress),
            "Tags": tag_list(call.tags_seen(&group.owner, &group.id, &group.tags)),
        })
    },
};

fn permissions(group: &SecurityGroup, permissions: &[Permission]) -> Vec<Value> {
    let objects = |name: &str, values: &[String]| -> Vec<Value> {
        values.iter().map(|value| json!({name: value})).collect()
    };
    let render = |p: &Permission| {
        let pairs: Vec<Value> = p
            .security_groups
            .iter()
            .map(|id| json!({"GroupId": id, "UserId": group.owner}))
            .collect();
        json!({
            "IpProtocol": p.protocol,
            "FromPort": p.from_port,
            "ToPort": p.to_port,
            "IpRanges": objects("CidrIp", &p.cidr_blocks),
            "Ipv6Ranges": objects("CidrIpv6", &p.ipv6_cidr_blocks),
            "UserIdGroupPairs": pairs,
            "PrefixListIds": objects("PrefixListId", &p.prefix_list_ids),
        })
    };
    permissions.iter().map(render).collect()
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Input {
    group_id: Option<String>,
    #[serde(default)]
    ip_permissions: Vec<Value>,
    ip_protocol: Option<String>,
    from_port: Option<i64>,
    to_port: Option<i64>,
    cidr_ip: Option<String>,
}

impl Input {
    /// The rules of the call: IpPermissions, or the one in the flat parameters.
    fn permissions(&self) -> Vec<Permission> {
        let texts = |value: &Value, list: &str, name: &str| -> Vec<String> {
            let items = value.get(list).and_then(Value::as_array).into_iter().flatten();
            items
                .filter_map(|item| Some(item.get(name)?.as_str()?.to_owned()))
                .collect()
        };
        let mut all: Vec<Permission> = (self.ip_permissions.iter())
            .map(|value| Permission {
                protocol: value
                    .get("IpProtocol")
                    .and_then(Value::as_str)
                    .unwrap_or("-1")
                    .to_owned(),
                from_port: value.get("FromPort").and_then(Value::as_i64),
                to_port: value.get("ToPort").and_then(Value::as_i64),
                cidr_blocks: texts(value, "IpRanges", "CidrIp"),
                ipv6_cidr_blocks: texts(value, "Ipv6Ranges", "CidrIpv6"),
                security_groups: texts(value, "UserIdGroupPairs", "GroupId"),
                prefix_list_ids: texts(value, "PrefixListIds", "PrefixListId"),
            })
            .collect();
        if let Some(protocol) = &self.ip_protocol {
            all.push(Permission {
                protocol: protocol.clone(),
                from_port: self.from_port,
                to_port: self.to_port,
                cidr_blocks: self.cidr_ip.iter().cloned().collect(),
                ipv6_cidr_blocks: Vec::new(),
                security_groups: Vec::new(),
                prefix_list_ids: Vec::new(),
            });
        }
        all
    }
}

/// The group and the rules that a call names.
fn named(call: &Call) -> Result<(SecurityGroup, Vec<Permission>), Failure> {
    let input: Input = call.input()?;
    let id = input
        .group_id
        .as_deref()
        .ok_or_else(|| Failure::missing_parameter("GroupId"))?;
    let permissions = input.permissions();
    if permissions.is_empty() {
        return Err(Failure::missing_parameter("IpPermissions"));
    }
    Ok((
        call.own(&call.region.security_groups, &SECURITY_GROUP, id)?
            .clone(),
        permissions,
    ))
}

/// AuthorizeSecurityGroupIngress.
pub fn authorize(call: &mut Call) -> Result<Value, Failure> {
    let (mut group, permissions) = named(call)?;
    call.dry_run()?;
    if permissions.iter().any(|p| group.ingress.contains(p)) {
        return Err(Failure::new(
            "InvalidPermission.Duplicate",
            "The specified rule already exists",
        ));
    }
    group.ingress.extend(permissions);
    call.region.security_groups.insert(&group.id.clone(), group);
    Ok(json!({"Return": true}))
}

/// RevokeSecurityGroupIngress.
pub fn revoke(call: &mut Call) -> Result<Value, Failure> {
    let (mut group, permissions) = named(call)?;
    call.dry_run()?;
    if permissions.iter().any(|p| !group.ingress.contains(p)) {
        let text = "The specified rule does not exist in this security group";
        return Err(Failure::new("InvalidPermission.NotFound", text));
    }
    group.ingress.retain(|p| !permissions.contains(p));
    call.region.security_groups.insert(&group.id.clone(), group);
    Ok(json!({"Return": true}))
}
