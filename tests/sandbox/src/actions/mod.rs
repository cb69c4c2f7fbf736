//! The actions, one file for each group. A handler reads a typed input, checks
//! its rules and answers a tree with the model's member names.

pub mod call;
pub mod describe;
pub mod elb_page;
pub mod id_kinds;
pub mod instance_types;
pub mod instance_view;
pub mod instances;
pub mod interface_view;
pub mod interfaces;
pub mod load_balancers;
pub mod mirror_filter_rules;
pub mod mirror_filters;
pub mod mirror_sessions;
pub mod mirror_targets;
pub mod network;
pub mod places;
pub mod security_groups;
pub mod session_rules;
pub mod sts;
pub mod tagging;
pub mod target_groups;

use serde_json::Value;

pub use call::Call;

use crate::failure::Failure;

/// What every action is.
pub type Handler = fn(&mut Call) -> Result<Value, Failure>;

/// The handler of an action, by service and name.
pub fn find(service: &str, action: &str) -> Option<Handler> {
    Some(match (service, action) {
        ("ec2", "RunInstances") => instances::run,
        ("ec2", "StartInstances") => instances::start,
        ("ec2", "StopInstances") => instances::stop,
        ("ec2", "TerminateInstances") => instances::terminate,
        ("ec2", "DescribeInstances") => instance_view::describe,
        ("ec2", "DescribeInstanceTypes") => instance_types::describe,
        ("ec2", "CreateNetworkInterface") => interfaces::create,
        ("ec2", "AttachNetworkInterface") => interfaces::attach,
        ("ec2", "DetachNetworkInterface") => interfaces::detach,
        ("ec2", "DeleteNetworkInterface") => interfaces::delete,
        ("ec2", "DescribeNetworkInterfaces") => interface_view::describe,
        ("ec2", "DescribeVpcs") => network::describe_vpcs,
        ("ec2", "DescribeSubnets") => network::describe_subnets,
        ("ec2", "DescribeVpcEndpoints") => network::describe_endpoints,
        ("ec2", "DescribeSecurityGroups") => security_groups::describe,
        ("ec2", "AuthorizeSecurityGroupIngress") => security_groups::authorize,
        ("ec2", "RevokeSecurityGroupIngress") => security_groups::revoke,
        ("ec2", "DescribeRegions") => places::describe_regions,
        ("ec2", "DescribeAvailabilityZones") => places::describe_zones,
        ("ec2", "CreateTags") => tagging::create,
        ("ec2", "DeleteTags") => tagging::delete,
        ("ec2", "DescribeTags") => tagging::describe,
        ("ec2", "CreateTrafficMirrorTarget") => mirror_targets::create,
        ("ec2", "DeleteTrafficMirrorTarget") => mirror_targets::delete,
        ("ec2", "DescribeTrafficMirrorTargets") => mirror_targets::describe,
        ("ec2", "CreateTrafficMirrorFilter") => mirror_filters::create,
        ("ec2", "DeleteTrafficMirrorFilter") => mirror_filters::delete,
        ("ec2", "DescribeTrafficMirrorFilters") => mirror_filters::describe,
        ("ec2", "ModifyTrafficMirrorFilterNetworkServices") => mirror_filters::modify_network_services,
        ("ec2", "CreateTrafficMirrorFilterRule") => mirror_filter_rules::create,
        ("ec2", "ModifyTrafficMirrorFilterRule") => mirror_filter_rules::modify,
        ("ec2", "DeleteTrafficMirrorFilterRule") => mirror_filter_rules::delete,
        ("ec2", "DescribeTrafficMirrorFilterRules") => mirror_filter_rules::describe,
        ("ec2", "CreateTrafficMirrorSession") => mirror_sessions::create,
        ("ec2", "ModifyTrafficMirrorSession") => mirror_sessions::modify,
        ("ec2", "DeleteTrafficMirrorSession") => mirror_sessions::delete,
        ("ec2", "DescribeTrafficMirrorSessions") => mirror_sessions::describe,
        ("sts", "GetCallerIdentity") => sts::get_caller_identity,
        ("sts", "AssumeRole") => sts::assume_role,
        ("sts", "AssumeRoleWithWebIdentity") => sts::assume_role_with_web_identity,
        ("elbv2", "CreateLoadBalancer") => load_balancers::create,
        ("elbv2", "DeleteLoadBalancer") => load_balancers::delete,
        ("elbv2", "DescribeLoadBalancers") => load_balancers::describe,
        ("elbv2", "DescribeLoadBalancerAttributes") => load_balancers::describe_attributes,
        ("elbv2", "ModifyLoadBalancerAttributes") => load_balancers::modify_attributes,
        ("elbv2", "CreateListener") => load_balancers::create_listener,
        ("elbv2", "DeleteListener") => load_balancers::delete_listener,
        ("elbv2", "DescribeListeners") => load_balancers::describe_listeners,
        ("elbv2", "CreateTargetGroup") => target_groups::create,
        ("elbv2", "DeleteTargetGroup") => target_groups::delete,
        ("elbv2", "DescribeTargetGroups") => target_groups::describe,
        ("elbv2", "DescribeTargetGroupAttributes") => target_groups::describe_attributes,
        ("elbv2", "ModifyTargetGroupAttributes") => target_groups::modify_attributes,
        ("elbv2", "RegisterTargets") => target_groups::register,
        ("elbv2", "DeregisterTargets") => target_groups::deregister,
        ("elbv2", "DescribeTargetHealth") => target_groups::describe_health,
        _ => return None,
    })
}

/// Whether an action changes anything.
pub fn mutates(action: &str) -> bool {
    !(action.starts_with("Describe") || action.starts_with("Get") || action.starts_with("AssumeRole"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::Model;

    #[test]
    fn every_action_of_the_model_has_a_handler() {
        for service in ["ec2", "sts", "elbv2"] {
            for action in Model::get().service(service).unwrap().actions.keys() {
                assert!(find(service, action).is_some(), "{service} {action}");
            }
        }
    }
}
