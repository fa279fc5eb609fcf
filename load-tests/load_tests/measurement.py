"""What a client saw: one shape for wrk's closed loop and for the open loop at a constant rate."""

from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from typing import Any

from load_tests.histogram import Histogram

# What a client may add to what it measures before its figures say more of itself than of the server: late by a
# millisecond, or by a tenth of the latency, at the 99th percentile; and nearly all of its core used.
MOST_LAG_MS = 1.0
MOST_LAG_SHARE = 0.1
MOST_CPU_SHARE = 0.95


@dataclass(frozen=True)
class Second:
    """One second of a run.

    ``at`` is when it began (seconds since 1970), ``seconds`` how long it is: the last one is mostly shorter. Statuses and
    errors are counted when they came, latencies when their request was due; so both add up over the run, not in each
    second. wrk knows no latency by time: its histograms are empty.
    """

    at: float
    seconds: float
    statuses: dict[int, int] = field(default_factory=dict)
    errors: int = 0
    histogram: Histogram = field(default_factory=Histogram)

    @property
    def requests_per_second(self) -> float:
        """Answers per second."""
        return sum(self.statuses.values()) / self.seconds


@dataclass(frozen=True)
class Pace:
    """Whether an open loop asked when it meant to: ``lag_ms`` is how late the client itself was (p50, p99, max, ...).

    A request that waits for a free connection is not the client's lag, it is the server's latency. ``realtime`` says
    whether the kernel let it come before every other program.
    """

    rate: float
    arrivals: str
    scheduled: int
    unsent: int
    lag_ms: dict[str, float]
    cpu_share: float
    realtime: bool = False

    def reasons(self, latency_ms: dict[str, float]) -> list[str]:
        """Why these figures are the client's and not the server's; empty when it kept up."""
        bound = max(MOST_LAG_MS, MOST_LAG_SHARE * latency_ms.get("p99", 0.0))
        found = []
        if self.lag_ms.get("p99", 0.0) > bound:
            found.append(f"late by {self.lag_ms['p99']:.2f} ms at p99, bound {bound:.2f} ms")
        if self.cpu_share > MOST_CPU_SHARE:
            found.append(f"used {self.cpu_share:.0%} of a core, bound {MOST_CPU_SHARE:.0%}")
        return found


@dataclass(frozen=True)
class Measurement:
    """What one run saw.

    Latencies are in milliseconds. Of a closed loop, each connection asks again as soon as it is answered, and the time
    is from there; ``corrected_ms`` is then what wrk itself prints, with the latencies it adds for requests that a slow
    answer kept from being asked. Of an open loop (``pace`` is there) the time is from the moment at which the request
    was due, whether or not it could be sent, and ``seconds`` last until the last answer.
    """

    requests: int
    seconds: float
    bytes_read: int
    connect_errors: int
    read_errors: int
    write_errors: int
    timeouts: int
    statuses: dict[int, int]
    latency_ms: dict[str, float]
    client_cpu_seconds: float
    started: float = 0.0  # seconds since 1970
    histogram: Histogram = field(default_factory=Histogram)
    by_second: tuple[Second, ...] = ()
    pace: Pace | None = None
    corrected_ms: dict[str, float] = field(default_factory=dict)

    @property
    def requests_per_second(self) -> float:
        """Answers per second of the run."""
        return self.requests / self.seconds

    def summary(self) -> dict[str, Any]:
        """Everything but the histograms, as plain data."""
        plain = asdict(self)
        return {name: value for name, value in plain.items() if name not in {"histogram", "by_second"}}

    def problems(self) -> list[str]:
        """Everything that was no 2xx answer, in words, and a client that did not keep up."""
        return [*self._errors(), *self._pace()]

    def _errors(self) -> Iterator[str]:
        for count, what in (
            (self.connect_errors, "connections refused"),
            (self.read_errors, "connections broken while reading"),
            (self.write_errors, "connections broken while writing"),
            (self.timeouts, "timeouts"),
        ):
            if count:
                yield f"{count} {what}"
        for status, count in sorted(self.statuses.items()):
            if status not in range(200, 300):
                yield f"{count} answers {status}"
        if not self.requests:
            yield "no answer at all"

    def _pace(self) -> Iterator[str]:
        if self.pace is None:
            return
        if self.pace.unsent:
            yield f"{self.pace.unsent} of {self.pace.scheduled} requests were still waiting for a connection at the end"
        for reason in self.pace.reasons(self.latency_ms):
            yield f"the client did not keep up: {reason}"
