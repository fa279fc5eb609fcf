"""The counts as SQL for BigQuery, over what a sink of Cloud Logging puts there.

A container writes its events to standard output, and Cloud Logging makes each an entry with a ``jsonPayload``. A sink
with partitioned tables lays that out as columns, names in lower case and other than letters and digits as underscores
(https://cloud.google.com/logging/docs/export/bigquery).
"""

import re
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any, Final

import ibis
import ibis.expr.datatypes as dt
import sqlglot.expressions as sge
from ibis.backends.sql.compilers import BigQueryCompiler

from model_files.manifest import Feature
from monitoring.counting.cube import cube
from monitoring.watched import Watched

_TEXTS: Final = ("ts", "id", "client", "model", "version")
_LATE: Final = timedelta(days=1)  # how much later than it was made an entry may come to its table


class SinkError(ValueError):
    """A model whose features a sink can't tell apart; the message names them."""


class _Compiler(BigQueryCompiler):  # type: ignore[misc]  # Ibis has no types
    """Ibis's, but for what BigQuery refuses: casts to JSON and from it, and of a text that names its zone to DATETIME."""

    def visit_Cast(self, op: Any, *, arg: Any, to: Any) -> Any:  # noqa: N802 - Ibis's name
        if to.is_json() and op.arg.dtype.is_string():
            return self.f.anon["safe.parse_json"](arg)
        if to.is_json():
            return self.f.anon.to_json(arg)
        if to.is_string() and op.arg.dtype.is_json():
            return self.f.anon.to_json_string(arg)
        return super().visit_Cast(op, arg=arg, to=to)

    def visit_JSONGetItem(self, op: Any, *, arg: Any, index: Any) -> Any:  # noqa: ARG002, N802 - Ibis's names
        name = str(op.index.value).strip('"')  # an expression has quotes around a name that is not plain
        return arg[sge.convert(name)]

    def visit_TryCast(self, op: Any, *, arg: Any, to: Any) -> Any:  # noqa: N802 - Ibis's name
        if to.is_timestamp() and to.timezone is None and op.arg.dtype.is_string():
            moment = super().visit_TryCast(op, arg=arg, to=to.copy(timezone="UTC"))
            return self.f.anon.datetime(moment, sge.convert("UTC"))
        return super().visit_TryCast(op, arg=arg, to=to)


def sql(expression: Any) -> str:
    """An expression as one statement for BigQuery."""
    return str(_Compiler().to_sqlglot(expression.unbind()).sql(dialect="bigquery", pretty=True))


def count_sql(watched: Watched, table: str, since: datetime | None = None, until: datetime | None = None) -> str:
    """The statement that counts one model's events, with the columns of ``CUBE_COLUMNS``.

    Args:
        watched: Whose events.
        table: The sink's table, ``project.dataset.run_googleapis_com_stdout``.
        since: A whole hour in UTC: only events from it on, and only the partitions that may hold them.
        until: The same, to before it.

    Raises:
        SinkError: if the sink has one column for two of the model's features.
    """
    return sql(cube(events(watched, table, since, until), watched))


def events(watched: Watched, table: str, since: datetime | None = None, until: datetime | None = None) -> Any:
    """A sink's table as a table of ``EVENT_COLUMNS``; of features, it has this model's.

    Raises:
        SinkError: if the sink has one column for two of the model's features.
    """
    features = watched.manifest.features
    columns = {feature.name: _column(feature) for feature in features}
    if len(set(columns.values())) < len(columns):
        doubled = sorted(name for name, column in columns.items() if list(columns.values()).count(column) > 1)
        raise SinkError(f"{watched.name}/{watched.version}: a sink has one column for the features {doubled}")
    instance_type = dt.Struct({columns[feature.name]: _kind(feature) for feature in features})
    payload = dt.Struct(
        dict.fromkeys(_TEXTS, "string")
        | {"features": instance_type, "label": _kind_of(watched.manifest.classes), "probability": "float64"}
    )
    *folder, name = table.split(".")
    sink = ibis.table(
        {"timestamp": "timestamp('UTC')", "jsonPayload": payload},
        name=name,
        catalog=folder[-2] if len(folder) > 1 else None,
        database=folder[-1] if folder else None,
    )
    if since is not None:
        sink = sink.filter(sink.timestamp >= since)
    if until is not None:
        sink = sink.filter(sink.timestamp < until + _LATE)
    entry = sink.jsonPayload
    instance = ibis.struct({name: entry.features[column] for name, column in columns.items()})
    found = sink.select(
        **{name: entry[name] for name in _TEXTS},
        features=instance.cast("json"),
        label=ibis.struct({"label": entry.label}).cast("json")["label"],  # a text alone would be parsed
        probability=entry.probability,
    )
    at = found.ts.try_cast("timestamp")
    if since is not None:
        found = found.filter(at >= since.replace(tzinfo=None))
    if until is not None:
        found = found.filter(at < until.replace(tzinfo=None))
    return found


def _kind(feature: Feature) -> str:
    return "boolean" if feature.type == "boolean" else _kind_of(feature.categories)


def _kind_of(values: Iterable[str | int]) -> str:
    """A number of any kind is a float to Cloud Logging."""
    return "string" if any(isinstance(value, str) for value in values) else "float64"


def _column(feature: Feature) -> str:
    return re.sub(r"[^a-z0-9_]", "_", feature.name.lower()).lstrip("_")
