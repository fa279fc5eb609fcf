"""The whole platform as a developer starts it, ``python -m puerta``, on ports and in a folder of its own."""

import contextlib
import itertools
import os
import random
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]

_PORTS = (
    *("GATEWAY_PORT", "GATEWAY_ADMIN_PORT", "GATEWAY_METRICS_PORT", "PROMETHEUS_PORT", "ALERTMANAGER_PORT"),
    *("MONITORING_METRICS_PORT", "CONSOLE_PORT", "SERVICE_PORT", "METRICS_PORT"),
)
_RANGE = range(15_000, 20_000)
_UP = "Ctrl-C stops everything."
_START_SECONDS, _STOP_SECONDS = 90.0, 60.0
_FOLDERS = (".", "gateway-config", "load-tests", "model-files")


class PlatformError(RuntimeError):
    """The platform did not start; the message is what it said."""


@dataclass(frozen=True)
class Platform:
    """A platform that runs: its ports by setting, its state, the key of its demo client, and its process."""

    ports: dict[str, int]
    state: Path
    environment: dict[str, str]
    process: "subprocess.Popen[bytes]"

    @property
    def key(self) -> str:
        """The demo client's key."""
        return (self.state / "demo.key").read_text().strip()

    @property
    def prometheus(self) -> str:
        """Where its Prometheus answers."""
        return f"http://127.0.0.1:{self.ports['PROMETHEUS_PORT']}"

    @contextmanager
    def service_paused(self) -> Iterator[None]:
        """The service stops answering, as if its machine hung, until the block ends (Linux only)."""
        stopped = [number for number in self._children() if self._runs(number, "service")]
        for number in stopped:
            os.kill(number, signal.SIGSTOP)
        try:
            yield
        finally:
            for number in stopped:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(number, signal.SIGCONT)

    def _children(self) -> list[int]:
        number = self.process.pid
        return [int(child) for child in Path(f"/proc/{number}/task/{number}/children").read_text().split()]

    @staticmethod
    def _runs(number: int, module: str) -> bool:
        words = Path(f"/proc/{number}/cmdline").read_bytes().split(b"\0")
        return any(words[place : place + 2] == [b"-m", module.encode()] for place in range(len(words)))


@contextmanager
def platform(folder: Path, **settings: str) -> Iterator[Platform]:
    """Start the platform with its state in ``folder``, and stop it at the end.

    Raises:
        PlatformError: if it does not come up.
    """
    ports = dict(zip(_PORTS, _free_ports(len(_PORTS)), strict=True))
    state = folder / "state"
    kept = {name: value for name, value in os.environ.items() if not name.startswith("PUERTA_")}
    own = {name: str(port) for name, port in ports.items()} | {"STATE_DIR": str(state)} | settings
    environment = kept | {f"PUERTA_{name}": value for name, value in own.items()}
    environment["PYTHONPATH"] = os.pathsep.join(str(ROOT / name) for name in _FOLDERS)
    said = folder / "platform.txt"
    with said.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "puerta"],
            cwd=ROOT,
            env=environment,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    try:
        until = time.monotonic() + _START_SECONDS
        while _UP not in said.read_text():
            if process.poll() is not None or time.monotonic() > until:
                raise PlatformError(f"the platform did not come up:\n{said.read_text()}")
            time.sleep(0.1)
        yield Platform(ports, state, environment, process)
    finally:
        process.terminate()
        try:
            process.wait(_STOP_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()


def _free_ports(count: int) -> list[int]:
    """Ports that nobody listens on, all different, and none that a kernel gives to callers before they are taken."""
    candidates = random.sample(_RANGE, len(_RANGE))
    return list(itertools.islice(filter(_free, candidates), count))


def _free(port: int) -> bool:
    with socket.socket() as probe:
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True
