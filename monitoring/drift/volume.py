"""How many predictions a day has beside the days before it: a log that dries up, or floods, moves no share."""

from collections.abc import Sequence
from itertools import dropwhile
from statistics import median
from typing import Final

import msgspec

from monitoring.drift.rule import Rule
from monitoring.drift.subject import Level

WINDOW: Final = "1d"
DAYS: Final = 7  # before it: a whole week, so that a Sunday is compared with a Sunday too
_LEAST = 3


class Volume(msgspec.Struct, frozen=True):
    """What is usual, the median of so many ``days`` before, and whether a day is far from it."""

    usual: float
    days: int
    level: Level


def volume(rows: int, before: Sequence[int], rule: Rule) -> Volume | None:
    """What there is to say of a day's rows; None where too few days came before it.

    Traffic has no chance of its own that could be reckoned with. So a day is far from the usual where it has half of the
    median, or twice as many, and fewer or more than every one of the days before.

    Args:
        rows: Of the day.
        before: Of each day before it, the oldest first; those before anybody asked do not count.
        rule: What is far.
    """
    days = list(dropwhile(lambda count: not count, before))
    if len(days) < _LEAST:
        return None
    usual = median(days)
    is_few = rows * rule.times <= usual and rows < min(days)
    is_many = rows >= rule.times * usual and rows > max(days)
    return Volume(usual, len(days), "warn" if is_few or is_many else "none")
