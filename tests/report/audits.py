"""Audits to render, as the json report has them."""

import itertools
from typing import Any

STATUSES = {
    "COVERED": "COMPLIANT",
    "MISSING": "NON_COMPLIANT",
    "TARGET_PORT_CLOSED": "NON_COMPLIANT",
    "FILTER_EMPTY": "NON_COMPLIANT",
    "TARGET_STOPPED": "NON_COMPLIANT",
    "NOT_VISIBLE": "UNKNOWN",
    "SENSOR": "NOT_APPLICABLE",
    "UNSUPPORTED_INSTANCE_TYPE": "NOT_APPLICABLE",
}
ADVICE = {
    "COVERED": "",
    "MISSING": "Run terraform apply on the coverage that selects this interface; where its skipped or failures say that EC2 "
    "refuses it for good, name it in exclude.",
    "TARGET_PORT_CLOSED": "Allow UDP 4789 from the sources in the security groups of the sensor, and of its load balancer if that "
    "has some.",
    "FILTER_EMPTY": "Add rules to the traffic mirror filter: without any it mirrors nothing.",
    "TARGET_STOPPED": "Start the sensor's instance; where the target's network interface is attached to none, attach it.",
    "NOT_VISIBLE": "Allow the describe actions, or ask the owner of the instance.",
    "SENSOR": "Nothing to do: a sensor that mirrors itself would mirror its own mirrored traffic.",
    "UNSUPPORTED_INSTANCE_TYPE": "Move the instance to a type that supports traffic mirroring, or list the type in try_instance_types.",
}
DETAILS = {
    "MISSING": "no traffic mirror session has this interface as its source",
    "TARGET_PORT_CLOSED": "no rule of sg-0cccccccccccccccf lets UDP 4789 from this source in to eni-0eeeeeeeeeeeeee80",
    "FILTER_EMPTY": "tmf-0ffffffffffffff02 has no rules",
    "TARGET_STOPPED": "i-0ddddddddddddddd8, the instance of tmt-0ffffffffffffff02, is stopped",
    "NOT_VISIBLE": "the rules of security groups cannot be seen without the permission ec2:DescribeSecurityGroups "
    "(UnauthorizedOperation)",
    "SENSOR": "the target tmt-0ffffffffffffff01 delivers to this instance",
    "UNSUPPORTED_INSTANCE_TYPE": "t2.micro is not in the list of supported types",
}
# What an attacker with the right to tag, and a careless emulator, could put into a report.
HOSTILE = [
    "<script>window.owned=1</script>",
    "</script><img src=x onerror=window.owned=1>",
    "</script ><img src=x onerror=window.owned=1>",
    "<!--<script>",
    "</style><svg onload=window.owned=1>",
    "=cmd|' /C calc'!A0",
    "+1+1", "-2+3", "@SUM(A1)", "\t=1+1", " =1+1", "＝1+1",
    "a\"b'c\\d\r\ne\tf\u0000g\u007f",
    "\u202egnp.exe\u2028x\u2029y",
    "{{ 7 * 7 }} ${7} {% raw %} <!-- ]]> -->",
    "javascript:window.owned=1",
    "",
    " ",
    "🦀é\U0010fffe",
    "é<" * 4000,
]  # fmt: skip


def interface(reason: str, **more: Any) -> dict[str, Any]:
    return {
        "status": STATUSES[reason],
        "reason": reason,
        "detail": DETAILS.get(reason, ""),
        "advice": ADVICE[reason],
        "instance_id": None,
        "instance_name": None,
        "instance_type": None,
        "vpc_id": None,
        "subnet_id": None,
        "availability_zone": None,
        "region": "eu-west-1",
        "session_ids": [],
        "session_statuses": [],
        "traffic_mirror_target_ids": [],
        "virtual_network_id": None,
    } | more


def counts(interfaces: list[dict[str, Any]]) -> dict[str, Any]:
    number = {status: sum(i["status"] == status for i in interfaces) for status in set(STATUSES.values())}
    eligible = len(interfaces) - number["NOT_APPLICABLE"]
    if eligible == 0:
        status = "NO_MATCH"
    else:
        status = next((s for s in ("NON_COMPLIANT", "UNKNOWN") if number[s]), "COMPLIANT")
    return {
        "status": status,
        "matched": len(interfaces),
        "eligible": eligible,
        "compliant": number["COMPLIANT"],
        "non_compliant": number["NON_COMPLIANT"],
        "not_applicable": number["NOT_APPLICABLE"],
        "unknown": number["UNKNOWN"],
        "coverage_percent": 100 * number["COMPLIANT"] / eligible if eligible else None,
    }


def grouped(interfaces: dict[str, dict[str, Any]], field: str) -> dict[str, list[dict[str, Any]]]:
    groups: dict[str, list[dict[str, Any]]] = {}
    for found in interfaces.values():
        values = found[field] if isinstance(found[field], list) else [found[field]]
        for value in dict.fromkeys(values):
            if value is not None:
                groups.setdefault(value, []).append(found)
    return groups


