"""Deletes a traffic mirror target, as its own provider would: delete_target.py ENDPOINT ID."""

import sys

from .cloud import Cloud
from .sandbox import ADMINISTRATOR_KEY, REGION, SECRET_KEY

endpoint, target = sys.argv[1:]
Cloud(endpoint, ADMINISTRATOR_KEY, SECRET_KEY, REGION).ec2.delete_traffic_mirror_target(TrafficMirrorTargetId=target)
