"""Targets and filters that would take no packet: a plan warns of them."""

import pytest

from harness.hcl import coverage

UDP = {"IpProtocol": "udp", "FromPort": 4000, "ToPort": 5000}


def test_an_empty_filter_is_a_warning(workspace, sandbox, fleet):
    """One that has no rules, and one whose rules accept nothing; of one that has DNS alone, what it is for."""
    empty = sandbox.ec2.create_traffic_mirror_filter()["TrafficMirrorFilter"]["TrafficMirrorFilterId"]

    def warned(filter_id):
        workspace.configure(sandbox.provider(), coverage(fleet, filter_id=f'"{filter_id}"'))
        warnings = workspace.plan().warnings
        assert all(filter_id in warning.detail and filter_id in warning.code for warning in warnings)
        return [(warning.summary, warning.detail.partition(". ")[0]) for warning in warnings]

    title = "The traffic mirror filter is empty"
    assert warned(empty) == [(title, f"Its sessions mirror nothing: {empty} has no rules")]
    workspace.apply_saved()
    workspace.assert_empty_plan()

    rejecting = sandbox.ec2.create_traffic_mirror_filter()["TrafficMirrorFilter"]["TrafficMirrorFilterId"]
    rule = {"TrafficMirrorFilterId": rejecting, "TrafficDirection": "egress", "SourceCidrBlock": "0.0.0.0/0"} | {
        "DestinationCidrBlock": "0.0.0.0/0"
    }
    sandbox.ec2.create_traffic_mirror_filter_rule(**rule, RuleNumber=1, RuleAction="reject")
    assert warned(rejecting) == [(title, f"Its sessions mirror nothing: {rejecting} has no rule that accepts")]
    sandbox.ec2.modify_traffic_mirror_filter_network_services(
        TrafficMirrorFilterId=rejecting, AddNetworkServices=["amazon-dns"]
    )
    ((title, _),) = warned(rejecting)
    assert title == "The traffic mirror filter accepts only DNS"
    workspace.apply_saved()
    # It may be meant: no further session says so.
    fleet.launch("web-3", Mirror="True")
    assert workspace.plan().warnings == []

    first = sandbox.ec2.create_traffic_mirror_filter()["TrafficMirrorFilter"]["TrafficMirrorFilterId"]
    sandbox.ec2.create_traffic_mirror_filter_rule(**rule | {"TrafficMirrorFilterId": first}, RuleNumber=1, RuleAction="accept")
    assert warned(first) == []


@pytest.mark.spine
def test_a_closed_port_is_a_warning(workspace, sandbox, fleet):
    """Of listed targets and of those that a tag may name; whoever may not look at security groups is told so, and not hindered."""
    (group,) = [g["GroupId"] for g in sandbox.ec2.describe_security_groups()["SecurityGroups"] if g["GroupName"] == "closed"]
    fleet.launch("closed", instance_type="m5.24xlarge", group=group)
    (sensor,) = fleet.interfaces["closed"]
    closed = fleet.create_target("closed")
    sandbox.ec2.authorize_security_group_ingress(
        GroupId=group, IpPermissions=[UDP | {"IpProtocol": "tcp", "IpRanges": [{"CidrIp": "0.0.0.0/0"}]}]
    )
    listed = coverage(fleet, targets=f'["{fleet.target}", "{closed}"]')
    by_tag = coverage(fleet, f'override = {{ target_tag = "To", target_ids = ["{closed}"] }}')
    for configuration in (listed, by_tag):
        workspace.configure(sandbox.provider(), configuration)
        (warning,) = workspace.plan().warnings
        assert all(word in warning.detail for word in (closed, sensor, group, "4789"))
    sandbox.fault("deny", "DescribeSecurityGroups")
    (warning,) = workspace.plan().warnings
    assert "cannot be seen" in warning.summary and "ec2:DescribeSecurityGroups" in warning.detail
    sandbox.no_faults()
    workspace.save_plan()
    workspace.apply_saved()
    workspace.assert_empty_plan()

    workspace.destroy()
    sandbox.ec2.authorize_security_group_ingress(
        GroupId=group, IpPermissions=[UDP | {"UserIdGroupPairs": [{"GroupId": group}]}]
    )
    workspace.configure(sandbox.provider(), listed)
    assert workspace.plan().warnings == [], "open to some"


