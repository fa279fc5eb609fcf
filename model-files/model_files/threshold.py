"""The decision threshold: from what mistakes cost to the probability above which to act."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]


class CostError(ValueError):
    """Costs that decide nothing; the message says what came and what was expected."""


@dataclass(frozen=True)
class Costs:
    """What a miss (an event not called) and a false alarm cost, in any one unit; right answers cost nothing."""

    miss: float = 1.0
    false_alarm: float = 1.0

    def __post_init__(self) -> None:
        for name, value in (("miss", self.miss), ("false alarm", self.false_alarm)):
            if not (np.isfinite(value) and value > 0):
                raise CostError(f"the cost of a {name} is {value:g}, expected a finite number above 0")

    @property
    def threshold(self) -> float:
        """The probability from which calling the event is the cheaper bet.

        Calling it costs ``(1 - p) * false_alarm`` on average, not calling it ``p * miss``; they are equal at
        ``p = false_alarm / (false_alarm + miss)`` (Elkan, 2001). It holds for calibrated probabilities.
        """
        return self.false_alarm / (self.false_alarm + self.miss)

    def mean(self, target: npt.NDArray[np.int64], called: npt.NDArray[np.bool_]) -> float:
        """The mean cost a row, [n] targets of 0 and 1 against [n] calls."""
        misses, alarms = (target == 1) & ~called, (target == 0) & called
        return float((misses.sum() * self.miss + alarms.sum() * self.false_alarm) / len(target))

    def curve(self, target: npt.NDArray[np.int64], probabilities: Array, thresholds: Array) -> Array:
        """The mean cost a row at each threshold."""
        return np.array([self.mean(target, probabilities >= threshold) for threshold in thresholds])
