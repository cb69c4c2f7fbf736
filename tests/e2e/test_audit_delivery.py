"""Sessions that exist and deliver nothing: each a fleet, each UNKNOWN without the permission to see it."""

import json
import pathlib
import re

import pytest

from harness.hcl import TAGGED
from harness.sandbox import sandbox as start_sandbox

FLEETS = pathlib.Path(__file__).parent / "fleets"
OUTPUT = (
    'output "found" {\n  value = {\n    compliant = data.mirror_audit.prod.compliant\n'
    "    summary    = data.mirror_audit.prod.summary\n    interfaces = data.mirror_audit.prod.interfaces\n"
    "    by_target  = data.mirror_audit.prod.by_target\n    orphaned   = data.mirror_audit.prod.orphaned_sessions\n  }\n}\n"
)
VXLAN = {"IpProtocol": "udp", "FromPort": 4789, "ToPort": 4789}


class Judge:
    """Reads the audit anew each time, and has seen to it that no reading changed anything."""

    def __init__(self, workspace, sandbox):
        self.workspace = workspace
        self.sandbox = sandbox
        sandbox.forget_calls()

    def audit(self, *more, selector=TAGGED):
        block = 'data "mirror_audit" "prod" {\n  ' + "\n  ".join([selector, *more]) + "\n}\n"
        self.workspace.configure(self.sandbox.provider(), block, OUTPUT)
        self.workspace.try_apply().succeed()
        found = json.loads(self.workspace.run("output", "-json", "found").succeed().stdout)
        # Not even one that was refused.
        assert all(call.action.startswith(("Describe", "Get")) for call in self.sandbox.calls())
        statuses = {finding["status"] for finding in found["interfaces"].values()} - {"NOT_APPLICABLE"}
        covered = statuses == {"COMPLIANT"}
        assert found["compliant"] is covered is (found["summary"]["status"] == "COMPLIANT")
        return found

    def finding(self, *more):
        """The one verdict on all interfaces."""
        found = list(self.audit(*more)["interfaces"].values())
        (verdict,) = {(finding["status"], finding["reason"]) for finding in found}
        return verdict, found[0]["detail"], found[0]["advice"]

    def reason(self, *more):
        (status, reason), detail, advice = self.finding(*more)
        expected = {"COVERED": "COMPLIANT", "NOT_VISIBLE": "UNKNOWN"}.get(reason, "NON_COMPLIANT")
        assert status == expected
        assert reason == "COVERED" or (detail and advice)
        return reason

    def without(self, *actions):
        """What becomes of the verdict when one of these is denied: UNKNOWN, and the detail names it."""
        for action in actions:
            self.sandbox.fault("deny", action)
            verdict, detail, _ = self.finding()
            assert verdict == ("UNKNOWN", "NOT_VISIBLE"), (action, verdict, detail)
            assert re.search(rf":{action} \((UnauthorizedOperation|AccessDenied)\)", detail), (action, detail)
            self.sandbox.no_faults()


@pytest.fixture
def judge(workspace, sandbox, fleet):
    return Judge(workspace, sandbox)


def mirror(sandbox, fleet, target, filter_id=None, number=1):
    for interface in sorted(fleet.tagged_interfaces()):
        sandbox.create_session(interface, target, filter_id or fleet.filter, number)


def rules(sandbox, interface):
    """The security group of an interface, and its rules."""
    described = sandbox.ec2.describe_network_interfaces(NetworkInterfaceIds=[interface])["NetworkInterfaces"][0]
    group = described["Groups"][0]["GroupId"]
    permissions = sandbox.ec2.describe_security_groups(GroupIds=[group])["SecurityGroups"][0]["IpPermissions"]
    return {"GroupId": group, "IpPermissions": permissions}


