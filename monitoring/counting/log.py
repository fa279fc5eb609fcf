"""What a log holds besides the events that are counted."""

from collections.abc import Iterable, Sequence
from pathlib import Path

import ibis

from monitoring.counting.cube import EVENT_COLUMNS
from monitoring.counting.segments import Segment
from monitoring.counting.store import Store
from monitoring.report import LogReport
from monitoring.watched import Watched


def look(store: Store, segments: Sequence[Segment], watched: Iterable[Watched]) -> LogReport:
    """What is in the log besides the watched models' events. The last line of an open segment may be half written."""
    events = store.read(segments, EVENT_COLUMNS)
    is_event = events.ts.try_cast("timestamp").notnull() & events.model.notnull() & events.version.notnull()
    looked = events.select(
        "filename",
        model=is_event.ifelse(events.model + "/" + events.version, ibis.null("string")),
    )
    counted = store.fetch(looked.group_by(["filename", "model"]).agg(rows=looked.count()))
    names = {f"{each.name}/{each.version}" for each in watched}
    open_ = {str(segment.path.absolute()) for segment in segments if segment.is_open}
    unwatched: dict[str, int] = {}
    unreadable = total = 0
    for filename, model, rows in counted:
        if model is None:
            unreadable += rows - (str(Path(filename).absolute()) in open_)
        else:
            total += rows
            if model not in names:
                unwatched[model] = unwatched.get(model, 0) + rows
    return LogReport(segments=len(segments), events=total, unreadable=unreadable, unwatched=unwatched)
