"""moto's server: an EC2 that is not ours."""

import contextlib
import functools
import socket
import subprocess
import time
import urllib.request
from collections.abc import Iterator

from .cloud import Cloud
from .paths import VENV_BIN


class Moto(Cloud):
    """moto knows no filter rules, no paging of sessions, and checks no ids."""

    has_filter_rules = False

    @functools.cached_property
    def image(self) -> str:
        return self.ec2.describe_images(Owners=["amazon"])["Images"][0]["ImageId"]

    def reset(self) -> None:
        """Forgets everything but the default VPC."""
        request = urllib.request.Request(f"{self.url}/moto-api/reset", method="POST")
        urllib.request.urlopen(request, timeout=30).close()


@contextlib.contextmanager
def moto_server() -> Iterator[Moto]:
    """A server on a free port of loopback, ended on leaving."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    process = subprocess.Popen(
        [str(VENV_BIN / "moto_server"), "-H", "127.0.0.1", "-p", str(port)],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        moto = Moto(f"http://127.0.0.1:{port}", "AKIAMOTO000000000000", "moto", "eu-west-1")
        _wait(moto, process)
        yield moto
    finally:
        process.terminate()
        process.wait(30)


def _wait(moto: Moto, process: subprocess.Popen) -> None:
    deadline = time.monotonic() + 60
    while True:
        try:
            moto.reset()
            return
        except OSError:
            assert process.poll() is None, f"moto_server exited {process.returncode}"
            assert time.monotonic() < deadline, "moto_server does not answer"
            time.sleep(0.1)
