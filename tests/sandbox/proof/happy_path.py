"""One walk through every action, in an order in which each of them succeeds.

It needs no more than a VPC with two subnets and a security group, so that it
runs against any EC2; `steps` yields what each action answered."""

RUN = {"ImageId": "ami-12c6146b", "InstanceType": "m5.large"}
ANY = {"SourceCidrBlock": "0.0.0.0/0", "DestinationCidrBlock": "0.0.0.0/0"}


def tagged(kind, **tags):
    return [{"ResourceType": kind, "Tags": [{"Key": k, "Value": v} for k, v in tags.items()]}]


class Walk:
    """Calls an action, remembers its answer, and goes on when an EC2 cannot do it."""

    def __init__(self, clients, failures=()):
        self.clients, self.failures, self.answers = clients, failures, []

    def __call__(self, service, action, **parameters):
        client = self.clients[service]
        method = next(
            name for name, operation in client.meta.method_to_api_mapping.items() if operation == action
        )
        try:
            answer = getattr(client, method)(**parameters)
            answer.pop("ResponseMetadata")
        except self.failures as error:
            answer = error
        self.answers.append((action, answer))
        return answer


def steps(walk, vpc, subnet, subnet_b, group, role):
    """Every action at least once; returns the answers in order, as (action, answer)."""
    ec2 = lambda action, **more: walk("ec2", action, **more)
    elb = lambda action, **more: walk("elbv2", action, **more)
    walk("sts", "GetCallerIdentity")
    walk("sts", "AssumeRole", RoleArn=role, RoleSessionName="walk")
    walk(
        "sts",
        "AssumeRoleWithWebIdentity",
        RoleArn=role,
        RoleSessionName="walk",
        WebIdentityToken="proof-token",
    )
    ec2("DescribeRegions", RegionNames=["eu-west-1"])
    ec2("DescribeAvailabilityZones", ZoneNames=["eu-west-1a"])
    ec2("DescribeInstanceTypes", InstanceTypes=["m5.large"])
    ec2("DescribeVpcs", VpcIds=[vpc])
    ec2("DescribeSubnets", SubnetIds=[subnet])
    ec2("DescribeVpcEndpoints")
    ec2(
        "AuthorizeSecurityGroupIngress",
        GroupId=group,
        IpPermissions=[
            {"IpProtocol": "udp", "FromPort": 4789, "ToPort": 4789, "IpRanges": [{"CidrIp": "10.0.0.0/8"}]}
        ],
    )
    ec2("DescribeSecurityGroups", GroupIds=[group])

    run = ec2(
        "RunInstances",
        MinCount=1,
        MaxCount=1,
        SubnetId=subnet,
        SecurityGroupIds=[group],
        TagSpecifications=tagged("instance", Name="source", Mirror="True"),
        **RUN
    )
    source = run["Instances"][0]
    instance, eni = source["InstanceId"], source["NetworkInterfaces"][0]["NetworkInterfaceId"]
    sensor = walk.clients["ec2"].run_instances(
        MinCount=1, MaxCount=1, SubnetId=subnet, SecurityGroupIds=[group], **RUN
    )["Instances"][0]
    ec2("DescribeInstances", InstanceIds=[instance])
    ec2("DescribeNetworkInterfaces", NetworkInterfaceIds=[eni])
    extra = ec2(
        "CreateNetworkInterface",
        SubnetId=subnet,
        Groups=[group],
        Description="second",
        TagSpecifications=tagged("network-interface", a="b"),
    )
    extra = extra["NetworkInterface"]["NetworkInterfaceId"]
    attachment = ec2("AttachNetworkInterface", NetworkInterfaceId=extra, InstanceId=instance, DeviceIndex=1)[
        "AttachmentId"
    ]
    ec2("DetachNetworkInterface", AttachmentId=attachment)
    ec2("DeleteNetworkInterface", NetworkInterfaceId=extra)

    target = ec2(
        "CreateTrafficMirrorTarget",
        NetworkInterfaceId=sensor["NetworkInterfaces"][0]["NetworkInterfaceId"],
        Description="t",
        TagSpecifications=tagged("traffic-mirror-target", a="b"),
    )
    target = target["TrafficMirrorTarget"]["TrafficMirrorTargetId"]
    filter = ec2(
        "CreateTrafficMirrorFilter", Description="f", TagSpecifications=tagged("traffic-mirror-filter", a="b")
    )
    filter = filter["TrafficMirrorFilter"]["TrafficMirrorFilterId"]
    rule = ec2(
        "CreateTrafficMirrorFilterRule",
        TrafficMirrorFilterId=filter,
        TrafficDirection="ingress",
        RuleNumber=1,
        RuleAction="accept",
        Protocol=6,
        **ANY
    )
    rule = (
        rule["TrafficMirrorFilterRule"]["TrafficMirrorFilterRuleId"] if isinstance(rule, dict) else "tmfr-0"
    )
    ec2("ModifyTrafficMirrorFilterRule", TrafficMirrorFilterRuleId=rule, RuleAction="reject")
    ec2("DescribeTrafficMirrorFilterRules", TrafficMirrorFilterId=filter)
    ec2("DeleteTrafficMirrorFilterRule", TrafficMirrorFilterRuleId=rule)
    ec2(
        "ModifyTrafficMirrorFilterNetworkServices",
        TrafficMirrorFilterId=filter,
        AddNetworkServices=["amazon-dns"],
    )
    session = ec2(
        "CreateTrafficMirrorSession",
        NetworkInterfaceId=eni,
        TrafficMirrorTargetId=target,
        TrafficMirrorFilterId=filter,
        SessionNumber=1,
        VirtualNetworkId=7,
        PacketLength=100,
        Description="s",
        TagSpecifications=tagged("traffic-mirror-session", a="b"),
    )["TrafficMirrorSession"]["TrafficMirrorSessionId"]
    ec2("ModifyTrafficMirrorSession", TrafficMirrorSessionId=session, SessionNumber=2, Description="changed")
    ec2("CreateTags", Resources=[session], Tags=[{"Key": "c", "Value": "d"}])
    ec2("DescribeTags", Filters=[{"Name": "resource-id", "Values": [session]}])
    ec2("DeleteTags", Resources=[session], Tags=[{"Key": "c"}])
    ec2("DescribeTrafficMirrorSessions", TrafficMirrorSessionIds=[session])
    ec2("DescribeTrafficMirrorTargets", TrafficMirrorTargetIds=[target])
    ec2("DescribeTrafficMirrorFilters", TrafficMirrorFilterIds=[filter])
    ec2("DeleteTrafficMirrorSession", TrafficMirrorSessionId=session)
    ec2("DeleteTrafficMirrorTarget", TrafficMirrorTargetId=target)
    ec2("DeleteTrafficMirrorFilter", TrafficMirrorFilterId=filter)

    balancer = elb(
        "CreateLoadBalancer", Name="walk", Type="network", Scheme="internal", Subnets=[subnet, subnet_b]
    )["LoadBalancers"][0]["LoadBalancerArn"]
    targets = elb(
        "CreateTargetGroup", Name="walk", Protocol="UDP", Port=4789, VpcId=vpc, TargetType="instance"
    )["TargetGroups"][0]["TargetGroupArn"]
    forward = [{"Type": "forward", "TargetGroupArn": targets}]
    listener = elb(
        "CreateListener", LoadBalancerArn=balancer, Protocol="UDP", Port=4789, DefaultActions=forward
    )["Listeners"][0]["ListenerArn"]
    elb("RegisterTargets", TargetGroupArn=targets, Targets=[{"Id": sensor["InstanceId"]}])
    elb("DescribeTargetHealth", TargetGroupArn=targets)
    elb("DescribeLoadBalancers", LoadBalancerArns=[balancer])
    elb("DescribeListeners", LoadBalancerArn=balancer)
    elb("DescribeTargetGroups", TargetGroupArns=[targets])
    elb("DescribeLoadBalancerAttributes", LoadBalancerArn=balancer)
    elb(
        "ModifyLoadBalancerAttributes",
        LoadBalancerArn=balancer,
        Attributes=[{"Key": "load_balancing.cross_zone.enabled", "Value": "true"}],
    )
    elb("DescribeTargetGroupAttributes", TargetGroupArn=targets)
    elb(
        "ModifyTargetGroupAttributes",
        TargetGroupArn=targets,
        Attributes=[{"Key": "deregistration_delay.timeout_seconds", "Value": "1"}],
    )
    elb("DeregisterTargets", TargetGroupArn=targets, Targets=[{"Id": sensor["InstanceId"]}])
    elb("DeleteListener", ListenerArn=listener)
    elb("DeleteTargetGroup", TargetGroupArn=targets)
    elb("DeleteLoadBalancer", LoadBalancerArn=balancer)

    ec2("StopInstances", InstanceIds=[instance])
    ec2("StartInstances", InstanceIds=[instance])
    ec2("TerminateInstances", InstanceIds=[instance])
    ec2(
        "RevokeSecurityGroupIngress",
        GroupId=group,
        IpPermissions=[
            {"IpProtocol": "udp", "FromPort": 4789, "ToPort": 4789, "IpRanges": [{"CidrIp": "10.0.0.0/8"}]}
        ],
    )
    return walk.answers
