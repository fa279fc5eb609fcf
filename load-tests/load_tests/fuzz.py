"""A storm of random requests: no 5xx, no broken connection, no growth, and every refusal says why in one shape."""

import asyncio
import json
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

import uvloop

from load_tests import bodies, figures, flights, oracle, servers
from load_tests.cases import Case, Cases
from load_tests.connection import Answer, BrokenError, Connection
from load_tests.oracle import Oracle
from load_tests.paths import MODELS
from load_tests.processes import Cores, ProcessError, Server
from load_tests.sampling import ask
from load_tests.servers import Setup

MOST_BYTES = 1 << 16
GROWTH_BYTES = 8_000_000
PROBLEM = "application/problem+json"
GOOD = "(as it should be)"
_SAMPLES = 60
_SHOWN = 3
_SAY_SECONDS = 2.0
_ANSWER_SECONDS = 30.0


@dataclass(frozen=True)
class Options:
    """How to run the storm; ``only`` sends the one case of that number."""

    requests: int = 1_000_000
    connections: int = 16
    seed: int = bodies.SEED
    only: int | None = None
    models: Path = MODELS
    command: tuple[str, ...] = servers.SERVICE
    scratch: Path | None = None


@dataclass
class Storm:
    """What came back: answers by mutation and status, resident memory on the way, and what was wrong."""

    statuses: Counter[tuple[str, int]] = field(default_factory=Counter)
    sent: int = 0
    seconds: float = 0.0
    rss: list[tuple[int, int]] = field(default_factory=list)
    failed: int = 0
    kinds: Counter[str] = field(default_factory=Counter)
    problems: list[str] = field(default_factory=list)

    @property
    def growth_bytes(self) -> float:
        """Growth of the resident memory after the first quarter, which warms up, along the line through the samples."""
        settled = self.rss[len(self.rss) // 4 :]
        return figures.slope(settled) * (settled[-1][0] - settled[0][0]) if settled else 0.0

    def fail(self, problem: str, kind: str) -> None:
        """Count a failure, and keep the first few of its kind in words."""
        self.failed += 1
        self.kinds[kind] += 1
        if self.kinds[kind] <= _SHOWN:
            self.problems.append(problem)


def run(options: Options, say: Callable[[str], None]) -> Storm:
    """Start a service and send it every case of the seed.

    Raises:
        ProcessError: if the service does not start.
    """
    cores = Cores.split()
    with cores.as_client(), tempfile.TemporaryDirectory(prefix="puerta-fuzz-", dir=options.scratch) as name:
        folder = Path(name)
        oracles = [
            Oracle(oracle.newest(options.models, model)) for model in (servers.DEFAULT_MODEL, servers.ONE_HOT_MODEL)
        ]
        cases = Cases(options.seed, [known.manifest for known in oracles], flights.read(), MOST_BYTES)
        settings = {"PUERTA_MAX_BODY_BYTES": str(MOST_BYTES)}
        setup = Setup(folder, options.models, options.command, settings=settings)
        if options.only is not None:
            say(repr(cases[options.only].request))
        with Server(servers.service(setup), folder, cores) as server:
            with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
                storm = runner.run(_Fuzzer(server, cases, options, say).run())
            if server.process.poll() is not None:
                storm.fail(f"the service ended with {server.process.returncode}", "ended")
            else:
                _still_right(server, oracles[0], storm)
    if storm.growth_bytes > GROWTH_BYTES:
        storm.fail(f"it grew by {storm.growth_bytes / 1e6:.1f} MB, expected at most {GROWTH_BYTES / 1e6:.0f}", "grew")
    return storm


def table(storm: Storm) -> tuple[list[str], list[list[str]]]:
    """Answers by mutation and status, as the head and the rows of a table; a request may bear several mutations."""
    statuses = sorted({status for _, status in storm.statuses})
    mutations = sorted({mutation for mutation, _ in storm.statuses})
    head = ["mutation", *(str(status) for status in statuses)]
    return head, [[name, *(f"{storm.statuses[name, status]:,}" for status in statuses)] for name in mutations]


def summary(storm: Storm, seed: int) -> str:
    """The storm in one line."""
    rate = storm.sent / max(storm.seconds, 1e-9)
    return (
        f"{storm.sent:,} requests of seed {seed} in {storm.seconds:.0f} s ({rate:,.0f}/s), {storm.failed:,} failures; "
        f"resident memory {storm.growth_bytes / 1e6:+.2f} MB after warming up"
    )


def wrong(case: Case, answer: Answer) -> str | None:
    """Say what is wrong with an answer, or None."""
    if answer.status in range(200, 300):
        return None
    if answer.status not in range(400, 500):
        expected = "2xx or 4xx"
    elif not case.mutations:
        expected = "2xx, because it is a good request"
    elif answer.headers.get("content-type", "").partition(";")[0] != PROBLEM:
        expected = PROBLEM
    elif _status_in(answer.body) != answer.status:
        expected = "JSON with that status"
    else:
        return None
    return f"was answered {answer.status}, expected {expected}: {answer.body[:200]!r}"


def _status_in(body: bytes) -> Any:
    try:
        said = json.loads(body)
    except ValueError:
        return None
    return said.get("status") if isinstance(said, dict) else None


class _Fuzzer:
    """Sends the cases over several connections, each to whichever is free."""

    def __init__(self, server: Server, cases: Cases, options: Options, say: Callable[[str], None]) -> None:
        self._server = server
        self._cases = cases
        self._numbers = iter(range(options.requests) if options.only is None else (options.only,))
        self._clients = options.connections if options.only is None else 1
        self._sample_every = max(1, options.requests // _SAMPLES)
        self._say = say
        self._said = time.monotonic()
        self._storm = Storm()

    async def run(self) -> Storm:
        """Send them all."""
        started = time.perf_counter()
        async with asyncio.TaskGroup() as clients:
            for _ in range(self._clients):
                clients.create_task(self._client())
        self._storm.seconds = time.perf_counter() - started
        return self._storm

    async def _client(self) -> None:
        connection: Connection | None = None
        for number in self._numbers:
            case = self._cases[number]
            try:
                if connection is None:
                    connection = await Connection.open(self._server.launch.port)
            except OSError as error:
                self._storm.fail(f"{_named(case)} could not be sent: {error}", "not sent")
                return
            answer = await self._ask(connection, case)
            if answer is None or answer.closes:
                await connection.close()
                connection = None
            self._storm.sent += 1
            if self._storm.sent % self._sample_every == 0:
                self._sample()
        if connection is not None:
            await connection.close()

    async def _ask(self, connection: Connection, case: Case) -> Answer | None:
        """Send one case and judge the answer; None where there was none."""
        try:
            async with asyncio.timeout(_ANSWER_SECONDS):
                answer = await connection.ask(case.request)
        except BrokenError as error:
            self._storm.fail(f"{_named(case)} broke the connection: {error}", f"broken {case.route}")
            return None
        except TimeoutError:
            self._storm.fail(f"{_named(case)} was not answered in {_ANSWER_SECONDS:.0f} s", f"late {case.route}")
            return None
        for mutation in case.mutations or (GOOD,):
            self._storm.statuses[mutation, answer.status] += 1
        problem = wrong(case, answer)
        if problem:
            self._storm.fail(f"{_named(case)} {problem}", f"{case.route} {answer.status}")
        return answer

    def _sample(self) -> None:
        try:
            rss = self._server.usage().rss_bytes
        except ProcessError:
            return  # the connections break, which is told
        self._storm.rss.append((self._storm.sent, rss))
        if time.monotonic() - self._said > _SAY_SECONDS:
            self._said = time.monotonic()
            self._say(f"{self._storm.sent:>10,} requests: {rss / 1e6:.1f} MB, {self._storm.failed:,} failures")


def _named(case: Case) -> str:
    return f"case {case.number} ({case.route}: {', '.join(case.mutations) or 'good'})"


def _still_right(server: Server, known: Oracle, storm: Storm) -> None:
    """After the storm, a good request must get the right answer."""
    rows = [bodies.instance(flight, known.manifest) for flight in flights.read().draw(16, bodies.SEED)]
    connection = HTTPConnection("127.0.0.1", server.launch.port, timeout=30)
    try:
        difference = known.disagreement(rows, ask(connection, servers.PREDICT, 0, bodies.encode(rows)).answer)
    except OSError as error:
        difference = str(error)
    finally:
        connection.close()
    if difference:
        storm.fail(f"after the storm: {difference}", "after")
