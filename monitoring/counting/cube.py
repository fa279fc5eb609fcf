"""The one expression that turns the prediction log into counts.

It is Ibis, so the same expression runs in DuckDB over JSON lines on this machine, and where a log outgrows one, in what
holds it. Counts of different hours, or of different files, add up.
"""

from typing import Any, Final

import ibis

from monitoring.counting.coding import MISSING, UNSEEN, Bins, coding, member
from monitoring.pace import Grain
from monitoring.watched import Watched

CELL: Final = "cell"  # the subject of a row that counts a combination of every feature
ANSWER: Final = "answer"  # of one that counts what was answered, where combinations are too many to count

# What an event is made of, and as what it is read; the service's event has these and request_id and schema.
EVENT_COLUMNS: Final = {
    "ts": "string",
    "id": "string",
    "client": "string",
    "model": "string",
    "version": "string",
    "features": "json",
    "label": "json",
    "probability": "float64",
}
CUBE_COLUMNS: Final = {
    "hour": "timestamp",
    "model": "string",
    "version": "string",
    "client": "string",
    "subject": "string",
    "cell": "string",
    "label": "int16",
    "bin": "int16",
    "rows": "int64",
    "probability_sum": "float64",
}
_HOUR = ["hour", "model", "version", "client"]


def cube(events: Any, watched: Watched, *, grain: Grain = "h") -> Any:
    """Counts of one model's events by hour, client, subject, cell, answer and bin of the probability.

    A model whose reference counts combinations (``Cells``) is counted so too: a row's ``cell`` is the code of every
    feature in order, with commas. Any other is counted feature by feature: ``subject`` is the feature's name and
    ``cell`` its code, and what was answered is counted apart, under the subject ``answer``.

    Args:
        events: A table of ``EVENT_COLUMNS``.
        watched: Whose events, and how its values are coded.
        grain: What ``hour`` is truncated to.

    Returns:
        A table of ``CUBE_COLUMNS``; times are UTC.
    """
    # A line that is cut short or garbled is null in every column: it is no model's.
    own = events.filter(events.model == watched.name, events.version == watched.version)
    reference = watched.reference
    answered = own.select(
        hour=own.ts.try_cast("timestamp").truncate(grain),
        model=own.model,
        version=own.version,
        client=own.client,
        features=own.features.cast("string"),
        label=coding(reference.predictions).expression(own.label),
        bin=_bin(own.probability, watched),
        probability=own.probability,
    )
    answered = answered.filter(answered.hour.notnull())
    if reference.cells is not None:
        return _by_combination(answered, watched)
    return _by_feature(answered, watched)


def _by_combination(answered: Any, watched: Watched) -> Any:
    """As text first: of the many events few are different, and only these are decoded."""
    as_text = answered.group_by([*_HOUR, "features", "label", "bin"]).agg(
        rows=answered.count(), probability_sum=answered.probability.sum()
    )
    document = as_text.features.cast("json")
    codes = [code.cast("string") for code in _codes(document, watched)]
    coded = as_text.mutate(subject=ibis.literal(CELL), cell=ibis.literal(",").join(codes))
    return _cast(
        coded.group_by([*_HOUR, "subject", "cell", "label", "bin"]).agg(
            rows=coded.rows.sum(), probability_sum=coded.probability_sum.sum()
        )
    )


def _by_feature(answered: Any, watched: Watched) -> Any:
    document = answered.features.cast("json")
    nothing = {"label": ibis.literal(MISSING, "int16"), "bin": ibis.literal(MISSING, "int16")}
    names = [feature.name for feature in watched.manifest.features]
    counted = [
        ibis.struct({"subject": ibis.literal(name), "cell": code.cast("string"), **nothing, "probability": 0.0})
        for name, code in zip(names, _codes(document, watched), strict=True)
    ]
    answer = {"label": answered.label, "bin": answered.bin, "probability": answered.probability.fill_null(0.0)}
    counted.append(ibis.struct({"subject": ibis.literal(ANSWER), "cell": ibis.literal(""), **answer}))
    each = answered.select(*_HOUR, of=ibis.array(counted)).unnest("of")
    flat = each.select(*_HOUR, *(each.of[name].name(name) for name in each.of.names))
    return _cast(
        flat.group_by([*_HOUR, "subject", "cell", "label", "bin"]).agg(
            rows=flat.count(), probability_sum=flat.probability.sum()
        )
    )


def _codes(document: Any, watched: Watched) -> list[Any]:
    return [coding(counted).expression(member(document, name)) for name, counted in watched.reference.features.items()]


def _bin(probability: Any, watched: Watched) -> Any:
    bins = watched.reference.probability
    place = Bins(bins.edges).place(probability) if bins else ibis.literal(UNSEEN, "int16")
    return ibis.cases((probability.isnull(), ibis.literal(MISSING, "int16")), else_=place)


def _cast(table: Any) -> Any:
    return table.select(*(table[name].cast(kind).name(name) for name, kind in CUBE_COLUMNS.items()))
