"""The one expression that turns the prediction log into counts.

It is Ibis, so the same expression runs in DuckDB over JSON lines on this machine, and where a log outgrows one, in what
holds it. Counts of different hours, or of different files, add up.
"""

from typing import Any, Final

import ibis

from model_files.reference_file import Histogram, Values
from monitoring.counting.coding import MISSING, UNSEEN, Bins, coding, member
from monitoring.counting.sketch import Sketch
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
    ``cell`` its code, and what was answered is counted apart, under the subject ``answer``. Rows of a number have its
    bucket (``Sketch``) for a ``bin``, and so do those of an answer that is a number.

    Args:
        events: A table of ``EVENT_COLUMNS``.
        watched: Whose events, and how its values are coded.
        grain: What ``hour`` is truncated to.

    Returns:
        A table of ``CUBE_COLUMNS``; times are UTC.
    """
    # A line that is cut short or garbled is null in every column: it is no model's.
    own = events.filter(events.model == watched.name, events.version == watched.version)
    asked = own.select(
        hour=own.ts.try_cast("timestamp").truncate(grain),
        model=own.model,
        version=own.version,
        client=own.client,
        features=own.features.cast("string"),
        answer=own.label,
        probability=own.probability,
    )
    asked = asked.filter(asked.hour.notnull())
    if watched.reference.cells is not None:
        return _by_combination(asked, watched)
    return _by_feature(asked, watched)


def _by_combination(asked: Any, watched: Watched) -> Any:
    """As text first: of the many events few are different, and only these are decoded."""
    texts = asked.mutate(answer=asked.answer.cast("string"))
    few = texts.group_by([*_HOUR, "features", "answer", "probability"]).agg(rows=texts.count())
    document = few.features.cast("json")
    codes = [code.cast("string") for code in _codes(document, watched)]
    coded = few.select(
        *_HOUR,
        **_answered(few.answer.cast("json"), few.probability, watched),
        subject=ibis.literal(CELL),
        cell=ibis.literal(",").join(codes),
        rows=few.rows,
        probability=few.probability * few.rows,
    )
    return _cast(
        coded.group_by([*_HOUR, "subject", "cell", "label", "bin"]).agg(
            rows=coded.rows.sum(), probability_sum=coded.probability.sum()
        )
    )


def _by_feature(asked: Any, watched: Watched) -> Any:
    answered = asked.mutate(**_answered(asked.answer, asked.probability, watched))
    document = answered.features.cast("json")
    counted = []
    for (name, known), code in zip(watched.reference.features.items(), _codes(document, watched), strict=True):
        bucket = _bucket(member(document, name), known)
        counted.append(
            ibis.struct(
                {
                    "subject": ibis.literal(name),
                    "cell": code.cast("string"),
                    "label": ibis.literal(MISSING, "int16"),
                    "bin": bucket,
                    "probability": 0.0,
                }
            )
        )
    answer = {"label": answered.label, "bin": answered.bin, "probability": answered.probability.fill_null(0.0)}
    counted.append(ibis.struct({"subject": ibis.literal(ANSWER), "cell": ibis.literal(""), **answer}))
    each = answered.select(*_HOUR, of=ibis.array(counted)).unnest("of")
    flat = each.select(*_HOUR, *(each.of[name].name(name) for name in each.of.names))
    return _cast(
        flat.group_by([*_HOUR, "subject", "cell", "label", "bin"]).agg(
            rows=flat.count(), probability_sum=flat.probability.sum()
        )
    )


def _answered(answer: Any, probability: Any, watched: Watched) -> dict[str, Any]:
    """The code of what was answered, and the bin of its probability or the bucket of a number."""
    known = watched.reference.predictions
    bin_ = _bin(probability, watched) if isinstance(known, Values) else _bucket(answer, known)
    return {"label": coding(known).expression(answer), "bin": bin_}


def _codes(document: Any, watched: Watched) -> list[Any]:
    return [coding(counted).expression(member(document, name)) for name, counted in watched.reference.features.items()]


def _bucket(document: Any, known: Values | Histogram) -> Any:
    """Of a JSON value that may be a number."""
    if isinstance(known, Histogram):
        return Sketch(known).expression(document.unwrap_as("float64"))
    return ibis.literal(MISSING, "int16")


def _bin(probability: Any, watched: Watched) -> Any:
    bins = watched.reference.probability
    place = Bins(bins.edges).place(probability) if bins else ibis.literal(UNSEEN, "int16")
    return ibis.cases((probability.isnull(), ibis.literal(MISSING, "int16")), else_=place)


def _cast(table: Any) -> Any:
    return table.select(*(table[name].cast(kind).name(name) for name, kind in CUBE_COLUMNS.items()))