@pytest.mark.policy("audit")
@pytest.mark.spine
def test_behind_a_network_interface(judge, sandbox, fleet):
    mirror(sandbox, fleet, fleet.target)
    assert judge.reason() == "COVERED"
    judge.without("DescribeSecurityGroups", "DescribeTrafficMirrorFilters", "DescribeTrafficMirrorTargets")

    open_port = rules(sandbox, fleet.interfaces["sensor-1"][0])
    sandbox.ec2.revoke_security_group_ingress(**open_port)
    assert judge.reason() == "TARGET_PORT_CLOSED"
    judge.without("DescribeSecurityGroups")
    # Not asked for, it is not judged, and the summary says so.
    unchecked = judge.audit("check_delivery = false")
    assert unchecked["compliant"] is True and unchecked["summary"]["delivery_checked"] is False

    # Open for others; then for a list of which nothing is seen.
    elsewhere = {"GroupId": open_port["GroupId"], "IpPermissions": [VXLAN | {"IpRanges": [{"CidrIp": "192.0.2.0/24"}]}]}
    sandbox.ec2.authorize_security_group_ingress(**elsewhere)
    assert judge.reason() == "TARGET_PORT_CLOSED"
    by_list = VXLAN | {"PrefixListIds": [{"PrefixListId": "pl-0123456789abcdef0"}]}
    sandbox.ec2.authorize_security_group_ingress(GroupId=open_port["GroupId"], IpPermissions=[by_list])
    verdict, detail, _ = judge.finding()
    assert verdict == ("UNKNOWN", "NOT_VISIBLE") and "pl-0123456789abcdef0" in detail
    sandbox.ec2.authorize_security_group_ingress(**open_port)
    sandbox.ec2.stop_instances(InstanceIds=[fleet.instances["sensor-1"]])
    assert judge.reason() == "TARGET_STOPPED"
    sandbox.ec2.start_instances(InstanceIds=[fleet.instances["sensor-1"]])
    assert judge.reason() == "COVERED"
    # A permission that the audit cannot do without is an error, and no verdict.
    sandbox.fault("deny", "DescribeInstances")
    assert judge.workspace.try_plan().code == 1
    sandbox.no_faults()


@pytest.mark.policy("audit")
def test_filters_numbers_and_lengths(judge, sandbox, fleet):
    empty = sandbox.ec2.create_traffic_mirror_filter()["TrafficMirrorFilter"]["TrafficMirrorFilterId"]
    judge.sandbox.forget_calls()
    mirror(sandbox, fleet, fleet.target, empty)
    assert judge.reason() == "FILTER_EMPTY"
    for session in sandbox.sessions():
        sandbox.ec2.modify_traffic_mirror_session(
            TrafficMirrorSessionId=session.id, TrafficMirrorFilterId=fleet.filter, PacketLength=96
        )
    assert judge.reason() == "COVERED"
    assert judge.reason("require = { untruncated = true }") == "TRUNCATED"
    assert judge.reason(f'require = {{ traffic_mirror_filter_ids = ["{fleet.other_filter}"] }}') == "WRONG_FILTER"
    wanted = f'require = {{ traffic_mirror_target_ids = ["{fleet.other_target}"] }}'
    assert judge.reason(wanted) == "WRONG_TARGET"
    # The wanted session is there, and another takes its packets.
    mirror(sandbox, fleet, fleet.other_target, fleet.other_filter, number=2)
    verdict, detail, _ = judge.finding(f'require = {{ traffic_mirror_filter_ids = ["{fleet.other_filter}"] }}')
    assert verdict == ("NON_COMPLIANT", "WRONG_FILTER")
    named = 'require = { coverage_names = ["prod"] }'
    assert judge.reason(named) == "MISSING"
    for session in sandbox.sessions():
        if session.number == 2:
            sandbox.tag(session.id, **{"mirror:coverage": "prod"})
    assert judge.reason(named) == "SHADOWED"


def make_filter(sandbox, *rules, dns=False):
    """A filter with these rules, each an action and what narrows it."""
    made = sandbox.ec2.create_traffic_mirror_filter()["TrafficMirrorFilter"]["TrafficMirrorFilterId"]
    for number, (action, more) in enumerate(rules, 1):
        sandbox.ec2.create_traffic_mirror_filter_rule(
            TrafficMirrorFilterId=made,
            TrafficDirection="ingress",
            RuleNumber=number,
            RuleAction=action,
            **({"SourceCidrBlock": "0.0.0.0/0", "DestinationCidrBlock": "0.0.0.0/0"} | more),
        )
    if dns:
        sandbox.ec2.modify_traffic_mirror_filter_network_services(
            TrafficMirrorFilterId=made, AddNetworkServices=["amazon-dns"]
        )
    return made


