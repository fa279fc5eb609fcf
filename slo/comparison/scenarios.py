"""The traffic of the comparison, with what it truly is and who should be woken by it."""

from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from itertools import pairwise

from slo.rules import INTERVAL

HOUR = 3600  # seconds


@dataclass(frozen=True)
class Span:
    """So many seconds with so many events an hour, of which a part is bad."""

    seconds: int
    an_hour: int
    bad: Fraction = Fraction(0)


@dataclass(frozen=True)
class Traffic:
    """Counters of good and of bad events at each evaluation, from 0 on; ``silent``: then seconds without any data."""

    good: tuple[int, ...] = ()
    bad: tuple[int, ...] = ()
    silent: int = 0

    @classmethod
    def of(cls, *spans: Span, silent: int = 0) -> "Traffic":
        """Whole events, each once it is complete."""
        good, bad = [Fraction(0)], [Fraction(0)]
        for span in spans:
            came = Fraction(span.an_hour * INTERVAL, HOUR)
            for _ in range(span.seconds // INTERVAL):
                good.append(good[-1] + came * (1 - span.bad))
                bad.append(bad[-1] + came * span.bad)
        return cls(tuple(map(int, good)), tuple(map(int, bad)), silent)

    @property
    def seconds(self) -> int:
        """How long it lasts."""
        return max(len(self.good) - 1, 0) * INTERVAL + self.silent

    @property
    def error_ratio(self) -> float | None:
        """Bad events of all, counted one by one; None where there was none."""
        total = self.good[-1] + self.bad[-1] if self.good else 0
        return self.bad[-1] / total if total else None

    @property
    def trouble(self) -> int:
        """The last second before the first bad event, or else before data are missing."""
        for step, (before, after) in enumerate(pairwise(self.bad)):
            if after > before:
                return step * INTERVAL
        return self.seconds - self.silent


@dataclass(frozen=True)
class Scenario:
    """Traffic, its objective in percent, and whether it should page or open a ticket (None: that is not asked)."""

    title: str
    what: str
    traffic: Traffic
    page: bool
    ticket: bool | None
    objective: Decimal = Decimal("99.95")


def scenarios() -> tuple[Scenario, ...]:
    """What is compared, from the plain to the odd. Each ends ten good minutes after the last bad event.

    The lowest level of both is a rate of five minutes, which tells all of an event only as much later.
    """
    return (
        Scenario(
            "An outage",
            "2 hours of 10 requests/s, 10 minutes of nothing but failures, and recovery.",
            Traffic.of(Span(2 * HOUR, 36_000), Span(600, 36_000, Fraction(1)), Span(600, 36_000)),
            page=True,
            ticket=True,
        ),
        Scenario(
            "Busy and clean, then quiet and broken",
            "An hour of 100 requests/s, then 70 minutes of 1/s of which 4 % fail. The last hour burns 80 times too fast, "
            "and yet the objective is met: few were asked.",
            Traffic.of(Span(HOUR, 360_000), Span(HOUR + 600, 3600, Fraction(4, 100)), Span(600, 3600)),
            page=True,
            ticket=False,
        ),
        Scenario(
            "Quiet and clean, then busy and broken",
            "2 hours of 1 request/s, then half an hour of 100/s of which 0.2 % fail: of all that callers asked for, almost 4 "
            "times too much failed.",
            Traffic.of(Span(2 * HOUR, 3600), Span(HOUR // 2, 360_000, Fraction(2, 1000)), Span(600, 3600)),
            page=False,
            ticket=True,
        ),
        Scenario(
            "An idle hour",
            "An hour of 10 requests/s of which 0.02 % fail, an hour without any, another of 10/s.",
            Traffic.of(Span(HOUR, 36_000, Fraction(2, 10_000)), Span(HOUR, 0), Span(HOUR, 36_000)),
            page=False,
            ticket=False,
        ),
        Scenario(
            "One failure in a quiet hour",
            "12 requests an hour for 3 hours, and a single one of them fails. Nobody gets up for that.",
            Traffic.of(Span(2 * HOUR, 12), Span(300, 12, Fraction(1)), Span(HOUR - 300, 12)),
            page=False,
            ticket=False,
        ),
        Scenario(
            "A quiet service that is down",
            "4 requests an hour for 2 hours; then for three hours every one fails, for another none.",
            Traffic.of(Span(2 * HOUR, 4), Span(3 * HOUR, 4, Fraction(1)), Span(HOUR, 4)),
            page=True,
            ticket=True,
        ),
        Scenario(
            "The metric is gone",
            "An hour of 10 requests/s, then an hour in which nothing is measured.",
            Traffic.of(Span(HOUR, 36_000), silent=HOUR),
            page=True,
            ticket=None,
        ),
        Scenario(
            "No data at all",
            "A misspelt metric, or a part that was never scraped.",
            Traffic(silent=HOUR),
            page=True,
            ticket=None,
        ),
        Scenario(
            "90 %, an outage",
            "2.5 hours of 10 requests/s, then 3.75 of nothing but failures. 14.4 x 0.1 is more than 1, so the quick page (1 h) "
            "can't fire; the slow one (6 h) can, after 0.6 x 6 hours.",
            Traffic.of(Span(5 * HOUR // 2, 36_000), Span(15 * HOUR // 4, 36_000, Fraction(1)), Span(600, 36_000)),
            page=True,
            ticket=True,
            objective=Decimal(90),
        ),
        Scenario(
            "80 %, an outage",
            "An hour of 10 requests/s, then 2 of nothing but failures. 6 x 0.2 is more than 1 too: no outage, however long, "
            "can page; who asks for a page should be told.",
            Traffic.of(Span(HOUR, 36_000), Span(2 * HOUR, 36_000, Fraction(1)), Span(600, 36_000)),
            page=True,
            ticket=True,
            objective=Decimal(80),
        ),
    )
