"""What a gateway costs: the same requests on every way to the service, one way after another, round after round."""

import json
import tempfile
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import asdict, dataclass, field
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

from load_tests import servers, tables, wrk
from load_tests.figures import Spread
from load_tests.gateways import WAYS, Opened, Site, Way
from load_tests.paths import MODELS, WRK_BODIES
from load_tests.processes import Cores, Server
from load_tests.servers import Setup

TOKEN = "the-token-of-a-comparison"  # noqa: S105 - of servers that live for a minute
# What the issue of the gateway asks for: milliseconds of the median at one connection.
MOST_OVER = {"direct": 0.30, "bare": 0.10}
_JSON = {"content-type": "application/json"}


@dataclass(frozen=True)
class Options:
    """How to compare."""

    rounds: int = 9
    seconds: int = 1
    connections: int = 32
    ways: tuple[Way, ...] = WAYS
    models: Path = MODELS
    command: tuple[str, ...] = servers.SERVICE
    scratch: Path | None = None


@dataclass(frozen=True)
class Sight:
    """One way in one round: percentiles in ms at one connection and under load, and the gateway's CPU under load."""

    way: str
    number: int
    alone_ms: dict[str, float]
    loaded_ms: dict[str, float]
    requests_per_second: float
    gateway_cpu_microseconds: float | None
    gateway_rss_bytes: int | None
    problems: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Comparison:
    """All rounds, in the order in which they ran."""

    cores: str
    ways: tuple[Way, ...]
    sights: list[Sight]

    def of(self, key: str) -> list[Sight]:
        """The rounds of one way."""
        return [sight for sight in self.sights if sight.way == key]

    def added(self, key: str, base: str, percentile: str = "p50") -> Spread:
        """Milliseconds that a way adds to another at one connection, each round by itself."""
        pairs = zip(self.of(key), self.of(base), strict=True)
        return Spread.of([one.alone_ms[percentile] - other.alone_ms[percentile] for one, other in pairs])

    @property
    def problems(self) -> list[str]:
        """What was wrong, with where."""
        return [f"{one.way}, round {one.number}: {problem}" for one in self.sights for problem in one.problems]


def compare(options: Options, say: Callable[[str], None]) -> Comparison:
    """Run every way, round after round; the service and the gateways share one core, wrk has the other.

    Raises:
        ProcessError: if a server does not start or dies.
        WrkError: if wrk is missing or fails.
        GatewayError: if a gateway does not refuse what it should.
    """
    cores = Cores.split()
    say(cores.note)
    with (
        cores.as_client(),
        tempfile.TemporaryDirectory(prefix="puerta-compare-", dir=options.scratch) as name,
        ExitStack() as stack,
    ):
        folder = Path(name)
        setup = Setup(folder / "service", options.models, options.command, settings={"PUERTA_GATEWAY_TOKEN": TOKEN})
        service = stack.enter_context(Server(servers.service(setup), folder / "service", cores))
        doors: dict[str, tuple[Server, str]] = {}
        for way in options.ways:
            opened = Opened(service.launch)
            server = service
            if way.open is not None:
                opened = way.open(Site(service.launch.port, TOKEN, folder / way.key))
                server = stack.enter_context(Server(opened.launch, folder / way.key, cores))
            require_refusals(way, opened)
            doors[way.key] = server, opened.key
        sights = []
        for number in range(1, options.rounds + 1):
            for way in options.ways:
                server, key = doors[way.key]
                sights.append(_look(way, number, server, key, options))
            say(f"round {number}/{options.rounds}  " + _progress(sights[-len(options.ways) :]))
    return Comparison(cores.note, options.ways, sights)


class GatewayError(RuntimeError):
    """A gateway that lets in whom it should not, or keeps out whom it should let in."""


def require_refusals(way: Way, opened: Opened) -> None:
    """A way that checks a key must refuse without one and answer with it, or its figures say nothing.

    Raises:
        GatewayError: otherwise.
    """
    expected = {opened.key: 200} | ({"": 401, "not-" + opened.key: 400} if opened.key else {})
    body = WRK_BODIES.read_bytes().splitlines()[0]
    for key, status in expected.items():
        connection = HTTPConnection("127.0.0.1", opened.launch.port, timeout=10)
        try:
            connection.request("POST", servers.PREDICT, body, _JSON | ({"x-api-key": key} if key else {}))
            came = connection.getresponse().status
        finally:
            connection.close()
        if came != status:
            raise GatewayError(f"{way.title}: {came} came {'with' if key else 'without'} a key, expected {status}")