@pytest.mark.policy("audit")
def test_what_filters_leave_over(judge, sandbox, fleet):
    """Rules are read as EC2 reads them, and compared by what they say, not by their ids."""
    https = ("accept", {"Protocol": 6, "DestinationPortRange": {"FromPort": 443, "ToPort": 443}})
    wanted = f'require = {{ traffic_mirror_target_ids = ["{fleet.target}"] }}'

    def reason(*filters):
        for session in sandbox.sessions():
            sandbox.ec2.delete_traffic_mirror_session(TrafficMirrorSessionId=session.id)
        *others, last = filters
        for number, other in enumerate(others, 1):
            mirror(sandbox, fleet, fleet.other_target, other, number)
        mirror(sandbox, fleet, fleet.target, last, len(filters))
        sandbox.forget_calls()
        return judge.finding(wanted)

    def https_filter():
        return make_filter(sandbox, https)

    (_, found), detail, _ = reason(https_filter(), https_filter())
    # The first is of another target; the required one gets nothing.
    assert found == "WRONG_TARGET", detail
    named = 'require = { coverage_names = ["prod"] }'
    for session in sandbox.sessions():
        if session.number == 2:
            sandbox.tag(session.id, **{"mirror:coverage": "prod"})
    sandbox.forget_calls()
    assert judge.reason(named) == "SHADOWED"
    assert reason(make_filter(sandbox, dns=True), make_filter(sandbox, dns=True))[0][1] == "WRONG_TARGET"
    verdict, detail, _ = reason(https_filter(), fleet.filter)
    assert verdict == ("COMPLIANT", "COVERED") and "is tried before" in detail, "only a remark"
    assert reason(make_filter(sandbox, ("reject", {}), ("accept", {})))[0][1] == "FILTER_EMPTY"


def test_an_accept_all_filter_takes_what_a_coverages_own_was_made_for(judge, sandbox, fleet):
    """A session of an older tool, for IPv4 alone, leaves the coverage nothing but what goes to the Amazon DNS server."""
    block = f'resource "mirror_coverage" "prod" {{\n  name = "prod"\n  traffic_mirror_target_ids = ["{fleet.target}"]\n  {TAGGED}\n}}\n'
    mirror(sandbox, fleet, fleet.other_target)
    judge.workspace.configure(sandbox.provider(), block)
    judge.workspace.apply()
    sandbox.forget_calls()
    named = 'require = { coverage_names = ["prod"] }'
    verdicts = []
    for more in ([named], []):
        judge.workspace.configure(sandbox.provider(), block, f'data "mirror_audit" "prod" {{\n  {TAGGED}\n  {" ".join(more)}\n}}\n', OUTPUT)
        judge.workspace.try_apply().succeed()
        found = json.loads(judge.workspace.run("output", "-json", "found").succeed().stdout)
        verdicts.append({(one["status"], one["reason"]) for one in found["interfaces"].values()})
        assert all("takes every packet but those to the Amazon DNS server" in one["detail"] for one in found["interfaces"].values())
    assert verdicts == [{("NON_COMPLIANT", "SHADOWED")}, {("COMPLIANT", "COVERED")}]


def test_an_instance_of_another_type_since(workspaces):
    """EC2 keeps and bills the session of an instance that got a type that cannot be mirrored, and mirrors nothing."""
    with start_sandbox("--fleet", str(FLEETS / "admitted.yaml"), "--no-throttle", policy="audit") as sandbox:
        judge = Judge(workspaces(), sandbox)
        selector = 'selector {\n    instance_types = ["t2.*"]\n  }'

        def judged(*more):
            found = judge.audit(*more, selector=selector)
            (finding,) = found["interfaces"].values()
            return found["summary"]["status"], finding

        status, finding = judged()
        assert (status, finding["reason"]) == ("NO_MATCH", "UNSUPPORTED_INSTANCE_TYPE") and "billed" in finding["detail"]
        assert judged('try_instance_types = ["t2.*"]')[1]["reason"] == "COVERED", "whoever knows better says so"
        assert judged("check_delivery = false")[1]["reason"] == "COVERED"


@pytest.fixture
def balancer(sandbox, fleet):
    """The fleet file's load balancer in both zones, and a sensor behind it in the zone without sources."""
    elb = sandbox.client("elbv2")
    group = elb.describe_target_groups()["TargetGroups"][0]["TargetGroupArn"]
    fleet.launch("far", subnet=1)
    elb.register_targets(TargetGroupArn=group, Targets=[{"Id": fleet.instances["far"]}])
    mirror(sandbox, fleet, fleet.balancer_target())
    return elb, elb.describe_load_balancers()["LoadBalancers"][0]["LoadBalancerArn"], group


