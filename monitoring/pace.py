"""How long a day of the reports lasts: a real day, or the few seconds that stand for one in a demonstration."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, Literal

DAY_SECONDS: Final = 86_400
Grain = Literal["h", "s"]
_GRAINS: Final[dict[Grain, timedelta]] = {"h": timedelta(hours=1), "s": timedelta(seconds=1)}


@dataclass(frozen=True)
class Pace:
    """A day of ``day_seconds``, and an hour of a 24th of it.

    Events are counted by their real hour; of a shorter day they are counted by the second, so that windows begin and
    end with whole counts.
    """

    day_seconds: int = DAY_SECONDS

    @property
    def grain(self) -> Grain:
        """What events are counted by, as Ibis names it: hours or seconds."""
        return "h" if self.day_seconds == DAY_SECONDS else "s"

    def days(self, count: float) -> timedelta:
        """The time that so many days take."""
        return timedelta(seconds=count * self.day_seconds)

    def hours(self, count: int) -> timedelta:
        """The time that so many hours take, up to a whole grain."""
        return timedelta(seconds=-(-count * self.day_seconds // 24))

    def begin(self, at: datetime) -> datetime:
        """The beginning of the grain that a moment is in."""
        return at.replace(microsecond=0) if self.grain == "s" else at.replace(minute=0, second=0, microsecond=0)

    def end(self, at: datetime) -> datetime:
        """The end of the grain that a moment is in."""
        return self.begin(at) + _GRAINS[self.grain]


REAL: Final = Pace()
