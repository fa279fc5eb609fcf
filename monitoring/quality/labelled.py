"""The expressions that join late labels to predictions, and count what came of it."""

import math
from typing import Any, Final

import ibis

from monitoring.counting.coding import Categories, coding
from monitoring.pace import Grain
from monitoring.watched import Watched

LABEL_COLUMNS: Final = {"ts": "string", "id": "string", "label": "json"}
GRID: Final = 1000  # steps of the probability: enough for the area under a curve
_LAG_STEPS = 20.0  # bins of a lag in each factor of e: 5 % wide

JOINED_COLUMNS: Final = {
    "hour": "timestamp",
    "at": "timestamp",
    "model": "string",
    "version": "string",
    "label": "json",
    "probability": "float64",
    "text": "string",
    "first": "timestamp",
}
LABELLED_COLUMNS: Final = {
    "hour": "timestamp",
    "model": "string",
    "version": "string",
    "predicted": "int16",
    "truth": "int16",
    "step": "int16",
    "rows": "int64",
    "probability_sum": "float64",
    "square_sum": "float64",
    "error_sum": "float64",
    "square_error_sum": "float64",
}
LAG_COLUMNS: Final = {"hour": "timestamp", "model": "string", "version": "string", "lag": "int16", "rows": "int64"}


def newest(labels: Any) -> Any:
    """One row an id: its newest label, and when its first one came; lines that are no labels are left out."""
    timed = labels.mutate(came=labels.ts.try_cast("timestamp"), text=labels.label.cast("string"))
    timed = timed.filter(timed.came.notnull(), timed.id.notnull(), timed.text.notnull())
    # Of two labels in one millisecond none is newer; their text decides, so that every reading tells the same.
    order = timed.ts + timed.text
    return timed.group_by("id").agg(text=timed.text.argmax(order), first=timed.came.min())


def join(events: Any, labels: Any, *, grain: Grain = "h") -> Any:
    """Every prediction that has a label, with the newest one as text, and when the first one came.

    Args:
        events: A table of the prediction log.
        labels: A table of ``LABEL_COLUMNS``.
        grain: What ``hour`` is truncated to.

    Returns:
        A table of ``JOINED_COLUMNS``.
    """
    timed = events.mutate(at=events.ts.try_cast("timestamp"))
    timed = timed.filter(timed.at.notnull(), timed.model.notnull(), timed.version.notnull())
    joined = timed.inner_join(newest(labels), "id")
    return cast_to(joined.mutate(hour=joined.at.truncate(grain)), JOINED_COLUMNS)


def labelled(joined: Any, watched: Watched) -> Any:
    """Labelled predictions of one model by hour, prediction, truth and step of the probability.

    The errors are those of a regression: predicted less true. Answers that can't be understood and labels that are none
    of the model's have codes below 0.

    Args:
        joined: A table of ``JOINED_COLUMNS``.
        watched: Whose predictions.

    Returns:
        A table of ``LABELLED_COLUMNS``.
    """
    own = joined.filter(joined.model == watched.name, joined.version == watched.version)
    document = own.text.cast("json")
    answers = coding(watched.reference.predictions)
    truth = answers.truth(document) if isinstance(answers, Categories) else answers.expression(document)
    error = own.label.unwrap_as("float64") - document.unwrap_as("float64")
    coded = own.select(
        "hour",
        "model",
        "version",
        predicted=answers.expression(own.label),
        truth=truth,
        step=(own.probability * GRID).floor().cast("int16").fill_null(-1),
        probability=own.probability.fill_null(0.0),
        error=(error if watched.manifest.task == "regression" else ibis.literal(0.0)).fill_null(0.0),
    )
    counted = coded.group_by(["hour", "model", "version", "predicted", "truth", "step"]).agg(
        rows=coded.count(),
        probability_sum=coded.probability.sum(),
        square_sum=(coded.probability * coded.probability).sum(),
        error_sum=coded.error.abs().sum(),
        square_error_sum=(coded.error * coded.error).sum(),
    )
    return cast_to(counted, LABELLED_COLUMNS)


def lags(joined: Any) -> Any:
    """How long labels took to come, by hour of the prediction, in bins of 5 %: a table of ``LAG_COLUMNS``."""
    came, at = (moment.truncate("s").epoch_seconds() for moment in (joined.first, joined.at))  # or some engines round
    seconds = (came - at).cast("float64")
    lag = ((ibis.greatest(seconds, 0.0) + 1.0).ln() * _LAG_STEPS).floor()
    binned = joined.select("hour", "model", "version", lag=lag)
    counted = binned.group_by(["hour", "model", "version", "lag"]).agg(rows=binned.count())
    return cast_to(counted, LAG_COLUMNS)


def lag_seconds(lag: int) -> float:
    """The middle of a lag's bin."""
    return math.exp((lag + 0.5) / _LAG_STEPS) - 1


def cast_to(table: Any, columns: dict[str, str]) -> Any:
    """A table with these columns only, as these types."""
    return table.select(*(table[name].cast(kind).name(name) for name, kind in columns.items()))
