"""The platform as a person starts it: ``python -m puerta`` in a process of its own, and what it prints."""

import http.client
import json
import os
import random
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Self

import psutil

ROOT = Path(__file__).parents[1]
PATIENCE = 60.0  # seconds; whatever takes longer is broken

_PORTS = (
    "GATEWAY_PORT",
    "GATEWAY_ADMIN_PORT",
    "GATEWAY_METRICS_PORT",
    "PROMETHEUS_PORT",
    "ALERTMANAGER_PORT",
    "MONITORING_METRICS_PORT",
    "CONSOLE_PORT",
    "SERVICE_PORT",
    "METRICS_PORT",
)


def eventually(happens: Callable[[], bool], what: str, seconds: float = PATIENCE, pause: float = 0.05) -> None:
    """Wait until something is so; that it never is, is the failure. What is dear to look at is looked at less often."""
    until = time.monotonic() + seconds
    while not happens():
        assert time.monotonic() < until, what
        time.sleep(pause)


def free_ports(count: int) -> list[int]:
    """First ports of ``count`` different rows of four that nobody listens on.

    A platform may take its ports long after they were found. So they are none that the kernel gives to callers, nor
    ``gateway_config.ports`` to tests, and every process that runs tests side by side has a block of its own.
    """
    worker = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw")) % 4
    block = 28_000 + 1000 * worker
    rows: list[int] = []
    while len(rows) < count:
        first = random.randrange(block, block + 1000, 4)  # noqa: S311 - nothing depends on its being hard to guess
        if first not in rows and all(map(_free, range(first, first + 4))):
            rows.append(first)
    return rows


def _free(port: int) -> bool:
    with socket.socket() as probe:
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def stand_in(folder: Path, program: str) -> Path:
    """A folder in which ``python -m service`` is another program of these tests; the real package is under it."""
    package = folder / "stub" / "service"
    package.mkdir(parents=True)
    # Without an __init__ the real package, further down the path, would win.
    (package / "__init__.py").write_text("import pkgutil\n__path__ = pkgutil.extend_path(__path__, __name__)\n")
    shutil.copyfile(Path(__file__).with_name(program), package / "__main__.py")
    return package.parent


class Runner:
    """``python -m puerta``, from its start to its end; killed at the end of the ``with`` block if it still runs."""

    def __init__(self, folder: Path, *, working_folder: Path = ROOT, **environment: str) -> None:
        """``environment`` names settings without their prefix, except the stub's own."""
        self.output = folder / "output.txt"
        self.ports = dict(zip(_PORTS, free_ports(len(_PORTS)), strict=True))
        self.state = folder / "state"
        settings = {f"PUERTA_{name}": str(port) for name, port in self.ports.items()}
        settings |= {
            "PUERTA_STATE_DIR": str(self.state),
            "PUERTA_GATEWAY_POLICY": str(ROOT / "gateway-config/policy.yaml"),
            "PUERTA_RULES_DIR": str(ROOT / "slo/generated/rules"),
            "PUERTA_PROMETHEUS_CONFIG": str(ROOT / "monitoring/prometheus/prometheus.yaml"),
            "PUERTA_PROMETHEUS": "not-wanted",  # most tests have nothing to ask it
            "PUERTA_ALERTMANAGER_CONFIG": str(ROOT / "monitoring/alertmanager/alertmanager.yaml"),
            "PUERTA_ALERTMANAGER": "not-wanted",
            "PUERTA_MONITORING": "false",
            "PUERTA_RUNBOOKS_URL": (ROOT / "monitoring/runbooks").as_uri(),
        }
        settings |= {
            name if name.startswith("STUB") else f"PUERTA_{name}": value for name, value in environment.items()
        }
        self.environment = _clean(os.environ) | settings
        self._working_folder = working_folder

    def __enter__(self) -> Self:
        with self.output.open("ab") as output:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "puerta"],
                cwd=self._working_folder,
                env=self.environment,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        return self

    def __exit__(self, *_: object) -> None:
        family = self.family()
        self.process.kill()
        self.process.wait()
        for member in family:
            if member.is_running():
                member.kill()

    def said(self) -> str:
        """What it has printed so far."""
        return self.output.read_text()

    def wait_for(self, text: str) -> str:
        """Wait until it has printed something, and return all that it has printed."""
        eventually(lambda: text in self.said() or self.process.poll() is not None, f"{text!r} was never printed")
        assert text in self.said()
        return self.said()

    def family(self) -> list[psutil.Process]:
        """The processes that it has started."""
        try:
            children: list[psutil.Process] = psutil.Process(self.process.pid).children(recursive=True)
        except psutil.NoSuchProcess:
            return []
        return children

    def stop(self, number: signal.Signals = signal.SIGTERM) -> int:
        """Send a signal, wait for the end and return the exit code; nothing may be left."""
        family = self.family()
        self.process.send_signal(number)
        return self.wait(family)

    def wait(self, family: list[psutil.Process]) -> int:
        """Wait for its end, see that ``family`` has ended too, and return the exit code."""
        code = self.process.wait(PATIENCE)
        assert [member for member in family if _alive(member)] == []
        return code

    def curl(self) -> str:
        """The line that it prints for pasting."""
        (line,) = [line for line in self.said().splitlines() if line.startswith("curl ")]
        return line

    @property
    def key(self) -> str:
        """The demo key."""
        return (self.state / "demo.key").read_text().strip()

    def ask(
        self,
        method: str,
        path: str,
        headers: Mapping[str, str] | None = None,
        *,
        source: str = "127.0.0.1",
        body: str = "{}",
    ) -> tuple[int, Any]:
        """Send one request through the gateway; the status, and the body decoded if it is JSON."""
        connection = http.client.HTTPConnection(
            "127.0.0.1", self.ports["GATEWAY_PORT"], timeout=PATIENCE, source_address=(source, 0)
        )
        try:
            connection.request(method, path, body if method == "POST" else None, dict(headers or {}))
            answer = connection.getresponse()
            content = answer.read()
            kind = answer.getheader("content-type") or ""
            return answer.status, json.loads(content) if "json" in kind else content.decode()
        finally:
            connection.close()

    def predict(self) -> tuple[int, Any]:
        """Ask for a prediction with the demo key."""
        return self.ask("POST", "/v1/predict", {"x-api-key": self.key})


def _alive(process: psutil.Process) -> bool:
    try:
        return bool(process.is_running() and process.status() != psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return False


def _clean(environment: Mapping[str, str]) -> dict[str, str]:
    """An environment without settings, in which the packages of this repository are found."""
    folders = [ROOT, *(ROOT / name for name in ("gateway-config", "load-tests", "model-files"))]
    kept = {name: value for name, value in environment.items() if not name.startswith(("PUERTA_", "STUB"))}
    return kept | {"PYTHONPATH": os.pathsep.join(map(str, folders))}
