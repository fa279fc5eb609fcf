"""What the values are that the training data does not know, by name: counted apart, as codes have no place for them."""

import json
from collections.abc import Iterable
from datetime import datetime
from typing import Any, Final

import ibis

from monitoring.counting.coding import UNSEEN, coding, member
from monitoring.counting.store import Store, naive
from monitoring.pace import Grain
from monitoring.watched import Watched

UNSEEN_COLUMNS: Final = {"hour": "timestamp", "feature": "string", "value": "string", "rows": "int64"}
_MOST = 5
_MOST_AN_HOUR = 1000
_LONGEST = 64  # characters of a name that are told


def unseen_values(
    store: Store, events: Any, watched: Watched, names: Iterable[str], since: datetime, until: datetime
) -> dict[str, dict[str, int]]:
    """The most frequent unseen values of some features in a window, with their rows.

    Args:
        store: Where ``events``, a table of ``EVENT_COLUMNS``, is.
        events: The prediction log.
        watched: Whose events.
        names: Of the features.
        since: The window's begin.
        until: Its end, not included.
    """
    at = events.ts.try_cast("timestamp")
    table = unseen(events.filter(at >= naive(since), at < naive(until)), watched)
    return most_frequent(store, table, names)


def unseen(events: Any, watched: Watched, *, grain: Grain = "h") -> Any:
    """One model's unseen values by hour and feature, of each the most frequent thousand: a table of ``UNSEEN_COLUMNS``.

    Args:
        events: A table of ``EVENT_COLUMNS``.
        watched: Whose events.
        grain: What ``hour`` is truncated to.
    """
    own = events.filter(events.model == watched.name, events.version == watched.version)
    timed = own.select(hour=own.ts.try_cast("timestamp").truncate(grain), features=own.features.cast("string"))
    as_text = timed.group_by(["hour", "features"]).agg(rows=timed.count())  # few are different, and only these are read
    document = as_text.features.cast("json")
    values = [
        ibis.struct(
            {
                "feature": ibis.literal(name),
                "value": member(document, name).cast("string"),
                "code": coding(known).expression(member(document, name)),
            }
        )
        for name, known in watched.reference.features.items()
    ]
    each = as_text.select("hour", "rows", of=ibis.array(values)).unnest("of")
    flat = each.select("hour", "rows", feature=each.of["feature"], value=each.of["value"], code=each.of["code"])
    strange = flat.filter(flat.code == UNSEEN).group_by(["hour", "feature", "value"])
    counted = strange.agg(rows=lambda table: table.rows.sum())
    place = ibis.row_number().over(group_by=["hour", "feature"], order_by=[counted.rows.desc(), counted.value])
    placed = counted.mutate(place=place)
    kept = placed.filter(placed.place < _MOST_AN_HOUR)
    return kept.select(*(kept[name].cast(kind).name(name) for name, kind in UNSEEN_COLUMNS.items()))


def most_frequent(store: Store, table: Any, names: Iterable[str]) -> dict[str, dict[str, int]]:
    """The most frequent values of some features in a table of ``UNSEEN_COLUMNS``, with their rows."""
    found = {}
    for name in names:
        own = table.filter(table.feature == name).group_by("value").agg(rows=lambda rows: rows.rows.sum())
        top = own.order_by(own.rows.desc(), own.value).limit(_MOST)
        found[name] = {str(json.loads(value))[:_LONGEST]: int(rows) for value, rows in store.fetch(top)}
    return found
