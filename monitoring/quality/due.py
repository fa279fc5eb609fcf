"""Labels that should have come by now, and those of them that had not: each prediction counted once, by its hour."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any, Final

import ibis

from monitoring import moment
from monitoring.counting.source import Source
from monitoring.counting.store import naive
from monitoring.pace import REAL, Pace
from monitoring.quality.labelled import cast_to, newest
from monitoring.report import DueLabels, Latest
from monitoring.watched import Watched

DUE_COLUMNS: Final = {"model": "string", "version": "string", "due": "int64", "late": "int64"}


def count_due(
    source: Source,
    after: timedelta,
    at: datetime,
    former: Latest | None,
    watched: Iterable[Watched],
    pace: Pace = REAL,
) -> tuple[str | None, tuple[DueLabels, ...]]:
    """Add the predictions whose label came to be due, ``after`` they were made, since the last run; each once."""
    known = {(one.model, one.version): one for one in former.due} if former else {}
    known = {(each.name, each.version): DueLabels(each.name, each.version) for each in watched} | known
    since = moment.parse(former.due_until) if former and former.due_until else None
    until = hours_due(at, after, pace)
    if since is not None and since >= until:
        return moment.text(since), tuple(known.values())
    for model, version, count, late in source.due(since, until, after):
        one = known.get((model, version), DueLabels(model, version))
        known[model, version] = DueLabels(model, version, one.due + count, one.late + late)
    return moment.text(until), tuple(known.values())


def due(events: Any, labels: Any, since: Any, until: Any, after: timedelta) -> Any:
    """By model and version: predictions of ``since`` to before ``until``, and those not labelled ``after`` they were made."""
    timed = events.mutate(at=events.ts.try_cast("timestamp"))
    old = timed.filter(timed.at < naive(until), timed.model.notnull(), timed.version.notnull())
    if since is not None:
        old = old.filter(old.at >= naive(since))
    first = newest(labels)
    joined = old.left_join(first, "id")
    joined = joined.mutate(
        is_late=(joined.first.isnull() | (joined.first > joined.at + ibis.interval(seconds=int(after.total_seconds()))))
    )
    return cast_to(
        joined.group_by(["model", "version"]).agg(due=joined.count(), late=joined.is_late.cast("int64").sum()),
        DUE_COLUMNS,
    )


def hours_due(at: datetime, after: timedelta, pace: Pace = REAL) -> datetime:
    """The end of the last whole hour of which every label is due."""
    return pace.begin(at - after)
