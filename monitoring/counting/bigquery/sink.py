"""The table that a sink of Cloud Logging makes, as the tables that everything here counts.

A container writes events and labels to standard output, and Cloud Logging makes each line an entry with a
``jsonPayload``. A sink with partitioned tables lays that out as columns, names in lower case and other than letters and
digits as underscores, of the types that came first (https://cloud.google.com/logging/docs/export/bigquery).
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

import ibis
import ibis.expr.datatypes as dt

from model_files.manifest import Feature, Manifest
from monitoring.counting.cube import EVENT_COLUMNS
from monitoring.counting.source import SourceError
from monitoring.counting.store import naive
from monitoring.watched import Watched

_TEXTS: Final = ("ts", "id", "client", "model", "version")
_LATE: Final = timedelta(days=1)  # how much later than it was made an entry may come to its table


class SinkError(SourceError):
    """A table that can't be counted; the message names it, or the model and its features."""


@dataclass(frozen=True)
class Sink:
    """One table: ``project.dataset.name``, and the Ibis types of what its payload and the features in it have.

    A column comes to be with the first entry that has it, so that a young table lacks some: of a model without
    probabilities, or a feature that nobody has given yet. What is not there is null.
    """

    table: str
    payload: Mapping[str, str]
    features: Mapping[str, str]

    def entries(self, since: datetime | None = None, until: datetime | None = None) -> Any:
        """What came from the partitions that may hold lines of these hours."""
        payload = dict(self.payload) | ({"features": dt.Struct(dict(self.features))} if self.features else {})
        *folder, name = self.table.split(".")
        table = ibis.table(
            {"timestamp": "timestamp('UTC')", "jsonPayload": dt.Struct(payload)},
            name=name,
            catalog=folder[-2] if len(folder) > 1 else None,
            database=folder[-1] if folder else None,
        )
        if since is not None:
            table = table.filter(table.timestamp >= since)
        if until is not None:
            table = table.filter(table.timestamp < until + _LATE)
        return table

    def events(self, manifest: Manifest | None, since: datetime | None = None, until: datetime | None = None) -> Any:
        """The events of these hours: a table of ``EVENT_COLUMNS``.

        Args:
            manifest: Of the model whose features it has; None for none.
            since: A whole hour in UTC; None for all before ``until``.
            until: And before.

        Raises:
            SinkError: if the sink has one column for two of the model's features.
        """
        found = self.lines(manifest, since, until)
        at = found.ts.try_cast("timestamp")
        if since is not None:
            found = found.filter(at >= naive(since))
        if until is not None:
            found = found.filter(at < naive(until))
        return found

    def lines(self, manifest: Manifest | None, since: datetime | None = None, until: datetime | None = None) -> Any:
        """The same, and what else was printed then and is no label: of a line that is no JSON every column is null."""
        entries = self.entries(since, until)
        found = entries.select(
            **{name: self._member(entries, name, "string") for name in _TEXTS},
            features=self._instance(entries, manifest),
            label=self._label(entries),
            probability=self._member(entries, "probability", "float64"),
            is_said=self._is_there(entries, "label"),
        )
        return found.filter(found.model.notnull() | ~found.is_said).select(*EVENT_COLUMNS)

    def labels(self, since: datetime | None = None, until: datetime | None = None) -> Any:
        """A table of ``LABEL_COLUMNS`` of what may say how the predictions of these hours turned out: it came since.

        A caller may name a prediction before it asks for it, so labels of the day before are there too.
        """
        del until  # a label may come whenever it comes
        entries = self.entries(None if since is None else since - _LATE)
        named = {name: self._member(entries, name, "string") for name in ("ts", "id", "model")}
        found = entries.select(**named, label=self._label(entries), is_said=self._is_there(entries, "label"))
        return found.filter(found.model.isnull(), found.id.notnull(), found.is_said).select("ts", "id", "label")

    def _member(self, entries: Any, name: str, kind: str) -> Any:
        found = entries.jsonPayload[name] if name in self.payload else ibis.null(kind)
        return found if self.payload.get(name, kind) == kind else found.cast(kind)

    def _is_there(self, entries: Any, name: str) -> Any:
        return entries.jsonPayload[name].notnull() if name in self.payload else ibis.literal(False)

    def _label(self, entries: Any) -> Any:
        if "label" not in self.payload:
            return ibis.null("json")
        return ibis.struct({"label": entries.jsonPayload.label}).cast("json")["label"]  # a text alone would be parsed

    def _instance(self, entries: Any, manifest: Manifest | None) -> Any:
        columns = {} if manifest is None else _columns(manifest)
        there = {name: column for name, column in columns.items() if column in self.features}
        if not there:
            return ibis.null("json")
        features = entries.jsonPayload.features
        return ibis.struct({name: features[column] for name, column in there.items()}).cast("json")


def expected(watched: Watched, table: str) -> Sink:
    """What a table is when a model has answered with everything it has.

    Raises:
        SinkError: if the sink has one column for two of the model's features.
    """
    columns = _columns(watched.manifest)
    kinds = {columns[feature.name]: _kind(feature) for feature in watched.manifest.features}
    payload = dict.fromkeys(_TEXTS, "string") | {"label": _kind_of(watched.manifest.classes), "probability": "float64"}
    return Sink(table, payload, kinds)


def _columns(manifest: Manifest) -> dict[str, str]:
    columns = {feature.name: _column(feature) for feature in manifest.features}
    if len(set(columns.values())) < len(columns):
        doubled = sorted(name for name, column in columns.items() if list(columns.values()).count(column) > 1)
        raise SinkError(f"{manifest.name}/{manifest.version}: a sink has one column for the features {doubled}")
    return columns


def _kind(feature: Feature) -> str:
    return "boolean" if feature.type == "boolean" else _kind_of(feature.categories)


def _kind_of(values: Iterable[str | int]) -> str:
    """A number of any kind is a float to Cloud Logging."""
    return "string" if any(isinstance(value, str) for value in values) else "float64"


def _column(feature: Feature) -> str:
    return re.sub(r"[^a-z0-9_]", "_", feature.name.lower()).lstrip("_")