def _look(way: Way, number: int, server: Server, key: str, options: Options) -> Sight:
    url = server.url + servers.PREDICT
    headers = (f"x-api-key: {key}",) if key else ()
    alone = wrk.run(url, WRK_BODIES, connections=1, seconds=options.seconds, headers=headers)
    before = server.usage()
    loaded = wrk.run(url, WRK_BODIES, connections=options.connections, seconds=options.seconds, headers=headers)
    after = server.usage()
    used = (after.cpu_seconds - before.cpu_seconds) * 1e6 / max(1, loaded.requests)
    return Sight(
        way=way.key,
        number=number,
        alone_ms=alone.latency_ms,
        loaded_ms=loaded.latency_ms,
        requests_per_second=loaded.requests_per_second,
        gateway_cpu_microseconds=None if way.open is None else used,
        gateway_rss_bytes=None if way.open is None else after.rss_bytes,
        problems=[*alone.problems(), *loaded.problems()],
    )


HEAD = ("", "p50 ms", "over direct", "over bare routing", "p99 ms", "CPU us", "requests/CPU s", "RSS MB", "checks")


def rows(comparison: Comparison) -> list[list[str]]:
    """One line a way: the median at one connection and what it adds; the gateway's own CPU under load."""
    return [_row(comparison, way) for way in comparison.ways]


def _row(comparison: Comparison, way: Way) -> list[str]:
    own = comparison.of(way.key)
    keys = {other.key for other in comparison.ways}
    cpu = [sight.gateway_cpu_microseconds for sight in own if sight.gateway_cpu_microseconds is not None]
    rss = [sight.gateway_rss_bytes for sight in own if sight.gateway_rss_bytes is not None]
    return [
        way.title,
        f"{Spread.of([sight.alone_ms['p50'] for sight in own]).median:.3f}",
        _added(comparison, way.key, "direct") if "direct" in keys - {way.key} else "",
        _added(comparison, way.key, "bare") if "bare" in keys and way.key not in {"direct", "bare"} else "",
        f"{Spread.of([sight.alone_ms['p99'] for sight in own]).median:.3f}",
        f"{Spread.of(cpu).median:.0f}" if cpu else "",
        f"{1e6 / Spread.of(cpu).median:,.0f}" if cpu else "",
        f"{Spread.of(rss).median / 1e6:.0f}" if rss else "",
        way.checks,
    ]


def _added(comparison: Comparison, key: str, base: str) -> str:
    spread = comparison.added(key, base)
    text = f"{spread.median:+.3f} ({spread.low:+.3f} to {spread.high:+.3f})"
    if key == "policy":
        text += " met" if spread.median <= MOST_OVER[base] else f" over {MOST_OVER[base]:.2f}"
    return text


def page(comparison: Comparison, machine: dict[str, str]) -> str:
    """The comparison as Markdown."""
    parts = [
        "# What the gateway costs",
        "What these figures mean is told in [the README](../README.md).",
        tables.markdown(HEAD, rows(comparison)),
        (
            f"- medians of {len(comparison.of(comparison.ways[0].key))} interleaved rounds, differences within a round, the "
            "lowest and the highest in brackets; the service and the gateways on one core, wrk on the other\n"
            "- p50 and p99 at one connection; CPU of the gateway's own process, under load\n"
            "- every status 2xx; before, each gateway that checks a key was seen to refuse none and a wrong one"
        ),
        "![The comparison as a plot](gateway.png)",
        tables.markdown(("", "measured on"), list(machine.items())),
    ]
    return "\n\n".join(parts) + "\n"


def document(comparison: Comparison, machine: dict[str, str]) -> dict[str, Any]:
    """Everything as plain data."""
    return {
        "machine": machine,
        "cores": comparison.cores,
        "rounds": [asdict(sight) for sight in comparison.sights],
        "problems": comparison.problems,
    }


def write(comparison: Comparison, machine: dict[str, str], folder: Path) -> list[Path]:
    """Write ``gateway.json``, ``gateway.md`` and ``gateway.png`` into a folder, and name them."""
    from load_tests import plots

    folder.mkdir(parents=True, exist_ok=True)
    paths = [folder / f"gateway.{suffix}" for suffix in ("json", "md", "png")]
    paths[0].write_text(json.dumps(document(comparison, machine), indent=2) + "\n", encoding="utf-8")
    paths[1].write_text(page(comparison, machine), encoding="utf-8")
    plots.gateways(comparison, machine, paths[2])
    return paths


def _progress(sights: Sequence[Sight]) -> str:
    return ", ".join(f"{sight.way} {sight.alone_ms['p50']:.3f} ms" for sight in sights)
