"""Makes a traffic mirror target of a network interface, as another resource of the run would: create_target.py ENDPOINT INTERFACE FILE."""

import pathlib
import sys

from .cloud import Cloud
from .sandbox import ADMINISTRATOR_KEY, REGION, SECRET_KEY

endpoint, interface, file = sys.argv[1:]
made = Cloud(endpoint, ADMINISTRATOR_KEY, SECRET_KEY, REGION).ec2.create_traffic_mirror_target(NetworkInterfaceId=interface)
pathlib.Path(file).write_text(made["TrafficMirrorTarget"]["TrafficMirrorTargetId"])
