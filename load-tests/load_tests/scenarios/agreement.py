"""Whether Prometheus counted what the clients saw: requests, 5xx, and how many were slower than the objectives' limits.

Both are taken between two moments at which nothing was under way, so they differ by what no client has seen the end of,
and by what a client adds to a latency, but not by a scrape.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from load_tests.scenarios.prometheus import Prometheus

if TYPE_CHECKING:
    from load_tests.scenarios.running import Outcome

SLOW_SECONDS = (0.4, 1.0)
_SERVER_ERRORS = range(500, 600)
_ROUTE = 'route="predict"'
# Of requests near a limit: the way to the gateway and back is on the client's side only, and its buckets are 1 % wide.
_NEAR = 0.001


@dataclass(frozen=True)
class Counts:
    """What the gateway's metrics say of a run; ``slower`` by limit in seconds."""

    requests: float | None
    server_errors: float | None
    slower: dict[float, float | None]


@dataclass(frozen=True)
class Line:
    """One figure on both sides, and by how much Prometheus may be below and above without a contradiction."""

    what: str
    clients: int
    prometheus: float | None
    below: float
    above: float

    @property
    def difference(self) -> float | None:
        """How much more Prometheus counted."""
        return None if self.prometheus is None else self.prometheus - self.clients

    @property
    def agrees(self) -> bool:
        """Whether both say the same."""
        return self.difference is not None and -self.below <= self.difference <= self.above


def count(prometheus: Prometheus, since: float, until: float) -> Counts:
    """Ask Prometheus; both moments are settled ones.

    Raises:
        PrometheusError: if it does not answer.
    """
    of_all = prometheus.counted(f"sum(gateway_request_duration_seconds_count{{{_ROUTE}}})", since, until)
    slower: dict[float, float | None] = {}
    for limit in SLOW_SECONDS:
        within = f'sum(gateway_request_duration_seconds_bucket{{{_ROUTE},le="{limit}"}})'
        fast = prometheus.counted(within, since, until)
        slower[limit] = None if of_all is None or fast is None else of_all - fast
    requests = prometheus.counted(f"sum(gateway_requests_total{{{_ROUTE}}})", since, until)
    errors = prometheus.counted(f'sum(gateway_requests_total{{{_ROUTE},code=~"5.."}})', since, until)
    return Counts(requests, errors or (None if requests is None else 0.0), slower)


def compare(counts: Counts, outcomes: Sequence["Outcome"]) -> list[Line]:
    """Each figure of both sides."""
    answered = sum(outcome.answered for outcome in outcomes)
    left = sum(outcome.left_behind for outcome in outcomes)
    errors = sum(
        seen
        for outcome in outcomes
        for one in outcome.loads
        for code, seen in one.statuses.items()
        if code in _SERVER_ERRORS
    )
    lines = [
        Line("requests", answered, counts.requests, 0, left),
        Line("answers 5xx", errors, counts.server_errors, 0, left),
    ]
    for limit, found in counts.slower.items():
        slower = sum(
            round(one.histogram.share_slower(limit) * one.requests) for outcome in outcomes for one in outcome.loads
        )
        near = _NEAR * answered
        lines.append(Line(f"slower than {limit:g} s", slower, found, left + near, left + near))
    return lines
