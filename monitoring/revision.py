"""Whether a report is another one than the one that was there before, and the moments at which each window has one."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from msgspec.structs import replace

from monitoring import moment
from monitoring.pace import Pace
from monitoring.report import Report, ReportError, Revised, read

LOOKED_BACK = 28  # days whose reports are made where they are missing, and again where their inputs changed
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def day_ends(pace: Pace, now: datetime) -> Iterator[datetime]:
    """The ends of the last days, oldest first: midnights of UTC; of short days, multiples of the day."""
    day = pace.days(1)
    last = now - (now - _EPOCH) % day
    for back in reversed(range(LOOKED_BACK)):
        yield last - back * day


def former_of(folder: Path, place: str) -> Report | None:
    """The report that is at a place; None where there is none that can be read: then it is made as if there never was."""
    try:
        return read(folder, place)
    except ReportError:
        return None


def stands(former: Report | None, inputs: str) -> bool:
    """Whether a report of a window that is over need not be made again."""
    return former is not None and former.revision > 0 and former.inputs == inputs


def revise(report: Report, inputs: str, former: Report | None, now: datetime) -> Report:
    """A report with its revision, after ``former`` at the same place; of the same inputs, with the same revision.

    What was told of a window before its end was told of a part of it: that is no revision.
    """
    over = moment.parse(report.until) <= now
    if former is None or not former.revision:
        return replace(report, inputs=inputs, revision=int(over))
    if former.inputs == inputs:
        return replace(report, inputs=inputs, revision=former.revision, revised=former.revised)
    revised = Revised(
        at=moment.text(now),
        predictions=report.rows - former.rows,
        labels=report.quality.labels - former.quality.labels,
        cause="log" if inputs.partition("-")[2] == former.inputs.partition("-")[2] else "settings",
    )
    return replace(report, inputs=inputs, revision=former.revision + 1, revised=revised)