def test_what_was_fine_when_it_was_listed_is_looked_at_again(workspace, sandbox, fleet):
    """A filter that was emptied, a port that was closed, a target that is gone: once something new goes there."""
    (group,) = [g["GroupId"] for g in sandbox.ec2.describe_security_groups()["SecurityGroups"] if g["GroupName"] == "closed"]
    udp = UDP | {"IpRanges": [{"CidrIp": "0.0.0.0/0"}]}
    sandbox.ec2.authorize_security_group_ingress(GroupId=group, IpPermissions=[udp])
    fleet.launch("guarded", instance_type="m5.24xlarge", group=group)
    guarded = fleet.create_target("guarded")
    rule = f'override = {{ target_tag = "To", target_ids = ["{fleet.other_target}"] }}'
    workspace.configure(sandbox.provider(), coverage(fleet, rule, targets=f'["{guarded}"]'))
    workspace.apply()

    sandbox.ec2.revoke_security_group_ingress(GroupId=group, IpPermissions=[udp])
    (found,) = sandbox.ec2.describe_traffic_mirror_filters(TrafficMirrorFilterIds=[fleet.filter])["TrafficMirrorFilters"]
    for accepted in [*found["IngressFilterRules"], *found["EgressFilterRules"]]:
        sandbox.ec2.delete_traffic_mirror_filter_rule(TrafficMirrorFilterRuleId=accepted["TrafficMirrorFilterRuleId"])
    sandbox.ec2.delete_traffic_mirror_target(TrafficMirrorTargetId=fleet.other_target)
    sandbox.forget_calls()
    workspace.assert_empty_plan()
    looked = {"DescribeTrafficMirrorFilters", "DescribeSecurityGroups"}
    assert not looked & {call.action for call in sandbox.calls()}, "not for a plan that changes nothing"

    fleet.launch("web-3", Mirror="True")
    warnings = {warning.summary: warning.detail for warning in workspace.plan().warnings}
    assert fleet.filter in warnings.pop("The traffic mirror filter is empty")
    assert guarded in warnings.pop("A traffic mirror target lets no mirrored packet in")
    assert warnings == {}
    workspace.apply_saved()
    workspace.assert_empty_plan()

    sandbox.tag(fleet.instances["web-1"], To=fleet.other_target)
    (error,) = workspace.try_plan().errors
    assert fleet.other_target in error.detail and "NotFound" in error.detail and "target_ids" in error.code


CLOSED = "A traffic mirror target lets no mirrored packet in"


@pytest.mark.spine
def test_closed_behind_a_load_balancer(workspace, sandbox, fleet):
    """The sensor's own groups, those of the load balancer, no listener: as the audit judges, where a session is to go there."""
    target, elb = fleet.balancer_target(), sandbox.client("elbv2")
    (group,) = [g["GroupId"] for g in sandbox.ec2.describe_security_groups()["SecurityGroups"] if g["GroupName"] == "closed"]
    sensor = fleet.launch("behind", group=group)
    (targets,) = elb.describe_target_groups()["TargetGroups"]
    elb.register_targets(TargetGroupArn=targets["TargetGroupArn"], Targets=[{"Id": sensor}])

    def warned(of=target, *words):
        workspace.configure(sandbox.provider(), coverage(fleet, targets=f'["{of}"]'))
        sandbox.forget_calls()
        warnings = workspace.plan().warnings
        assert all(warning.summary == CLOSED and of in warning.detail and of in warning.code for warning in warnings)
        assert all(word in warning.detail for word in words for warning in warnings)
        return len(warnings)

    assert warned(target, sensor, group, "4789", "any sign") == 1
    own = UDP | {"UserIdGroupPairs": [{"GroupId": group}]}
    sandbox.ec2.authorize_security_group_ingress(GroupId=group, IpPermissions=[own])
    assert warned(target, "names their security groups") == 1, "which a load balancer does not pass on"
    open_port = UDP | {"IpRanges": [{"CidrIp": "10.0.0.0/8"}]}
    sandbox.ec2.authorize_security_group_ingress(GroupId=group, IpPermissions=[open_port])
    assert warned() == 0

    made = elb.create_load_balancer(
        Name="guarded", Type="network", Subnets=fleet.subnets, SecurityGroups=[group]
    )["LoadBalancers"][0]["LoadBalancerArn"]
    guarded = sandbox.ec2.create_traffic_mirror_target(NetworkLoadBalancerArn=made)["TrafficMirrorTarget"]["TrafficMirrorTargetId"]
    assert warned(guarded, "no UDP listener on port 4789") == 1
    forward = {"Type": "forward", "TargetGroupArn": targets["TargetGroupArn"]}
    elb.create_listener(LoadBalancerArn=made, Protocol="UDP", Port=4789, DefaultActions=[forward])
    assert warned(guarded) == 0
    sandbox.ec2.revoke_security_group_ingress(GroupId=group, IpPermissions=[open_port, own])
    assert warned(guarded, group, "the load balancer of") == 1

    # The final plan does not ask again: what a run makes beside the target may not be there yet.
    sandbox.forget_calls()
    workspace.apply_saved()
    asks_again = {"DescribeListeners"} & {call.action for call in sandbox.calls()}
    assert not (asks_again and workspace.core.has("tells_final_plan"))
    assert warned(guarded) == 0
    assert not {"DescribeListeners", "DescribeSecurityGroups"} & {call.action for call in sandbox.calls()}, "no change, no call"
    fleet.launch("web-3", Mirror="True")
    assert warned(guarded) == 1, "of a listed one too, once something new goes there"

    for action in ("DescribeListeners", "DescribeSecurityGroups"):
        sandbox.fault("deny", action)
        (warning,) = workspace.plan().warnings
        assert "cannot be seen" in warning.summary and action in warning.detail and guarded in warning.detail
        sandbox.no_faults()
    sandbox.fault("error", "DescribeListeners", status=400, code="ValidationError", message="no")
    assert workspace.plan().warnings == [], "nothing is said of it, and nothing hindered"
