"""A gateway for a trial: its own policy, keys, ports and folder, a real Envoy and a backend that takes notes."""

import os
import secrets
import subprocess
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Self

from gateway_config.envoy.admin import ask
from gateway_config.envoy.program import EnvoyError
from gateway_config.files import write_private
from gateway_config.local import LocalGateway
from gateway_config.ports import free_port
from gateway_config.settings import Settings
from gateway_config.trials.witness import Reply, Seen, Witness

_PATIENCE = 30.0  # seconds; an Envoy that takes longer to start is broken
_POLL = 0.05


class ScratchError(EnvoyError):
    """The trial's gateway did not start; the message says what it said itself."""


class Scratch:
    """A gateway that lives as long as a ``with`` block, and leaves nothing behind.

    Keys can be made before it starts and while it runs. It has a pepper: they are HMACs.
    """

    def __init__(self, policy: str, reply: Callable[[Seen], Reply] = lambda _: Reply(), workers: int = 1) -> None:
        self._policy, self._workers = policy, workers
        self.witness = Witness(reply)
        self.token = secrets.token_urlsafe(24)
        self.pepper = secrets.token_urlsafe(24)
        self._envoy: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        self._folder = tempfile.TemporaryDirectory(prefix="puerta-scratch-")
        folder = Path(self._folder.name)
        self.witness.__enter__()
        write_private(folder / "policy.yaml", self._policy.encode())
        settings = Settings(
            gateway_port=free_port(),
            gateway_admin_port=free_port(),
            gateway_workers=self._workers,
            gateway_policy=folder / "policy.yaml",
            gateway_token=self.token,
            gateway_pepper=self.pepper,
            state_dir=folder / "state",
        )
        self.log = folder / "envoy.log"
        self.gateway = LocalGateway.open(settings, (self.witness.address,))
        return self

    def start(self) -> None:
        """Start Envoy with the keys that there are by now, and wait until it answers.

        Raises:
            EnvoyError: if Envoy is not installed, or refuses what is rendered.
            ScratchError: if it does not start.
        """
        self.gateway.write()
        environment = {**os.environ, "PUERTA_GATEWAY_PEPPER": self.pepper}
        with self.log.open("wb") as log:
            self._envoy = subprocess.Popen(self.gateway.command, stderr=log, env=environment)  # noqa: S603 - our Envoy
        until = time.monotonic() + _PATIENCE
        while not self._ready():
            if self._envoy.poll() is not None or time.monotonic() > until:
                raise ScratchError(f"Envoy did not start: {self.log.read_text()}")
            time.sleep(_POLL)

    def logs(self) -> str:
        """What the gateway has logged."""
        return self.log.read_text() + self.gateway.site.access_logs[0].read_text()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._envoy is not None:
            self._envoy.terminate()
            self._envoy.wait()
        self.witness.__exit__(kind, error, trace)
        self._folder.cleanup()

    def _ready(self) -> bool:
        """Whether Envoy runs and has found the backend."""
        try:
            return ask(self.gateway.site.admin, "GET", "/ready").startswith("LIVE") and self.witness.probes > 0
        except OSError:
            return False
