"""Writes wire.json: what the sandbox needs of botocore's service models.

The models (PyPI package botocore) are the authority on wire shapes. For the
actions listed below this keeps names, locations, types, required members and
ranges, and nothing else: one line for each shape, so that a new botocore
release shows as a readable diff.

    python generate.py

It also writes instance_types.txt, the instance types that botocore knows.

A member is [query name, XML name, shape]; a structure carries its required
members, a list its item's XML name ("flat" where there is no wrapper) and an
integer its range.
"""

import gzip
import json
import pathlib

import botocore

SERVICES = {
    "ec2": (
        "2016-11-15",
        """
        AttachNetworkInterface AuthorizeSecurityGroupIngress CreateNetworkInterface CreateTags
        CreateTrafficMirrorFilter CreateTrafficMirrorFilterRule CreateTrafficMirrorSession
        CreateTrafficMirrorTarget DeleteNetworkInterface DeleteTags DeleteTrafficMirrorFilter
        DeleteTrafficMirrorFilterRule DeleteTrafficMirrorSession DeleteTrafficMirrorTarget
        DescribeAvailabilityZones DescribeInstanceTypes DescribeInstances DescribeNetworkInterfaces
        DescribeRegions DescribeSecurityGroups DescribeSubnets DescribeTags
        DescribeTrafficMirrorFilterRules DescribeTrafficMirrorFilters DescribeTrafficMirrorSessions
        DescribeTrafficMirrorTargets DescribeVpcEndpoints DescribeVpcs DetachNetworkInterface
        ModifyTrafficMirrorFilterNetworkServices ModifyTrafficMirrorFilterRule
        ModifyTrafficMirrorSession RevokeSecurityGroupIngress RunInstances StartInstances
        StopInstances TerminateInstances
        """,
    ),
    "sts": ("2011-06-15", "AssumeRole AssumeRoleWithWebIdentity GetCallerIdentity"),
    "elbv2": (
        "2015-12-01",
        """
        CreateListener CreateLoadBalancer CreateTargetGroup DeleteListener DeleteLoadBalancer
        DeleteTargetGroup DeregisterTargets DescribeListeners DescribeLoadBalancerAttributes
        DescribeLoadBalancers DescribeTargetGroupAttributes DescribeTargetGroups
        DescribeTargetHealth ModifyLoadBalancerAttributes ModifyTargetGroupAttributes
        RegisterTargets
        """,
    ),
}


def load(service, version):
    path = pathlib.Path(botocore.__file__).parent / "data" / service / version / "service-2.json.gz"
    return json.loads(gzip.decompress(path.read_bytes()))


def query_name(protocol, name, member):
    """The parameter's name in a request; EC2 capitalises it, other Query services do not."""
    if protocol == "ec2":
        given = member.get("queryName") or member.get("locationName") or name
        return given[0].upper() + given[1:]
    return member.get("locationName") or name


def compact(protocol, shape):
    kind = shape["type"]
    if kind == "structure":
        members = {
            name: [query_name(protocol, name, m), m.get("locationName") or name, m["shape"]]
            for name, m in shape["members"].items()
        }
        out = {"type": "structure", "members": members}
        if shape.get("required"):
            out["required"] = shape["required"]
        return out
    if kind == "list":
        default = "item" if protocol == "ec2" else "member"
        out = {
            "type": "list",
            "item": shape["member"].get("locationName", default),
            "of": shape["member"]["shape"],
        }
        if shape.get("flattened"):
            out["flat"] = True
        return out
    if kind in ("integer", "long"):
        return {"type": kind} | {k: shape[k] for k in ("min", "max") if k in shape}
    if kind in ("float", "double"):
        return {"type": "float"}
    if kind in ("string", "boolean", "timestamp", "blob"):
        return {"type": kind}
    raise SystemExit(f"no rule for a {kind}: {shape}")


def reach(shapes, start, seen):
    if start in seen:
        return
    seen.add(start)
    # Two OIDC parameters are maps, for logins that no listener of the sandbox has.
    members = shapes[start].get("members", {})
    for name in [n for n, m in members.items() if shapes[m["shape"]]["type"] == "map"]:
        del members[name]
    shape = shapes[start]
    for member in shape.get("members", {}).values():
        reach(shapes, member["shape"], seen)
    if "member" in shape:
        reach(shapes, shape["member"]["shape"], seen)


def main():
    services = []
    for service, (version, actions) in SERVICES.items():
        model = load(service, version)
        protocol, namespace = model["metadata"]["protocol"], model["metadata"]["xmlNamespace"]
        lines, seen = [], set()
        for action in sorted(actions.split()):
            operation = model["operations"][action]
            entry = {}
            for side in ("input", "output"):
                if side in operation:
                    entry[side] = operation[side]["shape"]
                    reach(model["shapes"], entry[side], seen)
            if "resultWrapper" in operation.get("output", {}):
                entry["wrapper"] = operation["output"]["resultWrapper"]
            lines.append(f"   {json.dumps(action)}: {json.dumps(entry)}")
        shapes = [
            f"   {json.dumps(n)}: {json.dumps(compact(protocol, model['shapes'][n]))}" for n in sorted(seen)
        ]
        head = json.dumps({"version": version, "protocol": protocol, "namespace": namespace})[1:-1]
        services.append(
            f' {json.dumps(service)}: {{{head},\n  "actions": {{\n'
            + ",\n".join(lines)
            + '\n  },\n  "shapes": {\n'
            + ",\n".join(shapes)
            + "\n  }}"
        )
    here = pathlib.Path(__file__).parent
    (here / "wire.json").write_text("{\n" + ",\n".join(services) + "\n}\n")
    types = load("ec2", SERVICES["ec2"][0])["shapes"]["InstanceType"]["enum"]
    (here / "instance_types.txt").write_text("\n".join(sorted(types)) + "\n")


main()
