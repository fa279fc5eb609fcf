"""The knee of a ramp: the last rate at which answers, their p99 and the throughput held."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from load_tests.scenarios.scenario import Ramp

if TYPE_CHECKING:
    from load_tests.scenarios.running import Outcome


@dataclass(frozen=True)
class Knee:
    """The rate of the last step that held, None if none did; when it ended; and why the next one did not hold."""

    rate: float | None
    until: float | None
    reasons: list[str]

    @property
    def words(self) -> str:
        """What it is, in a line."""
        if self.rate is None:
            return f"no step held: {'; '.join(self.reasons)}"
        if not self.reasons:
            return f"at least {self.rate:,.0f}/s: every step held"
        return f"{self.rate:,.0f}/s; the next step: {'; '.join(self.reasons)}"


def find(ramp: Ramp, outcomes: Sequence["Outcome"]) -> Knee:
    """Go up the steps to the first that did not hold."""
    rate = until = None
    for outcome in outcomes:
        found = reasons(ramp, outcome)
        if found:
            return Knee(rate, until, found)
        rate, until = outcome.rate, outcome.ended
    return Knee(rate, until, [])


def reasons(ramp: Ramp, outcome: "Outcome") -> list[str]:
    """Why a step did not hold; empty when it did."""
    seen = outcome.seen
    found = [*seen.problems(), *outcome.wrong]
    p99 = seen.latency_ms.get("p99")
    if p99 is not None and p99 > ramp.p99_ms:
        found.append(f"p99 {p99:,.1f} ms, at most {ramp.p99_ms:g}")
    if outcome.rate and seen.requests_per_second < ramp.follows * outcome.rate:
        found.append(f"{seen.requests_per_second:,.0f} answers a second, expected {ramp.follows:.0%} of the rate")
    return found
