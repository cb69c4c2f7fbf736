"""Audits the sandbox's sample fleet with real Terraform, and says where the page is."""

import os
import pathlib
import shutil
import subprocess
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "tests" / "e2e"))

from harness import cores, paths  # noqa: E402
from harness.sandbox import sandbox  # noqa: E402
from harness.workspace import Workspace  # noqa: E402

FLEET = paths.ROOT / "tests" / "sandbox" / "fleets" / "sample.yaml"
EXAMPLE = paths.ROOT / "examples" / "compliance-dashboard"
TARGET, FILTER = "tmt-0ffffffffffffff01", "tmf-0ffffffffffffff01"
# Four of the six tagged interfaces of the sample fleet, so that there is something to see.
MIRRORED = [f"eni-0eeeeeeeeeeeeee{number}" for number in ("10", "20", "30", "50")]


def main() -> None:
    reports = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else paths.target().parent / "report").resolve()
    core = cores.users_core()
    with tempfile.TemporaryDirectory(prefix="mirror-report-") as folder, sandbox("--fleet", str(FLEET), policy="audit") as cloud:
        for interface in MIRRORED:
            cloud.create_session(interface, TARGET, FILTER, 1)
        workspace = Workspace(pathlib.Path(folder) / "report", core, paths.provider_binary(), {})
        for name in ("main.tf", "write-reports.sh"):
            shutil.copy(EXAMPLE / name, workspace.directory)
        environment = workspace.environment | {
            "AWS_ACCESS_KEY_ID": cloud.access_key,
            "AWS_SECRET_ACCESS_KEY": cloud.secret_key,
            "AWS_ENDPOINT_URL": cloud.url,
            "TERRAFORM": core.command,
            "PATH": f"{paths.VENV_BIN}{os.pathsep}{os.environ['PATH']}",
        }
        done = subprocess.run(
            ["./write-reports.sh", str(reports)],
            cwd=workspace.directory,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
        )
    if done.returncode != 0:
        raise SystemExit(done.stderr)
    print(reports / "index.html")


if __name__ == "__main__":
    main()