@pytest.mark.policy("audit")
@pytest.mark.spine
def test_behind_a_load_balancer(judge, sandbox, fleet, balancer):
    elb, arn, group = balancer
    assert judge.reason() == "TARGET_UNHEALTHY"
    judge.without("DescribeTargetHealth", "DescribeLoadBalancerAttributes", "DescribeTargetGroupAttributes")
    cross_zone = {"Key": "load_balancing.cross_zone.enabled", "Value": "true"}
    elb.modify_load_balancer_attributes(LoadBalancerArn=arn, Attributes=[cross_zone])
    assert judge.reason() == "COVERED"
    sandbox.ec2.stop_instances(InstanceIds=[fleet.instances["far"]])
    assert judge.reason() == "TARGET_UNHEALTHY"
    fleet.launch("near")
    elb.register_targets(TargetGroupArn=group, Targets=[{"Id": fleet.instances["near"]}])
    elb.modify_load_balancer_attributes(LoadBalancerArn=arn, Attributes=[cross_zone | {"Value": "false"}])
    assert judge.reason() == "COVERED"
    # A target group's own setting goes before the load balancer's.
    sandbox.ec2.stop_instances(InstanceIds=[fleet.instances["near"]])
    sandbox.ec2.start_instances(InstanceIds=[fleet.instances["far"]])
    assert judge.reason() == "TARGET_UNHEALTHY"
    elb.modify_target_group_attributes(TargetGroupArn=group, Attributes=[cross_zone])
    assert judge.reason() == "COVERED"
    sandbox.ec2.start_instances(InstanceIds=[fleet.instances["near"]])
    # The sensors' own security groups count, though the health check, which is not by UDP, goes well.
    judge.without("DescribeSecurityGroups", "DescribeLoadBalancers")
    open_port = rules(sandbox, fleet.interfaces["near"][0])
    sandbox.ec2.revoke_security_group_ingress(**open_port)
    assert judge.reason() == "TARGET_PORT_CLOSED"
    sandbox.ec2.authorize_security_group_ingress(**open_port)
    assert judge.reason() == "COVERED"
    (listener,) = elb.describe_listeners(LoadBalancerArn=arn)["Listeners"]
    elb.delete_listener(ListenerArn=listener["ListenerArn"])
    assert judge.reason() == "TARGET_NO_LISTENER"
    judge.without("DescribeListeners")
    # A failure that may pass in a minute is an error, and no verdict.
    sandbox.fault("error", "DescribeListeners", status=400, code="ValidationError", message="no")
    assert judge.workspace.try_plan().code == 1


@pytest.mark.spine
def test_a_share_is_withdrawn(workspaces):
    with start_sandbox("--fleet", str(FLEETS / "shared.yaml"), "--no-throttle", policy="audit") as sandbox:
        judge = Judge(workspaces(), sandbox)
        verdict, detail, _ = judge.finding()
        assert verdict == ("UNKNOWN", "NOT_VISIBLE") and "another account" in detail
        assert judge.reason("check_delivery = false") == "COVERED"
        sandbox.share_target("tmt-0aaaaaaaaaaaaaaa1")
        assert judge.reason() == "TARGET_GONE"
        found = judge.audit()
        assert "tmt-0aaaaaaaaaaaaaaa1" in found["orphaned"]["tms-0aaaaaaaaaaaaaaa1"]["detail"]
        judge.without("DescribeTrafficMirrorTargets")


def test_behind_a_gateway_load_balancer(workspaces):
    with start_sandbox("--fleet", str(FLEETS / "gateway.yaml"), "--no-throttle", policy="audit") as sandbox:
        sandbox.create_session("eni-0eeeeeeeeeeeeee10", "tmt-0aaaaaaaaaaaaaaa9", "tmf-0aaaaaaaaaaaaaaa9", 1)
        judge = Judge(workspaces(), sandbox)

        def finding():
            found = judge.audit()["interfaces"]["eni-0eeeeeeeeeeeeee10"]
            return found["reason"], found["detail"]

        # EC2 tells nobody which load balancer is behind an endpoint, so that no verdict is made of one's health.
        reason, detail = finding()
        assert reason == "NOT_VISIBLE" and "gateway load balancer" in detail
        sandbox.ec2.stop_instances(InstanceIds=["i-0ddddddddddddddd2"])
        assert finding()[0] == "NOT_VISIBLE"
        sandbox.fault("deny", "DescribeVpcEndpoints")
        assert ":DescribeVpcEndpoints (UnauthorizedOperation)" in finding()[1]
        sandbox.no_faults()

        # What is registered behind it is a sensor. Where that cannot be seen, no interface without a session is missing one.
        def sensors():
            audit = judge.audit()
            assert audit["compliant"] is False
            return [audit["interfaces"][f"eni-0eeeeeeeeeeeeee2{n}"] for n in range(2)]

        assert {sensor["reason"] for sensor in sensors()} == {"SENSOR"}
        for action in ("DescribeTargetGroups", "DescribeTargetHealth"):
            sandbox.fault("deny", action)
            for sensor in sensors():
                assert (sensor["status"], sensor["reason"]) == ("UNKNOWN", "NOT_VISIBLE"), (action, sensor)
                assert f"elasticloadbalancing:{action} (AccessDenied)" in sensor["detail"]
            assert finding()[0] == "NOT_VISIBLE"
            sandbox.no_faults()
        assert {sensor["reason"] for sensor in sensors()} == {"SENSOR"}


