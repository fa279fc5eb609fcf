"""The benchmark: every contender in turn, round after round, each in a fresh process with the cores to itself."""

import math
import shutil
import tempfile
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from http.client import HTTPConnection
from pathlib import Path

from load_tests import bodies, ceiling, events, flights, oracle, servers, wrk
from load_tests.bodies import Instance
from load_tests.contenders import CONTENDERS, Contender
from load_tests.measurement import Measurement
from load_tests.oracle import Oracle
from load_tests.paths import MODELS
from load_tests.processes import Cores, ProcessError, Server
from load_tests.protocols import PUERTA
from load_tests.sampling import Sample, Sampler, ask
from load_tests.servers import Setup
from load_tests.startup import await_answer
from load_tests.traces import Receiver

WARM_SECONDS = 1
TRACE_RATIO = 0.01


@dataclass(frozen=True)
class Options:
    """How to run the benchmark."""

    seconds: int = 10
    rounds: int = 3
    connections: int = 32
    contenders: tuple[Contender, ...] = CONTENDERS
    models: Path = MODELS
    model: str = servers.DEFAULT_MODEL
    command: tuple[str, ...] = servers.SERVICE
    application: str = servers.APPLICATION
    scratch: Path | None = None  # where the event logs lie while a round runs; None: the system's temporary folder


@dataclass(frozen=True)
class Round:
    """What one contender did in one round. ``problems`` is empty when every answer was right and logged."""

    contender: str
    number: int
    rows_per_request: int
    wrk: Measurement
    server_cpu_seconds: float
    rss_bytes: int
    samples: int
    rows_answered: int
    events_logged: int | None = None
    traces_received: int | None = None
    problems: list[str] = field(default_factory=list)
    first_answer_seconds: float | None = None  # from exec

    @property
    def answered(self) -> int:
        """Requests answered while wrk measured: wrk's own and the sampler's."""
        return self.wrk.requests + self.samples

    @property
    def requests_per_second(self) -> float:
        """Requests that wrk got answered, per second."""
        return self.wrk.requests_per_second

    @property
    def rows_per_second(self) -> float:
        """Rows that wrk got answered, per second."""
        return self.requests_per_second * self.rows_per_request

    @property
    def rows_per_cpu_second(self) -> float:
        """Rows answered for each second of CPU that the server used."""
        return self.answered * self.rows_per_request / max(self.server_cpu_seconds, 1e-9)

    @property
    def cpu_microseconds(self) -> float:
        """The server's CPU time for one request, kernel included."""
        return self.server_cpu_seconds * 1e6 / max(self.answered, 1)

    @property
    def server_cpu_share(self) -> float:
        """The part of one core that the server used."""
        return self.server_cpu_seconds / self.wrk.seconds

    @property
    def client_cpu_share(self) -> float:
        """The part of one core that wrk used; near 1, the client was the limit and the figure is too low."""
        return self.wrk.client_cpu_seconds / self.wrk.seconds


@dataclass(frozen=True)
class Result:
    """All rounds of a run, in the order in which they ran, and why contenders were left out, by key."""

    cores: str
    answer_bytes: int
    contenders: tuple[Contender, ...]
    rounds: list[Round]
    left_out: dict[str, str] = field(default_factory=dict)

    @property
    def problems(self) -> list[str]:
        """What was wrong, with where."""
        return [f"{one.contender}, round {one.number}: {problem}" for one in self.rounds for problem in one.problems]


@dataclass(frozen=True)
class _Prepared:
    """A load as it is sent: the instances, the same as bodies, and the file of them for wrk."""

    instances: list[list[Instance]]
    bodies: list[bytes]
    file: Path


