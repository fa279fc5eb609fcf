"""What each layer of the gateway costs: the same requests on every way to the service, way after way, round by round."""

import tempfile
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from load_tests import figures, first_requests, new_connections, open_loop, servers, wrk
from load_tests.figures import Interval, Spread
from load_tests.first_requests import Firsts
from load_tests.gateways.way import Opened, Site, Way
from load_tests.gateways.ways import POLICY, WAYS
from load_tests.measurement import Measurement
from load_tests.paths import MODELS, WRK_BODIES
from load_tests.processes import Cores, Server
from load_tests.servers import Setup

TOKEN = "the-token-of-a-comparison"  # noqa: S105 - of servers that live for some minutes
ALONE = "1 connection"
AFRESH = "new connections"
WARM_SECONDS = 3
PERCENTILES = ("p50", "p90", "p99")
_TRIES = 3
_JSON = {"content-type": "application/json"}


class GatewayError(RuntimeError):
    """A gateway that lets in whom it should not, keeps out whom it should let in, or does not answer at all."""


@dataclass(frozen=True)
class Options:
    """How to compare. ``rates`` are requests a second of an open loop; they should lie below the knee."""

    rounds: int = 9
    seconds: int = 1
    connections: int = 32
    rates: tuple[int, ...] = (500, 1000, 2000)
    ways: tuple[Way, ...] = WAYS
    models: Path = MODELS
    command: tuple[str, ...] = servers.SERVICE
    scratch: Path | None = None


@dataclass(frozen=True)
class Sight:
    """One way in one round: percentiles in ms by load; what its own process used in the closed loop of many."""

    way: str
    number: int
    latency_ms: dict[str, dict[str, float]]
    requests_per_second: float | None = None
    gateway_cpu_microseconds: float | None = None
    gateway_rss_bytes: int | None = None
    problems: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Comparison:
    """All rounds, in the order in which they ran."""

    cores: str
    ways: tuple[Way, ...]
    sights: list[Sight]
    firsts: Firsts | None = None

    @property
    def loads(self) -> list[str]:
        """The loads under which percentiles were taken."""
        return list(self.sights[0].latency_ms)

    def of(self, key: str) -> list[Sight]:
        """The rounds of one way."""
        return [sight for sight in self.sights if sight.way == key]

    def latency(self, key: str, percentile: str = "p50", load: str = ALONE) -> Spread:
        """A percentile of a way in ms."""
        return Spread.of([sight.latency_ms[load][percentile] for sight in self.of(key)])

    def added(self, key: str, base: str, percentile: str = "p50", load: str = ALONE) -> Interval:
        """What a way has more of a percentile than another, in ms: each round's own difference."""
        own, others = ([sight.latency_ms[load][percentile] for sight in self.of(way)] for way in (key, base))
        return figures.paired(own, others)

    def cpu(self, key: str) -> Spread | None:
        """CPU of a gateway's own process for a request, in us; None for the direct way."""
        used = [sight.gateway_cpu_microseconds for sight in self.of(key) if sight.gateway_cpu_microseconds is not None]
        return Spread.of(used) if used else None

    @property
    def problems(self) -> list[str]:
        """What was wrong, with where."""
        found = [f"{one.way}, round {one.number}: {problem}" for one in self.sights for problem in one.problems]
        return found + ([] if self.firsts is None else self.firsts.problems)


