"""What the benchmark compares: each contender's server, its load and what it is told as a part of."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from load_tests import servers
from load_tests.processes import Launch
from load_tests.protocols import PUERTA, PUERTA_ARRAYS, Protocol
from load_tests.servers import Setup

Measure = Literal["ratio", "rows_per_cpu_second"]


@dataclass(frozen=True)
class Load:
    """What is sent: rows of a request, how many different ones, and over how many connections."""

    key: str
    rows: int
    different: int
    connections: int | None = None  # None: as many as the benchmark's option says


@dataclass(frozen=True)
class Target:
    """What a contender should reach: a ratio to its ceiling, or rows for each CPU second of the server."""

    measure: Measure
    at_least: float


@dataclass(frozen=True)
class Contender:
    """One line of the benchmark.

    ``launch`` gives the server for a setup and the size in bytes of a one-row answer; ``ceiling`` is the key of the
    contender that this one is a part of, None where there is none; ``bare`` marks the ceilings themselves.
    ``protocol`` is how it is asked. ``foreign`` marks another project's server: it has no event log, and where it cannot
    be started it is left out and told, instead of ending the run.
    """

    key: str
    title: str
    launch: Callable[[Setup, int], Launch]
    load: Load
    ceiling: str | None = None
    target: Target | None = None
    bare: bool = False
    protocol: Protocol = PUERTA
    foreign: bool = False


SINGLE = Load("single", rows=1, different=256)
BATCH = Load("batch", rows=1000, different=16, connections=4)
BATCH_ARRAYS = Load("batch-arrays", rows=1000, different=16, connections=4)

CONTENDERS = (
    Contender(
        "ceiling",
        "bare ASGI on uvicorn",
        lambda _, size: servers.ceiling_on_uvicorn(size),
        SINGLE,
        ceiling="ceiling",
        bare=True,
    ),
    Contender(
        "shipped",
        "Puerta as shipped",
        lambda setup, _: servers.service(setup),
        SINGLE,
        ceiling="ceiling",
        target=Target("ratio", 1.0),
    ),
    Contender(
        "uvicorn",
        "Puerta's app on plain uvicorn",
        lambda setup, _: servers.application_on_uvicorn(setup),
        SINGLE,
        ceiling="ceiling",
        target=Target("ratio", 0.55),
    ),
    Contender(
        "ceiling-granian",
        "bare ASGI on granian",
        lambda _, size: servers.ceiling_on_granian(size),
        SINGLE,
        ceiling="ceiling-granian",
        bare=True,
    ),
    Contender(
        "granian",
        "Puerta's app on granian",
        lambda setup, _: servers.application_on_granian(setup),
        SINGLE,
        ceiling="ceiling-granian",
        target=Target("ratio", 0.55),
    ),
    Contender(
        "batch",
        "Puerta, 1,000 rows a request",
        lambda setup, _: servers.service(setup),
        BATCH,
        target=Target("rows_per_cpu_second", 500_000),
    ),
    Contender(
        "batch-arrays",
        "Puerta, 1,000 rows as arrays",
        lambda setup, _: servers.service(setup),
        BATCH_ARRAYS,
        target=Target("rows_per_cpu_second", 500_000),
        protocol=PUERTA_ARRAYS,
    ),
)


def choose(keys: tuple[str, ...], contenders: tuple[Contender, ...] = CONTENDERS) -> tuple[Contender, ...]:
    """The contenders of some keys with the ceilings they need, in the table's order; no key: all of them.

    Raises:
        ValueError: naming a key that there is none of.
    """
    known = {contender.key: contender for contender in contenders}
    for key in keys:
        if key not in known:
            raise ValueError(f"no contender {key!r}, expected one of {', '.join(known)}")
    wanted = set(keys) | {known[key].ceiling for key in keys}
    return tuple(contender for contender in contenders if not keys or contender.key in wanted)
