"""What a log holds besides the events that are counted."""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import ibis

from monitoring.counting.cube import EVENT_COLUMNS
from monitoring.counting.segments import Segment
from monitoring.counting.store import Store
from monitoring.pace import Grain
from monitoring.report import LogReport
from monitoring.watched import Watched

# How much of a moment is kept: the hour, or of short days the minute.
KEPT: Final[dict[Grain, int]] = {"h": len("2026-07-10T12"), "s": len("2026-07-10T12:30")}

LineRow = tuple[str | None, str | None, int]  # model and version, such as flight-delay/1; hour; lines. None: no event


def lines_of(store: Store, segments: Sequence[Segment], grain: Grain = "h") -> list[LineRow]:
    """What is in segments of lines. The last line of an open one may be half written: it does not count."""
    events = store.read(segments, EVENT_COLUMNS)
    is_event = events.ts.try_cast("timestamp").notnull() & events.model.notnull() & events.version.notnull()
    looked = events.select(
        "filename",
        model=is_event.ifelse(events.model + "/" + events.version, ibis.null("string")),
        hour=is_event.ifelse(events.ts.substr(0, KEPT[grain]), ibis.null("string")),
    )
    counted = store.fetch(looked.group_by(["filename", "model", "hour"]).agg(rows=looked.count()))
    open_ = {str(segment.path.absolute()) for segment in segments if segment.is_open}
    return [
        (model, hour, rows - (model is None and str(Path(filename).absolute()) in open_))
        for filename, model, hour, rows in counted
    ]


def told(
    rows: Iterable[LineRow],
    watched: Iterable[Watched],
    since: datetime,
    until: datetime,
    *,
    segments: int,
    damaged: Sequence[str] = (),
    grain: Grain = "h",
) -> LogReport:
    """What is told of the lines of some hours.

    Args:
        rows: Of these hours, and perhaps of others, which are left out.
        watched: The models with a package.
        since: A whole hour.
        until: The same, not included.
        segments: How many files they were in.
        damaged: Those that could not be read.
        grain: As the rows' hours are.
    """
    first, last = (at.astimezone(UTC).isoformat() for at in (since, until))
    names = {f"{each.name}/{each.version}" for each in watched}
    unwatched: dict[str, int] = {}
    hours: dict[str, int] = {}
    unreadable = 0
    for model, hour, count in rows:
        if model is None or hour is None:
            unreadable += count
        elif first[: KEPT[grain]] <= hour < last:
            hours[hour] = hours.get(hour, 0) + count
            if model not in names:
                unwatched[model] = unwatched.get(model, 0) + count
    return LogReport(
        segments=segments,
        events=sum(hours.values()),
        unreadable=unreadable,
        unwatched=unwatched,
        hours=dict(sorted(hours.items())),
        damaged=tuple(damaged),
    )
