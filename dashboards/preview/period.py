"""The time that a page shows, and the steps in which it is asked for."""

from dataclasses import dataclass

_ROUND = (1, 2, 5, 10, 15, 20, 30, 60, 120, 300, 600, 900, 1200, 1800, 3600, 7200, 10_800, 21_600, 43_200, 86_400)


@dataclass(frozen=True)
class Period:
    """From ``start`` to ``end``, seconds since the epoch."""

    start: float
    end: float

    def step(self, points: int, least: float) -> float:
        """Seconds between two samples: at most ``points`` of them, a round number, never under ``least``."""
        rough = (self.end - self.start) / max(points, 1)
        return max(least, next((step for step in _ROUND if step >= rough), _ROUND[-1]))

    def aligned(self, step: float) -> "Period":
        """The same, beginning and ending at multiples of the step: an old sample does not move with every look."""
        return Period(self.start // step * step, self.end // step * step)