def compare(options: Options, say: Callable[[str], None]) -> Comparison:
    """Run every way, round after round; the service and the gateways share one core, the clients have the other.

    Raises:
        ProcessError: if a server does not start or dies.
        WrkError: if wrk is missing or fails.
        OpenLoopError: if nobody listens any more, or its client failed.
        GatewayError: if a gateway does not refuse what it should, or answers nothing.
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
        _warm(Opened(service.launch, service.launch.port), WARM_SECONDS)
        firsts = None
        if any(way.key == POLICY for way in options.ways):
            at_gateway = partial(Site, service.launch.port, TOKEN)
            firsts = first_requests.measure(at_gateway, folder / "firsts", cores, options.rounds)
            say(f"first requests of a key: {options.rounds} starts and reloads")
        doors: dict[str, tuple[Server, Opened]] = {}
        for way in options.ways:
            opened, server = Opened(service.launch, service.launch.port), service
            if way.open is not None:
                opened = way.open(Site(service.launch.port, TOKEN, folder / way.key))
                server = stack.enter_context(Server(opened.launch, folder / way.key, cores))
            require_refusals(way, opened)
            _warm(opened, 1)
            doors[way.key] = server, opened
        sights = []
        for number in range(1, options.rounds + 1):
            sights += [_look(way, number, *doors[way.key], options) for way in options.ways]
            say(f"round {number}/{options.rounds}  " + progress(sights[-len(options.ways) :]))
    return Comparison(cores.note, options.ways, sights, firsts)


def require_refusals(way: Way, opened: Opened) -> None:
    """A way that checks a key must refuse without one and answer with it, or its figures say nothing.

    Raises:
        GatewayError: otherwise.
    """
    expected = {opened.key: 200} | ({"": 401, "not-" + opened.key: 400} if opened.key else {})
    body = WRK_BODIES.read_bytes().splitlines()[0]
    for key, status in expected.items():
        connection = opened.connect(10)
        try:
            connection.request("POST", servers.PREDICT, body, _JSON | ({"x-api-key": key} if key else {}))
            came = connection.getresponse().status
        finally:
            connection.close()
        if came != status:
            raise GatewayError(f"{way.title}: {came} came {'with' if key else 'without'} a key, expected {status}")


def _warm(opened: Opened, seconds: int) -> None:
    """The service goes on importing while it answers its first requests, and scripts are compiled as they run."""
    wrk.run(opened.url + servers.PREDICT, WRK_BODIES, connections=2, seconds=seconds, headers=opened.headers)


def _look(way: Way, number: int, server: Server, opened: Opened, options: Options) -> Sight:
    url, headers = opened.url + servers.PREDICT, opened.headers
    ask = partial(wrk.run, url, WRK_BODIES, seconds=options.seconds, headers=headers)
    alone = ask(connections=1)
    steady = {rate: _steady(opened, rate, options) for rate in options.rates}
    afresh = new_connections.measure(opened)
    before = server.usage()
    many = ask(connections=options.connections)
    after = server.usage()
    used = (after.cpu_seconds - before.cpu_seconds) * 1e6 / max(1, many.requests)
    loads = {ALONE: alone, **{f"{rate:,}/s": one for rate, one in steady.items()}}
    seen = {load: (one.latency_ms, one.problems()) for load, one in loads.items()} | {AFRESH: afresh}
    for load, (latency, problems) in seen.items():
        if not latency:
            raise GatewayError(f"{way.title}, round {number}, {load}: {'; '.join(problems)}")
    return Sight(
        way=way.key,
        number=number,
        latency_ms={load: {name: latency[name] for name in PERCENTILES} for load, (latency, _) in seen.items()},
        requests_per_second=many.requests_per_second,
        gateway_cpu_microseconds=None if way.open is None else used,
        gateway_rss_bytes=None if way.open is None else after.rss_bytes,
        problems=[
            *(f"{load}: {problem}" for load, (_, problems) in seen.items() for problem in problems),
            *many.problems(),
        ],
    )


def _steady(opened: Opened, rate: int, options: Options) -> Measurement:
    """An open loop. One in which the client itself was late says nothing of the way, and is run again."""
    for _ in range(_TRIES):
        one = open_loop.run(
            opened.url + servers.PREDICT,
            WRK_BODIES,
            rate=rate,
            seconds=options.seconds,
            connections=options.connections,
            headers=opened.headers,
            authority=opened.authority,
        )
        if one.pace is None or not one.pace.reasons(one.latency_ms):
            break
    return one


def progress(sights: Sequence[Sight]) -> str:
    """The medians of one round at one connection, for who waits."""
    return ", ".join(f"{sight.way} {sight.latency_ms[ALONE]['p50']:.3f}" for sight in sights) + " ms"
