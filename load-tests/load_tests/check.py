"""What a request costs now, directly and through the gateway, beside the bare ASGI application in the same rounds."""

import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from http import HTTPStatus
from http.client import HTTPConnection
from pathlib import Path

from gateway_config.envoy.bootstrap import Address
from gateway_config.local import LocalGateway
from gateway_config.ports import free_port
from gateway_config.settings import Settings, read_settings
from load_tests import bodies, flights, oracle, servers, wrk
from load_tests.baseline import Cost, Measure
from load_tests.figures import Spread, ratios
from load_tests.gateways.layers import CLIENT, POLICY
from load_tests.measurement import Measurement
from load_tests.oracle import Oracle
from load_tests.paths import MODELS
from load_tests.processes import Cores, Launch, ProcessError, Server
from load_tests.servers import Setup
from load_tests.traces import Receiver

CEILING = "ceiling"
SERVICE = "service"
GATEWAY = "gateway"
PATHS = (SERVICE, GATEWAY)

TOKEN = "the-token-of-the-check"  # noqa: S105 - of servers that live as long as the check
WARM_SECONDS = 1


@dataclass(frozen=True)
class Options:
    """How to run the check. ``paths`` are some of PATHS; ``seconds`` are whole ones, of each measurement."""

    rounds: int = 5
    seconds: int = 2
    connections: int = 32
    paths: tuple[str, ...] = PATHS
    models: Path = MODELS
    command: tuple[str, ...] = servers.SERVICE
    answer_bytes: int = 150  # of the bare application's answer: about what a prediction's has
    scratch: Path | None = None


@dataclass(frozen=True)
class Look:
    """One path in one round: a request's share of the wall clock and of its servers' CPU time, in microseconds.

    The gateway's servers are Envoy and the exporter of its metrics: the service behind it has a path of its own.
    """

    path: str
    number: int
    time: float
    cpu: float
    problems: list[str]


@dataclass(frozen=True)
class Found:
    """All looks, in the order in which they were taken."""

    cores: str
    paths: tuple[str, ...]
    looks: list[Look]

    @property
    def problems(self) -> list[str]:
        """What was wrong, with where."""
        return [f"{one.path}, round {one.number}: {problem}" for one in self.looks for problem in one.problems]

    @property
    def spreads(self) -> dict[str, Mapping[Measure, Spread]]:
        """Each path's measures as parts of the ceiling's in the same round."""
        bare = [look for look in self.looks if look.path == CEILING]
        found: dict[str, Mapping[Measure, Spread]] = {}
        for path in self.paths:
            own = [look for look in self.looks if look.path == path]
            found[path] = {
                "cpu": ratios([look.cpu for look in own], [look.cpu for look in bare]),
                "time": ratios([look.time for look in own], [look.time for look in bare]),
            }
        return found

    @property
    def costs(self) -> dict[str, Cost]:
        """The medians, as a baseline keeps them."""
        return {
            path: Cost(round(both["cpu"].median, 3), round(both["time"].median, 3))
            for path, both in self.spreads.items()
        }


@dataclass(frozen=True)
class Door:
    """Where a path is asked, with which headers, and the servers whose CPU time it takes."""

    server: Server
    serving: tuple[Server, ...]
    headers: Mapping[str, str] = field(default_factory=dict)

    @property
    def cpu_seconds(self) -> float:
        """What its servers have used since they started."""
        return sum(server.usage().cpu_seconds for server in self.serving)


def measure(options: Options, say: Callable[[str], None]) -> Found:
    """Run the ceiling and the paths in turn, round after round, all servers on one core and wrk on the other.

    Raises:
        ProcessError: if a server does not start, dies, or answers otherwise than the model.
        WrkError: if wrk is missing or fails.
    """
    cores = Cores.split()
    say(cores.note)
    right = Oracle(oracle.newest(options.models, servers.DEFAULT_MODEL))
    drawn = bodies.batches(flights.read(), right.manifest, rows=1, count=bodies.DIFFERENT)
    looks: list[Look] = []
    with (
        cores.as_client(),
        tempfile.TemporaryDirectory(prefix="puerta-check-", dir=options.scratch) as name,
        _open(options, cores, Path(name)) as doors,
    ):
        asked = bodies.write(Path(name) / "flights.jsonl", bodies.lines(bodies.encode(rows) for rows in drawn))
        for path, door in doors.items():
            if path != CEILING:
                _require_right(door, drawn[0], right)
            _ask(door, asked, WARM_SECONDS, options.connections)
        for number in range(1, options.rounds + 1):
            looks += [_look(path, number, door, asked, options) for path, door in doors.items()]
            said = ", ".join(f"{one.path} {one.cpu:.1f}" for one in looks[-len(doors) :])
            say(f"round {number}/{options.rounds}  CPU of a request, us: {said}")
    return Found(cores.note, options.paths, looks)


