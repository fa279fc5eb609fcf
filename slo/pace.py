"""Pace: the same rules in less time, for tests and drills that can't wait for days."""

from dataclasses import dataclass

from slo.burn import SECONDS, seconds
from slo.promql import RATE

_LEAST_RATE = 5  # seconds: a rate needs two scrapes, and some seconds to spare


class PaceError(ValueError):
    """A pace that the durations of the rules can't take."""


@dataclass(frozen=True)
class Pace:
    """How many times faster than written every duration of the rules passes.

    Thresholds, labels and the names of records stay: ``slo:sli_error:ratio_rate1h`` is then of one minute.

    Raises:
        PaceError: if the shortest window would not be whole seconds, or too short for a rate.
    """

    faster: int = 1

    def __post_init__(self) -> None:
        most = seconds(RATE) // _LEAST_RATE
        if not 1 <= self.faster <= most:
            raise PaceError(
                f"{self.faster} times faster: expected 1 to {most}, so that a rate of {RATE} keeps {_LEAST_RATE} s"
            )
        self.seconds(RATE)

    def seconds(self, duration: str) -> int:
        """The seconds that a duration such as ``5m`` takes at this pace."""
        found, rest = divmod(seconds(duration), self.faster)
        if rest:
            raise PaceError(f"{self.faster} times faster: {duration} would be no whole number of seconds")
        return found

    def duration(self, duration: str) -> str:
        """The same as a duration, in the largest unit in which it is whole; as it was written where nothing is faster."""
        if self.faster == 1:
            return duration
        length = self.seconds(duration)
        unit = next(unit for unit in ("d", "h", "m", "s") if length % SECONDS[unit] == 0)
        return f"{length // SECONDS[unit]}{unit}"

    def step(self, length: int) -> int:
        """Seconds between two looks; they need not scale exactly, but are whole and at least one."""
        return -(-length // self.faster)


REAL = Pace()
