"""An EC2 at an address, whoever plays it, as the tests see it."""

import dataclasses
import functools
import re
from typing import Any

import boto3
import botocore.config

OWNER_NAME = "mirror:coverage"
OWNER_ID = "mirror:coverage-id"
SETTLED = re.compile(r"mc-[0-9a-f]{17}")


def tags_of(described: dict) -> dict[str, str]:
    return {tag["Key"]: tag["Value"] for tag in described.get("Tags") or described.get("TagSet") or []}


def tag_list(tags: dict[str, str]) -> list[dict[str, str]]:
    return [{"Key": key, "Value": value} for key, value in tags.items()]


@dataclasses.dataclass(frozen=True)
class Session:
    """A traffic mirror session as EC2 describes it."""

    id: str
    interface: str
    target: str
    filter: str
    number: int
    description: str | None
    packet_length: int | None
    virtual_network_id: int | None
    tags: dict[str, str] = dataclasses.field(hash=False)

    @classmethod
    def parse(cls, raw: dict) -> "Session":
        return cls(
            raw["TrafficMirrorSessionId"],
            raw["NetworkInterfaceId"],
            raw["TrafficMirrorTargetId"],
            raw["TrafficMirrorFilterId"],
            raw["SessionNumber"],
            raw.get("Description"),
            raw.get("PacketLength"),
            raw.get("VirtualNetworkId"),
            tags_of(raw),
        )

    @property
    def owner(self) -> str | None:
        return self.tags.get(OWNER_ID)


class Cloud:
    """Where it answers, whose keys it takes, and boto3 to look behind the provider's back."""

    def __init__(self, url: str, access_key: str, secret_key: str, region: str):
        self.url = url
        self.access_key = access_key
        self.secret_key = secret_key
        self.region = region
        # Whose key boto3 signs with.
        self.administrator_key = access_key

    @functools.cached_property
    def ec2(self) -> Any:
        return self.client("ec2")

    def client(self, service: str) -> Any:
        """A boto3 client that shows every error at once."""
        return boto3.session.Session().client(
            service,
            endpoint_url=self.url,
            region_name=self.region,
            aws_access_key_id=self.administrator_key,
            aws_secret_access_key=self.secret_key,
            config=botocore.config.Config(retries={"total_max_attempts": 1}),
            # The endpoint is plain HTTP; a CA bundle of the machine's is not
            # to be looked for.
            verify=False,
        )

    def provider(self, alias: str = "", **overrides: str | None) -> str:
        """The provider block; an override of None leaves the argument out, others are HCL."""
        arguments: dict[str, str | None] = {
            "region": f'"{self.region}"',
            "access_key": f'"{self.access_key}"',
            "secret_key": f'"{self.secret_key}"',
        }
        endpoint = overrides.pop("endpoint", f'"{self.url}"')
        if alias:
            arguments["alias"] = f'"{alias}"'
        arguments.update(overrides)
        lines = [f"  {name} = {value}" for name, value in arguments.items() if value is not None]
        if endpoint is not None:
            lines.append(f"  endpoints {{\n    ec2 = {endpoint}\n    sts = {endpoint}\n    elbv2 = {endpoint}\n  }}")
        return 'provider "mirror" {\n' + "\n".join(lines) + "\n}"

    def sessions(self, name: str | None = None) -> list[Session]:
        """Every session, or those of a coverage's name, ordered by interface and number."""
        pages = self.ec2.get_paginator("describe_traffic_mirror_sessions").paginate()
        found = [Session.parse(raw) for page in pages for raw in page["TrafficMirrorSessions"]]
        if name is not None:
            found = [session for session in found if session.tags.get(OWNER_NAME) == name]
        return sorted(found, key=lambda session: (session.interface, session.number))

    def session_on(self, interface: str, name: str | None = None) -> Session:
        (session,) = [found for found in self.sessions(name) if found.interface == interface]
        return session

    def tag(self, *resources: str, **tags: str) -> None:
        self.ec2.create_tags(Resources=list(resources), Tags=tag_list(tags))

    def untag(self, *resources: str, key: str) -> None:
        self.ec2.delete_tags(Resources=list(resources), Tags=[{"Key": key}])

    def create_session(self, interface: str, target: str, filter_id: str, number: int, **tags: str) -> str:
        """A session that is not the provider's."""
        more = {}
        if tags:
            more["TagSpecifications"] = [{"ResourceType": "traffic-mirror-session", "Tags": tag_list(tags)}]
        answer = self.ec2.create_traffic_mirror_session(
            NetworkInterfaceId=interface,
            TrafficMirrorTargetId=target,
            TrafficMirrorFilterId=filter_id,
            SessionNumber=number,
            **more,
        )
        return answer["TrafficMirrorSession"]["TrafficMirrorSessionId"]
