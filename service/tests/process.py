"""The service as its own process, as an operator runs it: signals, exit code, logs."""

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from service.tests.wire import Connection, Response, get

_PATIENCE = 60  # seconds; only a process that hangs takes them


class ServiceProcess:
    """``python -OO -m service``, as it is shipped, on ports of the kernel's choice, which its log tells."""

    def __init__(self, folder: Path, models: Path, **settings: object) -> None:
        environment = {name: value for name, value in os.environ.items() if not name.startswith(("PUERTA_", "AIP_"))}
        common: dict[str, object] = {
            "port": 0,
            "metrics_port": 0,
            "models_dir": models,
            "default_model": "delays",
            "events_dir": folder / "events",
            "labels_dir": folder / "labels",
            "instance": "test",
            "drain_seconds": 0,
        }
        for name, value in (common | settings).items():
            environment[f"PUERTA_{name.upper()}"] = str(value)
        self.process = subprocess.Popen(
            [sys.executable, "-OO", "-m", "service"],
            env=environment,
            cwd=Path(__file__).parents[2],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        self.lines: list[str] = []
        self.output: list[bytes] = []
        self._readers = [threading.Thread(target=self._read_log), threading.Thread(target=self._read_output)]
        for reader in self._readers:
            reader.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self.process.poll() is None:
            self.process.kill()
        self.wait()

    @property
    def log(self) -> list[dict[str, Any]]:
        """The log so far; every line of it is one JSON object."""
        return [json.loads(line) for line in self.lines]

    def until_ready(self) -> Self:
        """Wait until both ports listen and the service is ready; the ports are known from then on."""
        self.until(lambda: self._listening() is not None)
        listening = self._listening()
        assert listening is not None
        self.port = int(listening["api"].rpartition(":")[2])
        self.admin_port = int(listening["metrics"].rpartition(":")[2])
        assert self.ask(get("/health/ready")).status == 200
        return self

    def connect(self) -> Connection:
        """A connection to the API."""
        return Connection(self.port)

    def ask(self, request: bytes) -> Response:
        """The answer of the API to one request."""
        with self.connect() as connection:
            return connection.ask(request)

    def admin(self, request: bytes) -> Response:
        """The answer of the metrics port to one request."""
        with Connection(self.admin_port) as connection:
            return connection.ask(request)

    def signal(self, number: int = signal.SIGTERM) -> None:
        """Send a signal."""
        self.process.send_signal(number)

    def stop(self) -> int:
        """SIGTERM, and the exit code."""
        self.signal()
        return self.wait()

    def wait(self) -> int:
        """The exit code, once it has ended and everything it said is read."""
        code = self.process.wait(_PATIENCE)
        for reader in self._readers:
            reader.join()
        for stream in (self.process.stdout, self.process.stderr):
            if stream:
                stream.close()
        return code

    def until(self, condition: Callable[[], bool]) -> None:
        """Wait for something that will come to pass; only a process that hangs or ends makes it fail."""
        deadline = time.monotonic() + _PATIENCE
        while not condition():
            assert self.process.poll() is None, self.lines
            assert time.monotonic() < deadline, self.lines
            time.sleep(0.005)

    def _listening(self) -> dict[str, Any] | None:
        return next((entry for entry in self.log if entry["message"] == "listening"), None)

    def _read_log(self) -> None:
        assert self.process.stderr
        for line in self.process.stderr:
            self.lines.append(line.decode())

    def _read_output(self) -> None:
        assert self.process.stdout
        for line in self.process.stdout:
            self.output.append(line)
