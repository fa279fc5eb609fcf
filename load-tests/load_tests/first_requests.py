"""A key's first request, whose hash is worked out, beside its next ones, for which it is remembered."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from http.client import HTTPConnection
from pathlib import Path
from statistics import median
from typing import Any

from load_tests import figures, servers
from load_tests.figures import Interval
from load_tests.gateways.layers import open_local
from load_tests.gateways.way import Site
from load_tests.paths import WRK_BODIES
from load_tests.processes import Cores, Server

CALLERS = 20  # with a key each
SPARE = "spare"  # a client whose new key has the gateway read all keys again
_CLIENT = {"owner": "load test", "cidrs": ["127.0.0.1/32"], "operations": "all"}
_WARM_TURNS = 10


@dataclass(frozen=True)
class First:
    """One start of the gateway, in ms.

    Its first request with a key, the first after its keys were read again, and the medians of other keys' first requests
    and of those whose key is remembered.
    """

    number: int
    after_start_ms: float
    after_reload_ms: float
    cold_ms: float
    warm_ms: float


@dataclass(frozen=True)
class Firsts:
    """All starts; ``problems`` are answers other than 200."""

    starts: list[First]
    problems: list[str] = field(default_factory=list)

    def added(self, kind: str) -> Interval:
        """What a first request takes more than one whose key is remembered, in ms: ``cold``, ``after_reload``, ..."""
        name = f"{kind}_ms"
        return figures.paired([getattr(one, name) for one in self.starts], [one.warm_ms for one in self.starts])


def measure(site: Callable[[Path], Site], folder: Path, cores: Cores, starts: int) -> Firsts:
    """Start the gateway several times, under the whole policy with ``CALLERS`` clients more, over one connection each.

    Raises:
        ProcessError: if the gateway does not start.
        EnvoyError: if Envoy is not installed.
    """
    found, problems = [], []
    for number in range(1, starts + 1):
        own = folder / str(number)
        gateway, opened = open_local(site(own), _with_callers)
        keys = [gateway.store.add(_caller(one)) for one in range(CALLERS)]
        gateway.write_keys()
        with Server(opened.launch, own, cores):
            caller = _Caller(opened.connect(10))
            try:
                after_start, *cold = map(caller.ask, keys)
                warm = [caller.ask(key) for _ in range(_WARM_TURNS) for key in keys]
                gateway.store.add(SPARE)
                outcome = gateway.write_keys()
                after_reload, *again = map(caller.ask, keys)
            finally:
                caller.close()
        found.append(First(number, after_start, after_reload, median([*cold, *again]), median(warm)))
        if outcome != "taken":
            problems.append(f"first requests, start {number}: the changed keys were {outcome}")
        problems += [f"first requests, start {number}: an answer {status}" for status in caller.refused]
    return Firsts(found, problems)


def _caller(number: int) -> str:
    return f"caller-{number}"


def _with_callers(policy: dict[str, Any]) -> None:
    policy["clients"] |= {name: dict(_CLIENT) for name in (SPARE, *map(_caller, range(CALLERS)))}


class _Caller:
    """Asks for predictions, one after the other, over one connection that is there before the first is timed."""

    def __init__(self, connection: HTTPConnection) -> None:
        self.refused: list[int] = []
        self._connection = connection
        self._body = WRK_BODIES.read_bytes().splitlines()[0]
        connection.request("GET", servers.READY)
        connection.getresponse().read()

    def ask(self, key: str) -> float:
        """The ms until the whole answer is there."""
        headers = {"content-type": "application/json", "x-api-key": key}
        started = time.perf_counter()
        self._connection.request("POST", servers.PREDICT, self._body, headers)
        answer = self._connection.getresponse()
        answer.read()
        taken = (time.perf_counter() - started) * 1e3
        if answer.status != 200:  # noqa: PLR2004 - HTTP's own OK
            self.refused.append(answer.status)
        return taken

    def close(self) -> None:
        """Hang up."""
        self._connection.close()
