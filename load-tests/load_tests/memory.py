"""Resident memory over many requests, the time to the first prediction, and what is loaded."""

import re
import tempfile
from collections.abc import Callable
from dataclasses import dataclass, field
from http.client import HTTPConnection
from pathlib import Path
from statistics import median

from load_tests import bodies, figures, flights, oracle, servers, startup, tables, wrk
from load_tests.bodies import Instance
from load_tests.oracle import Oracle
from load_tests.paths import MODELS
from load_tests.processes import Cores, Server
from load_tests.sampling import ask
from load_tests.servers import Setup

FORBIDDEN = ("pandas", "sklearn", "evidently")
LIMIT_BYTES = 100_000_000
FLAT_BYTES_PER_MILLION = 2_000_000
FIRST_ANSWER_SECONDS = 0.7
# With fewer, warming up is all that there is to see, and a slope says nothing of a million.
ENOUGH_REQUESTS = 200_000


@dataclass(frozen=True)
class Options:
    """How to measure memory."""

    requests: int = 1_000_000
    seconds: int = 2  # of load between two samples
    connections: int = 32
    starts: int = 7
    models: Path = MODELS
    command: tuple[str, ...] = servers.SERVICE
    scratch: Path | None = None


@dataclass(frozen=True)
class Sample:
    """Resident bytes after so many requests."""

    requests: int
    rss_bytes: int


@dataclass(frozen=True)
class Question:
    """Instances of a model, and the request that asks for them."""

    known: Oracle
    instances: list[Instance]

    @property
    def path(self) -> str:
        """Where it is asked."""
        return f"/v1/models/{self.known.manifest.name}/predict"

    @property
    def body(self) -> bytes:
        """How it is asked."""
        return bodies.encode(self.instances)


@dataclass(frozen=True)
class Memory:
    """What was measured; ``problems`` holds wrong answers, growth, missed limits and modules that must not be there."""

    samples: list[Sample]
    peak_bytes: int
    growth_per_million: float | None  # bytes; None after too few requests to say
    first_answers: list[float]
    modules: int
    limit_bytes: int = LIMIT_BYTES
    problems: list[str] = field(default_factory=list)

    @property
    def growth(self) -> str:
        """The growth in words."""
        if self.growth_per_million is None:
            return "too few requests to say how it grows"
        return f"{self.growth_per_million / 1e6:+.2f} MB per million requests"


def measure(options: Options, say: Callable[[str], None]) -> Memory:
    """Start a service several times, then load one instance with single flights and small batches of both models.

    Raises:
        ProcessError: if the service does not start or dies.
        WrkError: if wrk is missing or fails.
    """
    cores = Cores.split()
    say(cores.note)
    with cores.as_client(), tempfile.TemporaryDirectory(prefix="puerta-memory-", dir=options.scratch) as name:
        folder = Path(name)
        oracles = [
            Oracle(oracle.newest(options.models, model)) for model in (servers.DEFAULT_MODEL, servers.ONE_HOT_MODEL)
        ]
        questions = mixed(oracles)
        file = bodies.write(folder / "mixed.jsonl", b"".join(bodies.lines([one.body], one.path) for one in questions))
        first = bodies.encode(bodies.batches(flights.read(), oracles[0].manifest, rows=1, count=1)[0])

        def setup(part: str) -> Setup:
            return Setup(folder / part, options.models, options.command)

        first_answers = [startup.first_answer(setup(f"start-{n}"), first, cores) for n in range(options.starts)]
        say(f"first answered prediction: {median(first_answers):.3f} s after exec")
        modules = startup.imported(setup("modules"), first, cores)
        with Server(servers.service(setup("soak")), folder / "soak", cores) as server:
            samples, problems = _soak(options, server, file, say)
            problems += _disagreements(server, questions)
            peak = peak_bytes(server.process.pid) or max(sample.rss_bytes for sample in samples)
            mapped = startup.mapped_libraries(server.process.pid)
    growth = growth_per_million(samples)
    problems += judged(peak, growth, first_answers, modules | mapped)
    return Memory(samples, peak, growth, first_answers, len(modules), problems=problems)


