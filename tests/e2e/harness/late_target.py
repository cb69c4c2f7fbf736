"""A traffic mirror target that another resource of the same run makes."""

import sys

from .paths import ROOT
from .sandbox import Sandbox
from .workspace import Workspace


class LateTarget:
    """A target on an interface that a resource of the same run makes, as `aws_ec2_traffic_mirror_target` would."""

    def __init__(self, workspace: Workspace, sandbox: Sandbox, interface: str, label: str = "target"):
        kind = "terraform_data" if workspace.core.has("terraform_data") else "null_resource"
        file = workspace.directory / label
        command = f"{sys.executable} -m harness.create_target {sandbox.url} {interface} {file}"
        # Its id stands in a file whose name is known only once the resource is made.
        self.id = f'file("{file}${{substr({kind}.{label}.id, 0, 0)}}")'
        self.block = (
            f'resource "{kind}" "{label}" {{\n  provisioner "local-exec" {{\n'
            f'    working_dir = "{ROOT / "tests" / "e2e"}"\n    command     = "{command}"\n  }}\n}}\n'
        )
