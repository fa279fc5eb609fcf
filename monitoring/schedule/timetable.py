"""The moments of a cron expression."""

import hashlib
from dataclasses import dataclass
from datetime import datetime, timedelta

from cronsim import CronSim

from monitoring import moment
from monitoring.settings import NEVER


@dataclass(frozen=True)
class Timetable:
    """The moments that a cron expression names in UTC, each ``delay`` later; ``-`` names none, and must not be asked."""

    expression: str
    delay: timedelta = timedelta(0)

    @property
    def is_empty(self) -> bool:
        """Whether it has no moments."""
        return self.expression == NEVER

    def previous(self, now: datetime) -> datetime:
        """The last moment, ``now`` itself included."""
        undelayed = (now - self.delay).replace(microsecond=0) + moment.SECOND
        return next(CronSim(self.expression, undelayed, reverse=True)) + self.delay

    def upcoming(self, now: datetime) -> datetime:
        """The next moment, after ``now``."""
        return next(CronSim(self.expression, now - self.delay)) + self.delay


def jitter(seconds: int, who: str) -> timedelta:
    """A part of so many seconds, the same whenever the same ``who`` asks: drawn anew, two runs might come close together."""
    part = int.from_bytes(hashlib.sha256(who.encode()).digest()[:8]) / 2**64
    return timedelta(seconds=int(part * seconds))
