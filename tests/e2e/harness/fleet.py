"""A small fleet, launched by EC2's own calls, so that any EC2 will do."""

from typing import Any

from .cloud import Cloud, tag_list

MIRRORED = {"Mirror": "True"}


class Fleet:
    """Two tagged instances, one of them with two interfaces, one untagged, and two sensors."""

    def __init__(self, cloud: Cloud):
        self.cloud = cloud
        self._ec2 = cloud.ec2
        subnets = sorted(self._ec2.describe_subnets()["Subnets"], key=lambda s: (s["AvailabilityZone"], s["SubnetId"]))
        self.vpc = subnets[0]["VpcId"]
        # Two subnets of one VPC in different zones.
        same_vpc = [s for s in subnets if s["VpcId"] == self.vpc]
        self.subnets = [same_vpc[0]["SubnetId"], same_vpc[1]["SubnetId"]]
        self.instances: dict[str, str] = {}
        self.interfaces: dict[str, list[str]] = {}
        self.launch("web-1", **MIRRORED)
        self.launch("web-2", interfaces=2, **MIRRORED)
        self.launch("database")
        # One of the few types whose interface takes a hundred sources.
        self.launch("sensor-1", instance_type="m5.24xlarge")
        self.launch("sensor-2", instance_type="m5.24xlarge")
        self.target = self.create_target("sensor-1")
        self.other_target = self.create_target("sensor-2")
        self.filter = self.create_filter()
        self.other_filter = self.create_filter()

    def launch(
        self,
        name: str,
        interfaces: int = 1,
        subnet: int = 0,
        instance_type: str = "m5.large",
        group: str | None = None,
        **tags: str,
    ) -> str:
        """A running instance; its interfaces are in `interfaces[name]`, primary first."""
        answer = self._ec2.run_instances(
            ImageId=self.cloud.image,
            InstanceType=instance_type,
            MinCount=1,
            MaxCount=1,
            NetworkInterfaces=[{"DeviceIndex": 0, "SubnetId": self.subnets[subnet]} | ({"Groups": [group]} if group else {})],
            TagSpecifications=[{"ResourceType": "instance", "Tags": tag_list({"Name": name} | tags)}],
        )
        instance = answer["Instances"][0]["InstanceId"]
        self.instances[name] = instance
        for index in range(1, interfaces):
            self.attach(instance, index, subnet)
        described = self._ec2.describe_instances(InstanceIds=[instance])["Reservations"][0]["Instances"][0]
        attached = sorted(described["NetworkInterfaces"], key=lambda i: i["Attachment"]["DeviceIndex"])
        self.interfaces[name] = [interface["NetworkInterfaceId"] for interface in attached]
        return instance

    def launch_many(self, count: int, **tags: str) -> set[str]:
        """Instances alike; the answer is their interfaces."""
        found: set[str] = set()
        while len(found) < count:
            answer = self._ec2.run_instances(
                ImageId=self.cloud.image,
                InstanceType="m5.large",
                MinCount=1,
                MaxCount=min(1000, count - len(found)),
                SubnetId=self.subnets[len(found) // 1000 % 2],
                TagSpecifications=[{"ResourceType": "instance", "Tags": tag_list(tags)}],
            )
            for instance in answer["Instances"]:
                found.update(interface["NetworkInterfaceId"] for interface in instance["NetworkInterfaces"])
        return found

    def balancer_target(self) -> str:
        """The target of the fleet file that takes any number of sources."""
        targets = self._ec2.describe_traffic_mirror_targets()["TrafficMirrorTargets"]
        (target,) = [target for target in targets if target["Type"] == "network-load-balancer"]
        return target["TrafficMirrorTargetId"]

    def narrow_balancer_target(self, name: str, subnet: int = 0) -> str:
        """The target of a further load balancer in one zone, which has nothing behind it."""
        made = self.cloud.client("elbv2").create_load_balancer(Name=name, Type="network", Subnets=[self.subnets[subnet]])
        arn = made["LoadBalancers"][0]["LoadBalancerArn"]
        answer = self._ec2.create_traffic_mirror_target(NetworkLoadBalancerArn=arn)
        return answer["TrafficMirrorTarget"]["TrafficMirrorTargetId"]

    def attach(self, instance: str, index: int, subnet: int = 0) -> str:
        """One more interface on an instance."""
        created = self._ec2.create_network_interface(SubnetId=self.subnets[subnet])["NetworkInterface"]
        interface = created["NetworkInterfaceId"]
        self._ec2.attach_network_interface(NetworkInterfaceId=interface, InstanceId=instance, DeviceIndex=index)
        return interface

    def indices_of(self, name: str) -> set[int]:
        """The device indices that the interfaces of an instance have."""
        answer = self._ec2.describe_instances(InstanceIds=[self.instances[name]])
        attached = answer["Reservations"][0]["Instances"][0]["NetworkInterfaces"]
        return {interface["Attachment"]["DeviceIndex"] for interface in attached}

    def move(self, interface: str, name: str, index: int) -> None:
        """An interface goes to another instance."""
        described = self._ec2.describe_network_interfaces(NetworkInterfaceIds=[interface])["NetworkInterfaces"][0]
        self._ec2.detach_network_interface(AttachmentId=described["Attachment"]["AttachmentId"], Force=True)
        self._ec2.attach_network_interface(
            NetworkInterfaceId=interface, InstanceId=self.instances[name], DeviceIndex=index
        )
        self.interfaces[name].append(interface)

    def remove(self, interface: str) -> None:
        """Detaches and deletes an interface that would outlive its instance."""
        described = self._ec2.describe_network_interfaces(NetworkInterfaceIds=[interface])["NetworkInterfaces"][0]
        self._ec2.detach_network_interface(AttachmentId=described["Attachment"]["AttachmentId"], Force=True)
        self._ec2.delete_network_interface(NetworkInterfaceId=interface)

    def terminate(self, name: str) -> None:
        self._ec2.terminate_instances(InstanceIds=[self.instances.pop(name)])
        self.interfaces.pop(name)

    def tagged_interfaces(self) -> set[str]:
        """What the tag selects at the start: one interface of web-1, two of web-2."""
        return {*self.interfaces["web-1"], *self.interfaces["web-2"]}

    def create_target(self, sensor: str) -> str:
        answer = self._ec2.create_traffic_mirror_target(NetworkInterfaceId=self.interfaces[sensor][0])
        return answer["TrafficMirrorTarget"]["TrafficMirrorTargetId"]

    def create_filter(self) -> str:
        answer = self._ec2.create_traffic_mirror_filter(Description="everything")
        filter_id = answer["TrafficMirrorFilter"]["TrafficMirrorFilterId"]
        if self.cloud.has_filter_rules:
            for direction in ("ingress", "egress"):
                self._accept_all(filter_id, direction)
        return filter_id

    def _accept_all(self, filter_id: str, direction: str) -> Any:
        return self._ec2.create_traffic_mirror_filter_rule(
            TrafficMirrorFilterId=filter_id,
            TrafficDirection=direction,
            RuleNumber=100,
            RuleAction="accept",
            SourceCidrBlock="0.0.0.0/0",
            DestinationCidrBlock="0.0.0.0/0",
        )
