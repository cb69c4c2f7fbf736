"""Shows the provider at work: real Terraform, a sandbox for EC2, nothing left behind."""

import os
import pathlib
import shlex
import shutil
import subprocess
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "tests" / "e2e"))

from harness import cores, paths  # noqa: E402
from harness.sandbox import Sandbox, sandbox  # noqa: E402
from harness.workspace import Workspace  # noqa: E402

FLEET = paths.ROOT / "tests" / "sandbox" / "fleets" / "sample.yaml"
CONFIGURATION = paths.ROOT / "examples" / "demo" / "main.tf"
BOLD, GREEN, PLAIN = ("\033[1m", "\033[32m", "\033[0m") if sys.stdout.isatty() else ("", "", "")


class Demo:
    """Prints a command, then runs it, in the folder of the configuration."""

    def __init__(self, workspace: Workspace, cloud: Sandbox, terraform: str):
        self._workspace = workspace
        self._terraform = terraform
        self._administrator = cloud.administrator_key
        self._environment = workspace.environment | {
            "AWS_ACCESS_KEY_ID": cloud.access_key,
            "AWS_SECRET_ACCESS_KEY": cloud.secret_key,
            "AWS_DEFAULT_REGION": cloud.region,
            "AWS_ENDPOINT_URL": cloud.url,
            "AWS_PAGER": "",
            "PATH": f"{paths.VENV_BIN}{os.pathsep}{os.environ['PATH']}",
            "TF_VAR_endpoint": cloud.url,
        }
        if not sys.stdout.isatty():
            self._environment["TF_CLI_ARGS"] = "-no-color"

    def say(self, text: str) -> None:
        print(f"\n{BOLD}# {text}{PLAIN}", flush=True)

    def run(self, *command: str, expect: int = 0) -> None:
        print(f"{GREEN}$ {shlex.join(command)}{PLAIN}", flush=True)
        is_core = command[0] in ("terraform", "tofu")
        program = self._terraform if is_core else command[0]
        # The provider may do what the IAM guide's policy for an apply allows; tagging an instance is somebody else's doing.
        who = {} if is_core else {"AWS_ACCESS_KEY_ID": self._administrator}
        code = subprocess.run(
            [program, *command[1:]],
            cwd=self._workspace.directory,
            env=self._environment | who,
            stdin=subprocess.DEVNULL,
        ).returncode
        if expect and code == expect:
            print(f"(exit code {code})")
        if code != expect:
            raise SystemExit(f"{shlex.join(command)} exited {code}, not {expect}")


def main() -> None:
    core = cores.users_core()
    name = core.product
    with tempfile.TemporaryDirectory(prefix="mirror-demo-") as folder, sandbox("--fleet", str(FLEET)) as cloud:
        workspace = Workspace(pathlib.Path(folder) / "demo", core, paths.provider_binary(), {})
        shutil.copy(CONFIGURATION, workspace.directory)
        demo = Demo(workspace, cloud, core.command)
        print(f"{core} ({core.command}), the provider of target/debug, and a sandbox at {cloud.url}")

        demo.say("The plan lists every session.")
        demo.run(name, "plan", "-out=demo.tfplan", *QUIET)
        demo.say("The apply makes exactly those.")
        demo.run(name, "apply", *QUIET, "demo.tfplan")
        demo.say("EC2 has them.")
        demo.run(*SESSIONS)
        demo.say("Nothing is left to do: exit code 0, where 2 would mean changes.")
        demo.run(name, "plan", "-detailed-exitcode", *QUIET)
        demo.say("The audit.")
        demo.run(name, "output", "audit")

        demo.say("Somebody tags one more instance.")
        demo.run("aws", "ec2", "create-tags", "--resources", UNTAGGED, "--tags", "Key=Mirror,Value=True")
        demo.say("The next plan notices: exit code 2.")
        demo.run(name, "plan", "-detailed-exitcode", "-out=demo.tfplan", *QUIET, expect=2)
        demo.run(name, "apply", *QUIET, "demo.tfplan")

        demo.say("Destroy removes what the provider made.")
        demo.run(name, "destroy", "-auto-approve", *QUIET)
        demo.run(*SESSIONS)
    print("\nThe sandbox has stopped, and nothing is left behind.")


QUIET = ("-input=false", "-compact-warnings")
# build-1 of the sample fleet.
UNTAGGED = "i-0ddddddddddddddd6"
SESSIONS = (
    "aws", "ec2", "describe-traffic-mirror-sessions", "--output", "text", "--query",
    "TrafficMirrorSessions[].[TrafficMirrorSessionId,NetworkInterfaceId,TrafficMirrorTargetId,SessionNumber]",
)  # fmt: skip


if __name__ == "__main__":
    main()
