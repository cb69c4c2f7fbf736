"""A folder with a configuration, and a core that runs it."""

import contextlib
import dataclasses
import json
import os
import pathlib
import re
import shutil
import subprocess
import threading
from collections.abc import Callable, Iterable
from typing import Any

from .cores import Core
from .paths import null_provider_binary
from .plan import Diagnostic, Plan
from .sandbox import only_plans

SOURCE = "mirror-toolkit/mirror"
PLAN_FILE = "saved.tfplan"


@dataclasses.dataclass
class Result:
    """One run of the core."""

    arguments: tuple[str, ...]
    code: int
    stdout: str
    stderr: str

    @property
    def text(self) -> str:
        return self.stdout + self.stderr

    @property
    def diagnostics(self) -> list[Diagnostic]:
        """The diagnostics of a run with -json."""
        found = []
        for line in self.stdout.splitlines():
            try:
                event = json.loads(line)
            except ValueError:
                continue
            if isinstance(event, dict) and event.get("type") == "diagnostic":
                found.append(Diagnostic.parse(event["diagnostic"]))
        return found

    @property
    def errors(self) -> list[Diagnostic]:
        return [d for d in self.diagnostics if d.severity == "error"]

    @property
    def warnings(self) -> list[Diagnostic]:
        """Warnings of the provider; core's own about development overrides is none."""
        return [d for d in self.diagnostics if d.severity == "warning" and "development overrides" not in d.summary]

    def succeed(self) -> "Result":
        assert self.code == 0, f"{' '.join(self.arguments)} exited {self.code}\n{self.readable()}"
        return self

    def only_error(self) -> Diagnostic:
        """The one error of a run that must fail."""
        assert self.code == 1, self.readable()
        (error,) = self.errors
        return error

    def readable(self) -> str:
        told = "\n".join(str(d) for d in self.diagnostics)
        return told or self.text


