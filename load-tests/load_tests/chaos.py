"""Ending a service under load: SIGKILL must lose no answered prediction, SIGTERM must fail no request."""

import asyncio
import random
import signal
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from load_tests import bodies, events, flights, oracle, servers
from load_tests.bodies import Instance
from load_tests.connection import BrokenError, Connection, post
from load_tests.oracle import Oracle
from load_tests.paths import MODELS
from load_tests.processes import STOP_SECONDS, Server, get
from load_tests.servers import Setup

DRAIN_SECONDS = 1.0
OPEN_SEGMENTS = "*.open"


@dataclass(frozen=True)
class Options:
    """How to run the rounds; ``think_seconds`` is the pause of the idler half of the clients in a SIGTERM round."""

    rounds: int = 10
    connections: int = 8
    seconds: float = 2.0  # of load before the signal, give or take a half, so that it falls anywhere
    think_seconds: float = 0.05
    models: Path = MODELS
    command: tuple[str, ...] = servers.SERVICE
    scratch: Path | None = None
    seed: int = bodies.SEED


@dataclass(frozen=True)
class Round:
    """One round: ids that were answered with 200, how many of them the log lacks, and what went wrong."""

    signal: str
    number: int
    answered: int
    lost: int
    logged: int
    torn: int
    problems: list[str] = field(default_factory=list)


@dataclass
class _Seen:
    """What the clients of one round saw."""

    answered: set[str] = field(default_factory=set)
    errors: list[str] = field(default_factory=list)
    killed: bool = False  # from here on, a broken connection is what was to be expected


def run(options: Options, say: Callable[[Round], None]) -> list[Round]:
    """Run the SIGKILL rounds, then as many SIGTERM rounds, each with a fresh service and log.

    Raises:
        ProcessError: if a service does not start.
    """
    rounds = []
    instances = _instances(options)
    with tempfile.TemporaryDirectory(prefix="puerta-chaos-", dir=options.scratch) as name:
        for number in range(1, options.rounds + 1):
            rounds.append(kill_round(options, number, instances, Path(name) / f"kill-{number}"))
            say(rounds[-1])
        for number in range(1, options.rounds + 1):
            rounds.append(drain_round(options, number, instances, Path(name) / f"term-{number}"))
            say(rounds[-1])
    return rounds


def table(rounds: list[Round]) -> tuple[list[str], list[list[str]]]:
    """One row per round, as the head and the rows of a table."""
    head = ["", "round", "answered", "lost", "in the log", "torn lines", "verdict"]
    return head, [
        [
            one.signal,
            str(one.number),
            f"{one.answered:,}",
            f"{one.lost:,}",
            f"{one.logged:,}",
            str(one.torn),
            f"{len(one.problems)} problems" if one.problems else "good",
        ]
        for one in rounds
    ]


def kill_round(options: Options, number: int, instances: list[Instance], folder: Path) -> Round:
    """Kill the service under load; every id that a client read a 200 for must be in the log."""
    setup = Setup(folder, options.models, options.command)
    with Server(servers.service(setup), folder) as server:
        seen = asyncio.run(_load_until(server, signal.SIGKILL, options, number, instances))
        server.wait()
    problems = [*seen.errors, *_too_few(seen, options)]
    return _judged("SIGKILL", number, seen, setup.events, problems)


def drain_round(options: Options, number: int, instances: list[Instance], folder: Path) -> Round:
    """Terminate the service under load; every request that was sent must be answered, and the exit be 0."""
    settings = {"PUERTA_DRAIN_SECONDS": str(DRAIN_SECONDS)}
    setup = Setup(folder, options.models, options.command, settings=settings)
    with Server(servers.service(setup), folder) as server:
        seen = asyncio.run(_load_until(server, signal.SIGTERM, options, number, instances))
        code = server.wait()
    problems = [*seen.errors, *_too_few(seen, options)]
    if code != 0:
        problems.append(f"exit code {code}, expected 0")
    problems += [f"{path.name} was left open" for path in setup.events.glob(OPEN_SEGMENTS)]
    return _judged("SIGTERM", number, seen, setup.events, problems)


