"""Deletes a traffic mirror target, as its own provider would: delete_target.py ENDPOINT ID."""

import sys

from .sandbox import ACCESS_KEY, REGION, SECRET_KEY, Sandbox

endpoint, target = sys.argv[1:]
Sandbox(endpoint, ACCESS_KEY, SECRET_KEY, REGION).ec2.delete_traffic_mirror_target(TrafficMirrorTargetId=target)