@pytest.mark.policy("audit")
def test_orphaned_sessions(judge, sandbox, fleet):
    mirror(sandbox, fleet, fleet.target)
    (spare,) = fleet.interfaces["database"]
    second = fleet.attach(fleet.instances["database"], 1)
    owned = {"mirror:coverage": "prod", "mirror:coverage-id": "mc-00000000000000001"}
    unselected = sandbox.create_session(spare, fleet.target, fleet.filter, 1, **owned)
    unattached = sandbox.create_session(second, fleet.target, fleet.filter, 1)
    described = sandbox.ec2.describe_network_interfaces(NetworkInterfaceIds=[second])["NetworkInterfaces"][0]
    sandbox.ec2.detach_network_interface(AttachmentId=described["Attachment"]["AttachmentId"], Force=True)
    assert set(judge.audit()["orphaned"]) == {unattached}
    named = judge.audit('require = { coverage_names = ["prod"] }')["orphaned"]
    assert set(named) == {unattached, unselected}
    assert "billed" in named[unattached]["detail"] and "not selected" in named[unselected]["detail"]
    # Selected, it is not covered either: nothing is mirrored of it.
    by_id = f'selector {{\n    network_interface_ids = ["{second}"]\n  }}'
    alone = judge.audit(selector=by_id)
    assert alone["summary"]["status"] == "NO_MATCH"
    found = alone["interfaces"][second]
    assert (found["status"], found["reason"]) == ("NOT_APPLICABLE", "UNSUPPORTED_INTERFACE") and "billed" in found["detail"]
    # Without the interfaces there is no audit at all, rather than one that does not see what is billed.
    sandbox.fault("deny", "DescribeNetworkInterfaces")
    refused = judge.workspace.try_apply()
    assert refused.code == 1 and "ec2:DescribeNetworkInterfaces" in refused.errors[0].detail, refused.readable()


@pytest.mark.policy("audit")
def test_orphans_of_what_a_target_delivers_to(judge, sandbox, fleet):
    """The target is there, its network interface or load balancer is not."""
    elb = sandbox.client("elbv2")
    mirror(sandbox, fleet, fleet.target)
    mirror(sandbox, fleet, fleet.balancer_target(), number=2)
    sandbox.forget_calls()
    assert judge.audit()["orphaned"] == {}
    sandbox.fault("deny", "DescribeLoadBalancers")
    assert judge.audit("check_delivery = false")["orphaned"] is None, "nothing is claimed"
    sandbox.no_faults()
    sandbox.ec2.terminate_instances(InstanceIds=[fleet.instances["sensor-1"]])
    elb.delete_load_balancer(LoadBalancerArn=elb.describe_load_balancers()["LoadBalancers"][0]["LoadBalancerArn"])
    assert judge.reason() == "TARGET_GONE"
    for more in ([], ["check_delivery = false"]):
        orphaned = judge.audit(*more)["orphaned"]
        assert orphaned.keys() == {session.id for session in sandbox.sessions()}
        for found in orphaned.values():
            assert "delivers to nothing" in found["detail"]
    # Each by itself, since the first takes the packets of the second.
    for session in sandbox.sessions():
        if session.number == 1:
            sandbox.ec2.delete_traffic_mirror_session(TrafficMirrorSessionId=session.id)
    sandbox.forget_calls()
    verdict, detail, _ = judge.finding()
    assert verdict == ("NON_COMPLIANT", "TARGET_GONE") and "load balancer" in detail
    sandbox.fault("deny", "DescribeTrafficMirrorTargets")
    assert judge.audit()["orphaned"] is None
