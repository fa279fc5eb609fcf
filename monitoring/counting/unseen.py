"""What the values are that the training data does not know, by name: from the log itself, as counts have no place for them."""

import json
from collections.abc import Iterable
from datetime import datetime
from typing import Any

from monitoring.counting.coding import UNSEEN, coding, member
from monitoring.counting.store import Store, naive
from monitoring.watched import Watched

_MOST = 5
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
    own = events.filter(
        events.model == watched.name, events.version == watched.version, at >= naive(since), at < naive(until)
    )
    found = {}
    for name in names:
        document = member(own.features, name)
        coded = own.select(
            value=document.cast("string"), code=coding(watched.reference.features[name]).expression(document)
        )
        strange = coded.filter(coded.code == UNSEEN).group_by("value").agg(rows=lambda table: table.count())
        top = strange.order_by(strange.rows.desc(), strange.value).limit(_MOST)
        found[name] = {str(json.loads(value))[:_LONGEST]: rows for value, rows in store.fetch(top)}
    return found