def growth_per_million(samples: list[Sample]) -> float | None:
    """Bytes of growth for a million requests, along the line through the samples after the first quarter.

    In the first quarter allocators, caches and buffers fill. None after too few requests to say.
    """
    if samples[-1].requests < ENOUGH_REQUESTS:
        return None
    return figures.slope([(sample.requests, sample.rss_bytes) for sample in samples[len(samples) // 4 :]]) * 1e6


def judged(peak: int, growth: float | None, first_answers: list[float], loaded: set[str]) -> list[str]:
    """Say what misses the limits, in words."""
    first = median(first_answers)
    problems = [f"{name} is loaded in the process" for name in FORBIDDEN if name in loaded]
    if peak > LIMIT_BYTES:
        problems.append(f"{peak / 1e6:.1f} MB at the peak, expected at most {LIMIT_BYTES / 1e6:.0f}")
    if growth is not None and growth > FLAT_BYTES_PER_MILLION:
        problems.append(
            f"it grows by {growth / 1e6:.2f} MB in a million requests, "
            f"expected at most {FLAT_BYTES_PER_MILLION / 1e6:.0f}"
        )
    if first > FIRST_ANSWER_SECONDS:
        problems.append(f"first answer {first:.2f} s after exec, expected at most {FIRST_ANSWER_SECONDS}")
    return problems


def table(measured: Memory) -> tuple[list[str], list[list[str]]]:
    """The figures with their limits, as the head and the rows of a table."""
    first = figures.Spread.of(measured.first_answers)
    last = measured.samples[-1]
    return ["", "measured", "at most"], [
        ["requests answered", f"{last.requests:,}", ""],
        ["resident when ready, MB", f"{measured.samples[0].rss_bytes / 1e6:.1f}", ""],
        ["resident at the end, MB", f"{last.rss_bytes / 1e6:.1f}", f"{measured.limit_bytes / 1e6:.0f}"],
        ["resident at the peak, MB", f"{measured.peak_bytes / 1e6:.1f}", f"{measured.limit_bytes / 1e6:.0f}"],
        [
            "growth",
            measured.growth,
            f"{FLAT_BYTES_PER_MILLION / 1e6:+.0f} MB",
        ],
        [
            "first answer after exec, s",
            f"{first.median:.3f} ({first.low:.3f}-{first.high:.3f})",
            f"{FIRST_ANSWER_SECONDS}",
        ],
        ["top-level modules imported", str(measured.modules), ""],
    ]


def page(measured: Memory, machine: dict[str, str]) -> str:
    """The figures as a Markdown page."""
    parts = [
        "# Memory and start",
        "What these figures mean is told in [the README](../README.md).",
        tables.markdown(*table(measured)),
        "\n".join(f"- PROBLEM: {problem}" for problem in measured.problems)
        or f"No {', '.join(FORBIDDEN)} in the process; every answer right.",
        "![Resident memory against requests answered](memory.png)",
        tables.markdown(("", "measured on"), list(machine.items())),
    ]
    return "\n\n".join(parts) + "\n"


def peak_bytes(pid: int) -> int | None:
    """The highest resident memory of a process so far (VmHWM), as Linux tells, else None."""
    status = Path(f"/proc/{pid}/status")
    found = re.search(r"^VmHWM:\s+(\d+) kB$", status.read_text(), re.MULTILINE) if status.exists() else None
    return int(found.group(1)) * 1024 if found else None


def mixed(oracles: list[Oracle], different: int = bodies.DIFFERENT) -> list[Question]:
    """What the soak asks: the models in turn, of each three single flights, then a batch of 2 to 32."""
    stream = flights.read().stream(bodies.SEED)
    questions = []
    for number in range(different):
        known = oracles[number % len(oracles)]
        rows = 1 if number // len(oracles) % 4 else 2 + number % 31
        questions.append(Question(known, [bodies.instance(next(stream), known.manifest) for _ in range(rows)]))
    return questions


def _soak(options: Options, server: Server, file: Path, say: Callable[[str], None]) -> tuple[list[Sample], list[str]]:
    """Load the service until it has answered enough, or something is wrong."""
    samples = [Sample(0, server.usage().rss_bytes)]
    problems: list[str] = []
    while samples[-1].requests < options.requests and not problems:
        measured = wrk.run(server.url, file, connections=options.connections, seconds=options.seconds)
        samples.append(Sample(samples[-1].requests + measured.requests, server.usage().rss_bytes))
        say(f"{samples[-1].requests:>10,} requests: {samples[-1].rss_bytes / 1e6:.1f} MB")
        problems += measured.problems()
    return samples, problems


def _disagreements(server: Server, questions: list[Question]) -> list[str]:
    """Ask every question once more and compare: a soaked instance must still be right."""
    connection = HTTPConnection("127.0.0.1", server.launch.port, timeout=30)
    try:
        answers = [ask(connection, question.path, 0, question.body).answer for question in questions]
    finally:
        connection.close()
    found = [one.known.disagreement(one.instances, answer) for one, answer in zip(questions, answers, strict=True)]
    return [f"a wrong answer: {difference}" for difference in found if difference]