class Workspace:
    """main.tf, a state, and a CLI configuration that points at the provider."""

    # Of all workspaces.
    _started: list[subprocess.Popen] = []

    def __init__(self, directory: pathlib.Path, core: Core, provider: pathlib.Path, environment: dict[str, str]):
        self.directory = directory
        self.core = core
        self.log = directory.with_name(directory.name + ".log")
        plugins = directory.with_name(directory.name + ".plugins")
        self._cli_config = directory.with_name(directory.name + ".tfrc")
        directory.mkdir(parents=True)
        self._plugins = plugins
        self._overrides: dict[str, pathlib.Path] = {}
        self.offer(SOURCE, provider)
        null = null_provider_binary()
        if null is not None:
            self.offer("hashicorp/null", null)
        self.environment = self._clean_environment() | environment

    def offer(self, source: str, binary: pathlib.Path) -> None:
        """From now on the core takes this program for the provider of that source."""
        name = source.rpartition("/")[2]
        self._overrides[source] = self._plugin_folder(self._plugins / name, binary, f"terraform-provider-{name}")
        lines = "\n".join(f'    "{source}" = "{folder}"' for source, folder in self._overrides.items())
        self._cli_config.write_text(
            "disable_checkpoint = true\n"
            f"provider_installation {{\n  dev_overrides {{\n{lines}\n  }}\n}}\n"
        )

    @staticmethod
    def _plugin_folder(folder: pathlib.Path, binary: pathlib.Path, name: str) -> pathlib.Path:
        # Core takes the first file whose name begins as the provider's does,
        # so a folder of our own keeps Cargo's other files out of the choice.
        folder.mkdir(parents=True)
        (folder / name).symlink_to(binary.resolve())
        return folder

    def _clean_environment(self) -> dict[str, str]:
        kept = {k: v for k, v in os.environ.items() if not k.startswith(("AWS_", "TF_"))}
        home = self.directory.with_name(self.directory.name + ".home")
        home.mkdir()
        return kept | {
            "HOME": str(home),
            "TF_CLI_CONFIG_FILE": str(self._cli_config),
            "CHECKPOINT_DISABLE": "1",
            "AWS_EC2_METADATA_DISABLED": "true",
            "AWS_CONFIG_FILE": str(home / "config"),
            "AWS_SHARED_CREDENTIALS_FILE": str(home / "credentials"),
        }

    def configure(self, *parts: str) -> None:
        """Writes main.tf: the required provider, then the parts."""
        (self.directory / "main.tf").write_text("\n".join([self.header(), *parts]) + "\n")

    def install_from(self, mirror: pathlib.Path) -> None:
        """Takes providers from a filesystem mirror, as a user does; call it after `configure`."""
        configuration = self.directory.with_name(self.directory.name + ".mirror.tfrc")
        configuration.write_text(f'provider_installation {{\n  filesystem_mirror {{\n    path = "{mirror}"\n  }}\n}}\n')
        self.environment["TF_CLI_CONFIG_FILE"] = str(configuration)
        main = self.directory / "main.tf"
        # Only what the mirror holds can be installed.
        kept = [line for line in main.read_text().splitlines(keepends=True) if "hashicorp/null" not in line]
        main.write_text("".join(kept))

    def mirror_folder(self, mirror: pathlib.Path) -> pathlib.Path:
        """Where the core of this workspace looks for the provider in a filesystem mirror."""
        registry = "registry.opentofu.org" if self.core.product == "tofu" else "registry.terraform.io"
        return mirror / registry / SOURCE

    def header(self) -> str:
        # On cores with terraform_data the null provider is never asked for.
        null = '    null   = { source = "hashicorp/null" }\n' if not self.core.has("terraform_data") else ""
        return (
            "terraform {\n  required_providers {\n"
            f'    mirror = {{ source = "{SOURCE}" }}\n{null}'
            "  }\n}\n"
        )

    def start(self, *arguments: str, **more: Any) -> subprocess.Popen:
        """A run that the test watches itself, in a process group of its own."""
        process = subprocess.Popen(
            [self.core.command, *arguments],
            cwd=self.directory,
            env=self.environment,
            text=True,
            start_new_session=True,
            **more,
        )
        self._started.append(process)
        return process

    def _policy(self, command: str) -> contextlib.AbstractContextManager[None]:
        """That of a plan for a plan, unless another run goes on meanwhile, which may be an apply."""
        if command != "plan":
            return contextlib.nullcontext()
        is_alone = threading.current_thread() is threading.main_thread() and all(
            process.poll() is not None for process in self._started
        )
        # A dry run of a create needs what the create needs.
        asks_create = any("preflight_dry_run" in file.read_text() for file in self.directory.glob("*.tf"))
        return only_plans() if is_alone and not asks_create else contextlib.nullcontext()

    def run(self, *arguments: str, timeout: float = 600, env: dict[str, str] | None = None) -> Result:
        with self._policy(arguments[0]):
            done = subprocess.run(
                [self.core.command, *arguments],
                cwd=self.directory,
                env=self.environment | (env or {}),
                text=True,
                capture_output=True,
                stdin=subprocess.DEVNULL,
                timeout=timeout,
            )
        return Result((os.path.basename(self.core.command), *arguments), done.returncode, done.stdout, done.stderr)

    def try_plan(self, *arguments: str) -> Result:
        """A plan that may fail."""
        return self.run("plan", "-json", "-input=false", f"-out={PLAN_FILE}", *arguments)

    def save_plan(self) -> Result:
        """A plan that must succeed, saved and left unread."""
        return self.try_plan().succeed()

    def plan(self, *arguments: str) -> Plan:
        """A plan that must succeed, saved and parsed."""
        result = self.try_plan(*arguments).succeed()
        shown = self.run("show", "-json", PLAN_FILE).succeed()
        return Plan(json.loads(shown.stdout), result.diagnostics)

    def plan_text(self, *arguments: str) -> str:
        """The plan as a person reads it, without core's remarks before and after it."""
        shown = self.run("plan", "-input=false", "-no-color", *arguments).succeed().stdout
        plan = re.search(r"^(Terraform|OpenTofu) will perform.*^Plan: [^\n]*", shown, re.DOTALL | re.MULTILINE)
        assert plan, shown
        return plan[0]

    def try_apply(self, *arguments: str) -> Result:
        return self.run("apply", "-json", "-input=false", "-auto-approve", *arguments)

    def apply(self, *arguments: str) -> Result:
        """An apply that must succeed, and leave nothing to do."""
        result = self.try_apply(*arguments).succeed()
        self.assert_empty_plan()
        return result

    def apply_saved(self) -> Result:
        """Applies the last saved plan; it must succeed."""
        return self.try_apply_saved().succeed()

    def try_apply_saved(self) -> Result:
        return self.run("apply", "-json", "-input=false", PLAN_FILE)

    def apply_at_prompt(self, between: Callable[[], object], *arguments: str) -> Result:
        """An apply with its prompt; `between` happens before the answer."""
        result, prompted = self._apply_at_prompt(between, *arguments)
        assert prompted, f"apply ended before its prompt\n{result.text}"
        return result

    def apply_if_prompted(self, between: Callable[[], object], *arguments: str) -> Result:
        """The same; without anything to do there is no prompt, and nothing happens before it."""
        return self._apply_at_prompt(between, *arguments)[0]

    def _apply_at_prompt(self, between: Callable[[], object], *arguments: str) -> tuple[Result, bool]:
        process = self.start(
            "apply", "-no-color", *arguments, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
        )
        shown = ""
        try:
            prompted, piece = False, " "
            while piece and not prompted:
                piece = process.stdout.read(1)
                shown += piece
                prompted = shown.endswith("Enter a value: ")
            if prompted:
                between()
            rest, _ = process.communicate("yes\n" if prompted else None, timeout=300)
        finally:
            if process.poll() is None:
                process.kill()
                process.wait()
        return Result(("apply",), process.returncode, shown + (rest or ""), ""), prompted

    def destroy(self, *arguments: str) -> Result:
        return self.try_destroy(*arguments).succeed()

    def try_destroy(self, *arguments: str) -> Result:
        return self.run("destroy", "-json", "-input=false", "-auto-approve", *arguments)

    def import_(self, address: str, identifier: str) -> Result:
        return self.run("import", "-input=false", "-no-color", address, identifier)

    def state(self) -> dict[str, dict]:
        """The values of everything in the state, by address."""
        shown = json.loads(self.run("show", "-json").succeed().stdout)
        root = shown.get("values", {}).get("root_module", {})
        return {resource["address"]: resource["values"] for resource in root.get("resources", [])}

    def raw_state(self) -> dict:
        """The state file as it is."""
        return json.loads((self.directory / "terraform.tfstate").read_text())

    def private(self) -> dict[str, str]:
        """What the provider keeps for itself beside each resource."""
        return {
            f"{resource['type']}.{resource['name']}": resource["instances"][0].get("private", "")
            for resource in self.raw_state()["resources"]
            if resource["mode"] == "managed"
        }

    def assert_refresh_keeps_private(self) -> None:
        """What an apply keeps for itself is what a refresh would: or every refresh made others' saved plans stale."""
        kept = self.private()
        self.run("apply", "-refresh-only", "-auto-approve", "-input=false", "-no-color").succeed()
        assert self.private() == kept

    def tainted(self) -> Iterable[str]:
        for resource in self.raw_state()["resources"]:
            for instance in resource["instances"]:
                if instance.get("status") == "tainted":
                    yield f"{resource['type']}.{resource['name']}"

    def assert_empty_plan(self, *arguments: str) -> None:
        result = self.try_plan("-detailed-exitcode", *arguments)
        if result.code == 2:
            text = self.run("show", "-no-color", PLAN_FILE).stdout
            raise AssertionError(f"the plan after an apply is not empty\n{text}\n{result.readable()}")
        assert result.code == 0, f"plan exited {result.code}\n{result.readable()}"

    def remove(self) -> None:
        for suffix in ("", ".plugins", ".home"):
            shutil.rmtree(self.directory.with_name(self.directory.name + suffix), ignore_errors=True)
        self._cli_config.unlink(missing_ok=True)