def audit(interfaces: dict[str, dict[str, Any]], **more: Any) -> dict[str, Any]:
    """The audit of these interfaces."""
    whole = counts(list(interfaces.values()))
    sessions = {
        target: sum(i["traffic_mirror_target_ids"].count(target) for i in found)
        for target, found in grouped(interfaces, "traffic_mirror_target_ids").items()
    }
    instances = {}
    for identifier, found in grouped(interfaces, "instance_id").items():
        status = counts(found)["status"]
        instances[identifier] = {
            "status": "NOT_APPLICABLE" if status == "NO_MATCH" else status,
            "instance_name": found[0]["instance_name"],
            "region": found[0]["region"],
            "network_interface_ids": [i for i, one in interfaces.items() if one["instance_id"] == identifier],
        }
    return {
        "format_version": 1,
        "account_id": "111122223333",
        "partition": "aws",
        "regions": sorted({i["region"] for i in interfaces.values()}) or ["eu-west-1"],
        "as_of": "2026-03-01T12:00:00Z",
        "compliant": whole["status"] == "COMPLIANT",
        "summary": whole | {"delivery_checked": True},
        "interfaces": interfaces,
        "instances": instances if len(interfaces) < 1000 else {},
        "by_vpc": {key: counts(found) for key, found in grouped(interfaces, "vpc_id").items()},
        "by_availability_zone": {
            key: counts(found) for key, found in grouped(interfaces, "availability_zone").items()
        },
        "by_target": {
            key: counts(found) | {"region": found[0]["region"], "sessions": sessions[key]}
            for key, found in grouped(interfaces, "traffic_mirror_target_ids").items()
        },
        "orphaned_sessions": {},
        "unmanaged_sessions": {},
    } | more


def fleet(size: int, regions: tuple[str, ...] = ("eu-west-1",), **more: Any) -> dict[str, Any]:
    """An audit of so many interfaces, most of them covered."""
    kinds = [*["COVERED"] * 14, "MISSING", "COVERED", "TARGET_PORT_CLOSED", "COVERED", "NOT_VISIBLE", "SENSOR"]
    kinds += [*["COVERED"] * 9, "MISSING", "UNSUPPORTED_INSTANCE_TYPE", "FILTER_EMPTY", "TARGET_STOPPED"]
    roles = ["web", "api", "db", "cache", "batch", "worker", "build", "gateway"]
    types = ["m5.large", "c6i.xlarge", "r5.2xlarge", "t3.medium", "m7g.large"]
    interfaces = {}
    for n, reason in zip(range(size), itertools.cycle(kinds)):
        region = regions[n % len(regions)]
        covered = reason not in ("MISSING", "NOT_VISIBLE", "SENSOR", "UNSUPPORTED_INSTANCE_TYPE")
        vpc = (n * 7 + n // 31) % 6
        interfaces[f"eni-0{n * 2654435761 % 2**32:016x}"] = interface(
            reason,
            instance_id=f"i-0{n * 40503 % 2**32:016x}",
            instance_name=f"{roles[n % 8]}-{n // 8 + 1}",
            instance_type=types[n % 5],
            vpc_id=f"vpc-0aaaaaaaaaaaaaaa{vpc}",
            subnet_id=f"subnet-0bbbbbbbbbbbbb{vpc}{n % 3}",
            availability_zone=region + "abc"[n % 3],
            region=region,
            session_ids=[f"tms-0{n:016x}"] if covered else [],
            session_statuses=[STATUSES[reason]] if covered else [],
            traffic_mirror_target_ids=[f"tmt-0ffffffffffffff0{n % 2 + 1}"] if covered else [],
            virtual_network_id=4096 + n if covered else None,
        )
    return audit(dict(sorted(interfaces.items())), **more)


def session(**more: Any) -> dict[str, Any]:
    return {
        "detail": "its network interface is attached to nothing, and it is still billed",
        "region": "eu-west-1",
        "network_interface_id": "eni-0eeeeeeeeeeeeee99",
        "traffic_mirror_target_id": "tmt-0ffffffffffffff01",
        "traffic_mirror_filter_id": "tmf-0ffffffffffffff01",
        "session_number": 1,
        "name": None,
        "description": None,
        "coverage_name": None,
    } | more


def sample() -> dict[str, Any]:
    """Something of everything, as a reader would meet it."""
    return fleet(
        66,
        orphaned_sessions={"tms-0999999999999999a": session(name="old sensor", coverage_name="prod")},
        unmanaged_sessions={
            "tms-0888888888888888a": session(detail="no tag mirror:coverage-id", description="AutoMirror"),
            "tms-0888888888888888b": session(detail="no tag mirror:coverage-id", session_number=2),
        },
    )


def hostile() -> dict[str, Any]:
    """Hostile text in every field that holds text."""
    interfaces, sessions = {}, {}
    for n, text in enumerate(HOSTILE):
        more = dict.fromkeys(
            ("instance_id", "instance_name", "instance_type", "vpc_id", "subnet_id", "availability_zone"), text
        )
        more |= {"session_ids": [text], "session_statuses": ["NON_COMPLIANT"], "traffic_mirror_target_ids": [text], "detail": text, "advice": text}
        interfaces[f"eni-{n:02}{text}"] = interface("MISSING", **more)
        words = dict.fromkeys(("detail", "network_interface_id", "name", "description", "coverage_name"), text)
        sessions[f"tms-{n:02}{text}"] = session(**words)
    return audit(interfaces, orphaned_sessions=sessions, unmanaged_sessions=sessions)


def nothing() -> dict[str, Any]:
    return audit({}, as_of=None, orphaned_sessions=None)


def unmirrorable() -> dict[str, Any]:
    return audit({f"eni-{n}": interface("SENSOR", vpc_id="vpc-1") for n in range(3)})


def regional() -> dict[str, Any]:
    """Two regions and more entries than one call takes."""
    return fleet(250, ("eu-west-1", "us-east-1"))


SAMPLES = {
    "sample": sample,
    "hostile": hostile,
    "nothing": nothing,
    "unmirrorable": unmirrorable,
    "regional": regional,
    "china": lambda: fleet(40, ("cn-north-1",), partition="aws-cn"),
    "government": lambda: fleet(40, ("us-gov-west-1",), partition="aws-us-gov"),
}