@contextmanager
def _open(options: Options, cores: Cores, folder: Path) -> Iterator[dict[str, Door]]:
    """Everything that is asked, running; the service with the event log and traces on, as it is shipped."""
    with ExitStack() as stack:
        tracing = {"PUERTA_OTLP_ENDPOINT": stack.enter_context(Receiver()).endpoint}

        def start(launch: Launch) -> Server:
            return stack.enter_context(Server(launch, folder, cores))

        settings = {"PUERTA_GATEWAY_TOKEN": TOKEN, **tracing}
        service = start(servers.service(Setup(folder, options.models, options.command, settings=settings)))
        doors = {SERVICE: Door(service, (service,))}
        if GATEWAY in options.paths:
            launches, key = _gateway(service, settings, folder)
            gateway, exporter = (start(launch) for launch in launches)
            doors[GATEWAY] = Door(gateway, (gateway, exporter), {"x-api-key": key})
        bare = start(servers.ceiling_on_uvicorn(options.answer_bytes))
        yield {CEILING: Door(bare, (bare,)), **{path: doors[path] for path in options.paths}}


def _gateway(service: Server, settings: Mapping[str, str], folder: Path) -> tuple[tuple[Launch, Launch], str]:
    """The gateway under the shipped policy and the exporter of its metrics, to be started in that order, and a key."""
    environment = {
        **settings,
        "PUERTA_GATEWAY_PORT": str(free_port()),
        "PUERTA_GATEWAY_ADMIN_PORT": str(free_port()),
        "PUERTA_GATEWAY_METRICS_PORT": str(free_port()),
        "PUERTA_GATEWAY_WORKERS": "1",  # all on one core
        "PUERTA_GATEWAY_POLICY": str(POLICY),
        "PUERTA_STATE_DIR": str(folder),
    }
    read = read_settings(Settings, environment)
    gateway = LocalGateway.open(read, (Address("127.0.0.1", service.launch.port),))
    key = gateway.new_key(CLIENT)
    gateway.write()
    exporter = (sys.executable, "-m", "gateway_config", "metrics")
    return (
        Launch("gateway", gateway.command, {}, read.gateway_port, servers.READY),
        Launch("gateway-metrics", exporter, environment, read.gateway_metrics_port, "/metrics"),
    ), key


def _require_right(door: Door, instances: list[bodies.Instance], right: Oracle) -> None:
    """Ask once, before anything is measured: fast and wrong is no figure.

    Raises:
        ProcessError: if the answer is not the model's.
    """
    launch = door.server.launch
    connection = HTTPConnection("127.0.0.1", launch.port, timeout=10)
    try:
        said = {"content-type": "application/json", **door.headers}
        connection.request("POST", servers.PREDICT, bodies.encode(instances), said)
        answer = connection.getresponse()
        wrong = right.disagreement(instances, answer.read())
    finally:
        connection.close()
    if answer.status != HTTPStatus.OK or wrong:
        raise ProcessError(f"{launch.name} answered {answer.status} to a good request: {wrong}{door.server.tail()}")


def _ask(door: Door, asked: Path, seconds: int, connections: int) -> Measurement:
    headers = tuple(f"{name}: {value}" for name, value in door.headers.items())
    url = door.server.url + servers.PREDICT
    return wrk.run(url, asked, connections=connections, seconds=seconds, headers=headers)


def _look(path: str, number: int, door: Door, asked: Path, options: Options) -> Look:
    before = door.cpu_seconds
    measured = _ask(door, asked, options.seconds, options.connections)
    used = door.cpu_seconds - before
    requests = max(1, measured.requests)
    return Look(path, number, measured.seconds * 1e6 / requests, used * 1e6 / requests, measured.problems())
