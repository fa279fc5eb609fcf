"""What a scenario loads: the whole platform, started for it, or something that is deployed."""

import shutil
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from http.client import HTTPConnection, HTTPSConnection
from pathlib import Path
from time import monotonic, sleep
from urllib.parse import urlsplit

from gateway_config.ports import free_port
from load_tests.paths import ROOT
from load_tests.processes import Launch, ProcessError, Server, get
from load_tests.servers import PREDICT, READY
from load_tests.traces import Count, Receiver

PLATFORM = (sys.executable, "-m", "puerta")
SCRAPE_SECONDS = 1
TRACE_RATIO = 0.01
_START_SECONDS = 30.0
_TIMEOUT_SECONDS = 30.0


class TargetError(ValueError):
    """An address or a key that can't be used; the message says which."""


@dataclass(frozen=True)
class Target:
    """Where requests go, and what of the other side can be seen; None where it can't be."""

    url: str
    key: str
    what: str
    pid: int | None = None  # of the process whose children are the parts
    events: Path | None = None
    prometheus: str | None = None
    spans: Count | None = None

    @property
    def predict(self) -> str:
        """Where predictions are asked for."""
        return self.url + PREDICT

    @property
    def headers(self) -> tuple[str, ...]:
        """What every request carries, as wrk is told it."""
        return (f"x-api-key: {self.key}",) if self.key else ()

    @property
    def connect(self) -> Callable[[], HTTPConnection]:
        """What opens a connection to it."""
        parts = urlsplit(self.url)
        kind = HTTPSConnection if parts.scheme == "https" else HTTPConnection
        return partial(kind, parts.hostname or "", parts.port, timeout=_TIMEOUT_SECONDS)

    @property
    def unseen(self) -> list[str]:
        """What can't be measured, in words."""
        seen = {
            "CPU and memory of each part: they run elsewhere": self.pid,
            "whether the event log is complete: it lies elsewhere": self.events,
            "what Prometheus says: no --prometheus": self.prometheus,
            "whether traces arrive: they are sent elsewhere": self.spans,
        }
        return [words for words, value in seen.items() if value is None]


def deployed(url: str, key_file: Path | None, prometheus: str | None) -> Target:
    """Something that runs already; nothing is started.

    Raises:
        TargetError: if the address or the key can't be used.
    """
    parts = urlsplit(url)
    if parts.scheme not in {"http", "https"} or not parts.hostname or parts.path not in {"", "/"} or parts.query:
        raise TargetError(f"--url {url!r}, expected http(s)://host[:port] and nothing behind it")
    try:
        key = key_file.read_text(encoding="utf-8").strip() if key_file else ""
    except (OSError, UnicodeDecodeError) as error:
        raise TargetError(f"--key-file {key_file}: {error}") from error
    base = url.rstrip("/")
    return Target(base, key, f"{base}, which ran already", prometheus=prometheus.rstrip("/") if prometheus else None)


@contextmanager
def platform(folder: Path, models: Path, command: tuple[str, ...] = PLATFORM) -> Iterator[Target]:
    """``python -m puerta`` on free ports with a state folder of its own, until the context is left.

    The service, the gateway under the committed policy as its demo client, and Prometheus with the objectives' rules;
    events are logged, and 1 % of the requests traced to a receiver that counts. Reports and Alertmanager stay out: they
    have no part in answering.

    Raises:
        ProcessError: if it does not start.
        TargetError: if Prometheus is not installed.
    """
    if shutil.which("prometheus") is None:
        raise TargetError("prometheus is not on the PATH, expected it there (Debian: apt install prometheus)")
    state, port, watcher = folder / "state", free_port(), free_port()
    with Receiver() as receiver:
        environment = {
            "PUERTA_STATE_DIR": str(state),
            "PUERTA_GATEWAY_PORT": str(port),
            "PUERTA_GATEWAY_POLICY": str(ROOT / "gateway-config" / "policy.yaml"),
            "PUERTA_PROMETHEUS_PORT": str(watcher),
            "PUERTA_SCRAPE_SECONDS": str(SCRAPE_SECONDS),
            "PUERTA_MODELS_DIR": str(models),
            "PUERTA_LOG_LEVEL": "warning",
            "PUERTA_DRAIN_SECONDS": "0",  # at its end there are no callers left to wait for
            "PUERTA_OTLP_ENDPOINT": receiver.endpoint,
            "PUERTA_TRACE_RATIO": str(TRACE_RATIO),
            "PUERTA_ALERTMANAGER": "none",
            "PUERTA_MONITORING": "false",
        }
        others = ("GATEWAY_ADMIN", "GATEWAY_METRICS", "ALERTMANAGER", "SERVICE", "METRICS", "CONSOLE")
        environment |= {f"PUERTA_{name}_PORT": str(free_port()) for name in others}
        with Server(Launch("puerta", command, environment, port, READY), folder) as server:
            _wait(f"http://127.0.0.1:{watcher}", server)
            yield Target(
                url=server.url,
                key=_key(state / "demo.key", server),
                what="the whole platform, started for this run",
                pid=server.process.pid,
                events=state / "events",
                prometheus=f"http://127.0.0.1:{watcher}",
                spans=receiver.count,
            )


def _wait(prometheus: str, server: Server) -> None:
    limit = monotonic() + _START_SECONDS
    while get(urlsplit(prometheus).port or 0, "/-/ready") != 200:  # noqa: PLR2004 - HTTP's own OK
        if monotonic() > limit:
            raise ProcessError(f"Prometheus was not ready after {_START_SECONDS:.0f} s{server.tail()}")
        sleep(0.1)


def _key(path: Path, server: Server) -> str:
    try:
        return path.read_text(encoding="utf-8").strip()
    except OSError as error:
        raise ProcessError(f"no key of the demo client: {error}{server.tail()}") from error