async def _load_until(
    server: Server, number: signal.Signals, options: Options, round_number: int, instances: list[Instance]
) -> _Seen:
    """Load the service from several connections, send it the signal, and go on until every client has stopped."""
    dice = random.Random(f"{options.seed} {number} {round_number}")  # noqa: S311 - when to strike, no secret
    seen = _Seen()
    before = options.seconds * dice.uniform(0.5, 1.5)
    try:
        async with asyncio.timeout(before + DRAIN_SECONDS + STOP_SECONDS), asyncio.TaskGroup() as clients:
            for client in range(options.connections):
                # Some clients never pause, others sit idle on an open connection most of the time.
                pause = options.think_seconds if number == signal.SIGTERM and client % 2 else 0.0
                clients.create_task(_client(server, f"c{client}", instances, pause, seen))
            await asyncio.sleep(before)
            seen.killed = number == signal.SIGKILL
            server.send(number)
            if number == signal.SIGTERM:
                await _becomes_unready(server, seen)
    except TimeoutError:
        seen.errors.append(f"clients were still served {STOP_SECONDS:.0f} s after the drain should have ended")
    return seen


async def _client(server: Server, name: str, instances: list[Instance], pause: float, seen: _Seen) -> None:
    """Ask over one connection until the server announces its end or, where it was killed, the connection breaks."""
    connection = await Connection.open(server.launch.port)
    try:
        for ids, request in _requests(name, instances):
            answer = await connection.ask(request)
            if answer.status == 200:  # noqa: PLR2004 - HTTP's own OK
                seen.answered.update(ids)
            else:
                seen.errors.append(f"{name} was answered {answer.status}: {answer.body[:120]!r}")
            if answer.closes:
                return
            await asyncio.sleep(pause)
    except BrokenError as error:
        if not seen.killed:
            seen.errors.append(f"{name} sent a request that was not answered: {error}")
    finally:
        await connection.close()


def _requests(name: str, instances: list[Instance]) -> Iterator[tuple[list[str], bytes]]:
    """Requests of one to five rows without end, each row with an id of its own."""
    number = 0
    while True:
        rows = number % 5 + 1
        ids = [f"{name}-{number}-{row}" for row in range(rows)]
        chosen = [instances[(number + row) % len(instances)] for row in range(rows)]
        yield ids, post(servers.PREDICT, bodies.encode(chosen, ids))
        number += 1


async def _becomes_unready(server: Server, seen: _Seen) -> None:
    """Within half of the drain, the service must say 503 to whoever asks whether it is ready."""
    limit = time.monotonic() + DRAIN_SECONDS / 2
    status: int | None = 200
    while status == 200 and time.monotonic() < limit:  # noqa: PLR2004 - HTTP's own OK
        await asyncio.sleep(0.02)
        status = await asyncio.to_thread(get, server.launch.port, servers.READY)
    if status != 503:  # noqa: PLR2004 - HTTP's own Service Unavailable
        seen.errors.append(f"{servers.READY} said {status} while it drained, expected 503")


def _too_few(seen: _Seen, options: Options) -> list[str]:
    """A round in which nothing was answered would prove nothing."""
    least = options.connections
    return (
        []
        if len(seen.answered) >= least
        else [f"only {len(seen.answered)} predictions answered, expected {least} at least"]
    )


def _judged(name: str, number: int, seen: _Seen, folder: Path, problems: list[str]) -> Round:
    log = events.read(folder)
    lost = seen.answered - log.ids.keys()
    twice = sum(1 for count in log.ids.values() if count > 1)
    if lost:
        problems.append(f"{len(lost)} answered predictions are not in the log, {min(lost)} for one")
    if twice:
        problems.append(f"{twice} predictions are in the log more than once")
    return Round(name, number, len(seen.answered), len(lost), sum(log.ids.values()), log.torn, problems)


def _instances(options: Options) -> list[Instance]:
    known = Oracle(oracle.newest(options.models, servers.DEFAULT_MODEL))
    return [bodies.instance(flight, known.manifest) for flight in flights.read().draw(bodies.DIFFERENT, options.seed)]
