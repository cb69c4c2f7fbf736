"""Makes a traffic mirror target of a network interface, as another resource of the run would: create_target.py ENDPOINT INTERFACE FILE."""

import pathlib
import sys

from .sandbox import ACCESS_KEY, REGION, SECRET_KEY, Sandbox

endpoint, interface, file = sys.argv[1:]
made = Sandbox(endpoint, ACCESS_KEY, SECRET_KEY, REGION).ec2.create_traffic_mirror_target(NetworkInterfaceId=interface)
pathlib.Path(file).write_text(made["TrafficMirrorTarget"]["TrafficMirrorTargetId"])
