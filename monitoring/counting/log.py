"""What a log holds besides the events that are counted."""

from collections.abc import Iterable, Sequence
from pathlib import Path

import ibis

from monitoring.counting.cube import EVENT_COLUMNS
from monitoring.counting.segments import Segment
from monitoring.counting.store import Store
from monitoring.pace import Grain
from monitoring.report import LogReport
from monitoring.watched import Watched

# How much of a moment is kept: the hour, or of short days the minute.
_KEPT: dict[Grain, int] = {"h": len("2026-07-10T12"), "s": len("2026-07-10T12:30")}


def look(store: Store, segments: Sequence[Segment], watched: Iterable[Watched], grain: Grain = "h") -> LogReport:
    """What is in the log besides the watched models' events. The last line of an open segment may be half written."""
    events = store.read(segments, EVENT_COLUMNS)
    is_event = events.ts.try_cast("timestamp").notnull() & events.model.notnull() & events.version.notnull()
    looked = events.select(
        "filename",
        model=is_event.ifelse(events.model + "/" + events.version, ibis.null("string")),
        hour=is_event.ifelse(events.ts.substr(0, _KEPT[grain]), ibis.null("string")),
    )
    counted = store.fetch(looked.group_by(["filename", "model", "hour"]).agg(rows=looked.count()))
    names = {f"{each.name}/{each.version}" for each in watched}
    open_ = {str(segment.path.absolute()) for segment in segments if segment.is_open}
    unwatched: dict[str, int] = {}
    hours: dict[str, int] = {}
    unreadable = total = 0
    for filename, model, hour, rows in counted:
        if model is None:
            unreadable += rows - (str(Path(filename).absolute()) in open_)
        else:
            total += rows
            hours[hour] = hours.get(hour, 0) + rows
            if model not in names:
                unwatched[model] = unwatched.get(model, 0) + rows
    return LogReport(
        segments=len(segments),
        events=total,
        unreadable=unreadable,
        unwatched=unwatched,
        hours=dict(sorted(hours.items())),
    )
