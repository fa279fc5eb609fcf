"""A way to the service: how it is opened, what it holds a request to, and which way it adds something to."""

from collections.abc import Callable
from dataclasses import dataclass
from http.client import HTTPConnection
from pathlib import Path

from gateway_config.envoy.tls import Identity
from load_tests.processes import Launch


@dataclass(frozen=True)
class Site:
    """What a gateway is told: the service's port, the token by which the service knows it, a folder of its own."""

    backend: int
    token: str
    folder: Path


@dataclass(frozen=True)
class Opened:
    """A gateway that can be started: where it takes requests, the key that lets a caller in, who it is with TLS."""

    launch: Launch
    port: int
    key: str = ""
    identity: Identity | None = None

    @property
    def url(self) -> str:
        """The address for callers."""
        return f"{'https' if self.identity else 'http'}://127.0.0.1:{self.port}"

    @property
    def headers(self) -> tuple[str, ...]:
        """What a caller has to send along."""
        return (f"x-api-key: {self.key}",) if self.key else ()

    @property
    def authority(self) -> Path | None:
        """The file of the certificate that a caller has to trust."""
        return self.identity.generated if self.identity else None

    def connect(self, seconds: float) -> HTTPConnection:
        """A connection that trusts this gateway only."""
        if self.identity:
            return self.identity.connect("127.0.0.1", self.port, seconds)
        return HTTPConnection("127.0.0.1", self.port, timeout=seconds)


@dataclass(frozen=True)
class Way:
    """One way to the service. ``open`` is None for the direct one; ``checks`` says what it holds a request to.

    ``layer`` is what it has more than the way ``under`` it, by key; both are empty for what is no layer of ours.
    """

    key: str
    title: str
    checks: str
    open: Callable[[Site], Opened] | None = None
    layer: str = ""
    under: str = ""
    program: str = ""  # what has to be on the PATH