class Benchmark:
    """One run of the benchmark in a folder of its own, which is removed at the end."""

    def __init__(self, options: Options, say: Callable[[str], None]) -> None:
        self._options = options
        self._say = say
        self._cores = Cores.split()
        self._oracle = Oracle(oracle.newest(options.models, options.model))

    def run(self) -> Result:
        """Run all rounds.

        Raises:
            ProcessError: if a server of our own does not start or dies.
            WrkError: if wrk is missing or fails.
        """
        self._say(self._cores.note)
        options = self._options
        rounds = []
        left_out: dict[str, str] = {}
        scratch = tempfile.TemporaryDirectory(prefix="puerta-benchmark-", dir=options.scratch)
        with self._cores.as_client(), scratch as name:
            folder = Path(name)
            loads = {one.key: self._prepare(one, folder) for one in options.contenders}
            size = self._answer_bytes(folder, loads)
            for number in range(1, options.rounds + 1):
                for contender in options.contenders:
                    if contender.key in left_out:
                        continue
                    try:
                        one = self._round(contender, number, loads[contender.key], size, folder)
                    except ProcessError as error:
                        if not contender.foreign:
                            raise
                        left_out[contender.key] = str(error)
                        self._say(f"left out: {contender.title}: {error}")
                        continue
                    rounds.append(one)
                    self._say(_progress(one, contender, options.rounds))
        there = tuple(one for one in options.contenders if one.key not in left_out)
        kept = [one for one in rounds if one.contender not in left_out]
        return Result(self._cores.note, size, there, kept, left_out)

    def _prepare(self, contender: Contender, folder: Path) -> _Prepared:
        load = contender.load
        drawn = bodies.batches(flights.read(), self._oracle.manifest, rows=load.rows, count=load.different)
        encoded = [contender.protocol.encode(rows) for rows in drawn]
        return _Prepared(drawn, encoded, bodies.write(folder / f"{contender.key}.jsonl", bodies.lines(encoded)))

    def _setup(self, folder: Path, receiver: Receiver) -> Setup:
        options = self._options
        settings = {
            "PUERTA_DEFAULT_MODEL": options.model,
            "PUERTA_OTLP_ENDPOINT": receiver.endpoint,
            "PUERTA_TRACE_RATIO": str(TRACE_RATIO),
        }
        return Setup(folder, options.models, options.command, options.application, settings)

    def _answer_bytes(self, folder: Path, loads: dict[str, _Prepared]) -> int:
        """Ask the service once, so that the ceiling's constant is as long as a real answer."""
        body = PUERTA.encode(next(iter(loads.values())).instances[0][:1])
        with (
            Receiver() as receiver,
            Server(servers.service(self._setup(folder / "size", receiver)), folder / "size") as server,
        ):
            connection = HTTPConnection("127.0.0.1", server.launch.port, timeout=30)
            try:
                sample = ask(connection, PUERTA.path, 0, body)
            finally:
                connection.close()
        if sample.status != 200:  # noqa: PLR2004 - HTTP's own OK
            raise ProcessError(f"the service answered {sample.status} to a good request: {sample.answer[:200]!r}")
        return len(sample.answer)

    def _round(self, contender: Contender, number: int, load: _Prepared, size: int, parent: Path) -> Round:
        options = self._options
        connections = contender.load.connections or options.connections
        folder = parent / f"{contender.key}-{number}"
        with ExitStack() as stack:
            receiver = stack.enter_context(Receiver())
            setup = self._setup(folder, receiver)
            server = stack.enter_context(Server(contender.launch(setup, size), folder, self._cores))
            if contender.foreign:
                stack.callback(server.end)
            path = contender.protocol.path
            url = server.url + path
            first_answer = await_answer(server, path, load.bodies[0])
            warm = wrk.run(url, load.file, connections=connections, seconds=WARM_SECONDS)
            before = server.usage()
            with Sampler(server.launch.port, path, load.bodies) as sampler:
                measured = wrk.run(url, load.file, connections=connections, seconds=options.seconds)
            after = server.usage()
            if not contender.foreign:
                server.stop()
            problems = [*warm.problems(), *measured.problems(), *sampler.failures]
            problems += self._wrong_samples(contender, load, sampler.samples, size)
            # One answer more: the first of all.
            answered = (1 + warm.requests + measured.requests + len(sampler.samples)) * contender.load.rows
            logged = traced = None
            if not (contender.bare or contender.foreign):
                logged, traced = events.count_lines(setup.events), receiver.count.traces
                # wrk hangs up with at most one request in flight on each connection, in each of its two runs.
                in_flight = 2 * connections * contender.load.rows
                problems += incomplete_log(logged, answered, in_flight)
                problems += untraced(traced, answered // contender.load.rows)
        shutil.rmtree(folder)
        return Round(
            contender=contender.key,
            number=number,
            rows_per_request=contender.load.rows,
            wrk=measured,
            server_cpu_seconds=after.cpu_seconds - before.cpu_seconds,
            rss_bytes=after.rss_bytes,
            samples=len(sampler.samples),
            rows_answered=answered,
            events_logged=logged,
            traces_received=traced,
            problems=problems,
            first_answer_seconds=first_answer,
        )

    def _wrong_samples(self, contender: Contender, load: _Prepared, samples: Sequence[Sample], size: int) -> list[str]:
        if not samples:
            return ["no sample was answered, expected at least one"]
        wrong = [f"a sample was answered {sample.status}" for sample in samples if sample.status != 200]  # noqa: PLR2004 - HTTP's own OK
        right = [sample for sample in samples if sample.status == 200]  # noqa: PLR2004 - HTTP's own OK
        if contender.bare:
            constant = ceiling.answer(size)
            return wrong + ["the ceiling's answer is not its constant" for sample in right if sample.answer != constant]
        differs = contender.protocol.disagreement
        found = [differs(self._oracle, load.instances[sample.index], sample.answer) for sample in right]
        return wrong + [f"a wrong answer: {difference}" for difference in found if difference]


def incomplete_log(logged: int, answered: int, in_flight: int) -> list[str]:
    """Compare event lines with answered rows: none may be missing, and none may be there that nobody asked for."""
    if logged < answered:
        return [f"{answered - logged} of {answered} answered rows are not in the event log"]
    if logged > answered + in_flight:
        return [f"the event log has {logged} lines for {answered} answered rows and at most {in_flight} in flight"]
    return []


def untraced(traces: int, requests: int) -> list[str]:
    """Compare exported traces with the share that was asked for; half of it, or chance in a short run, is let pass."""
    expected = requests * TRACE_RATIO
    if traces < min(expected / 2, expected - 5 * math.sqrt(expected)):
        return [f"{traces} traces arrived for {requests} requests, expected about {expected:.0f}"]
    return []


def _progress(one: Round, contender: Contender, rounds: int) -> str:
    state = "; ".join(one.problems) or "all answers right"
    return f"round {one.number}/{rounds}  {contender.title}: {one.requests_per_second:,.0f} requests/s, {state}"
