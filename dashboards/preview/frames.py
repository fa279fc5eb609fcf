"""A panel's answer as tables of columns, as Grafana's tables and transformations see it.

https://grafana.com/docs/grafana/latest/panels-visualizations/query-transform-data/transform-data/
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from dashboards.preview.answers import Answer, Series
from dashboards.preview.fields import Value
from dashboards.preview.model import Panel

TIME = "Time"


@dataclass(frozen=True)
class Column:
    """A field: its name, its values, and the query that gave it."""

    name: str
    values: tuple[Value, ...]
    ref: str = ""

    def number(self) -> bool:
        """Whether it holds numbers."""
        return any(isinstance(value, float) for value in self.values)


Frame = tuple[Column, ...]  # columns of one length
Transform = Callable[[Sequence[Frame], Mapping[str, Any]], list[Frame]]


def frames(panel: Panel, answer: Answer) -> list[Frame]:
    """What the queries gave, transformed as the panel says.

    Raises:
        ValueError: if the preview does not know a transformation.
    """
    found = list(_frames(panel, answer.series))
    for transformation in panel.transformations:
        name = transformation["id"]
        if name not in _TRANSFORMS:
            raise ValueError(f"the preview knows no transformation {name}")
        found = _TRANSFORMS[name](found, transformation.get("options") or {})
    return found


def _frames(panel: Panel, series: Sequence[Series]) -> Iterable[Frame]:
    """One frame a query in table format (a row a sample, a column a label); one a series otherwise."""
    for target in panel.targets:
        own = [one for one in series if one.ref == target.ref]
        if target.format != "table":
            yield from (_columns([one], (), one.name, target.ref) for one in own)
        elif own:
            labels = sorted({label for one in own for label in one.labels})
            yield _columns(own, labels, "Value" if len(panel.targets) == 1 else f"Value #{target.ref}", target.ref)


def _columns(series: Sequence[Series], labels: Sequence[str], name: str, ref: str) -> Frame:
    rows = [(one, time, value) for one in series for time, value in zip(one.times, one.values, strict=True)]
    times = Column(TIME, tuple(time * 1000 for _, time, _ in rows), ref)
    named = (Column(label, tuple(one.labels.get(label) for one, _, _ in rows), ref) for label in labels)
    return (times, *named, Column(name, tuple(value for _, _, value in rows), ref))


def _merge(found: Sequence[Frame], _: Mapping[str, Any]) -> list[Frame]:
    """One frame; rows that agree in every column that they share become one."""
    shared = [{column.name for column in frame} for frame in found]
    keys = sorted(set.intersection(*shared)) if shared else []
    merged: list[dict[str, Value]] = []
    places: dict[tuple[Value, ...], list[int]] = {}
    for frame in found:
        for row in _rows(frame):
            key = tuple(row[name] for name in keys)
            fitting = (number for number in places.get(key, []) if _agree(merged[number], row))
            if (number := next(fitting, None)) is None:
                places.setdefault(key, []).append(len(merged))
                merged.append(dict(row))
            else:
                merged[number].update(row)
    return [_framed(found, merged)]


def _agree(one: Mapping[str, Value], other: Mapping[str, Value]) -> bool:
    return all(one[name] == other[name] for name in one.keys() & other.keys())


def _join(found: Sequence[Frame], options: Mapping[str, Any]) -> list[Frame]:
    """One frame with a row for each value of a field; ``mode`` is outer (the usual), or inner."""
    by, inner = options.get("byField") or TIME, options.get("mode") == "inner"
    having = [frame for frame in found if any(column.name == by for column in frame)]
    if not having:
        return [()]
    taken = [column.name for frame in having for column in frame if column.name != by]
    rows: dict[Value, dict[str, Value]] = {}
    seen: dict[Value, int] = {}
    names: list[str] = []
    for number, frame in enumerate(having, start=1):
        called = {
            column.name: f"{column.name} {number}" if taken.count(column.name) > 1 else column.name for column in frame
        }
        names += [called[column.name] for column in frame if column.name != by]
        for row in _rows(frame):
            seen[row[by]] = seen.get(row[by], 0) + 1
            kept = rows.setdefault(row[by], {})
            kept.update({called[name]: value for name, value in row.items() if name != by})
    keys = [key for key in rows if not inner or seen[key] == len(having)]
    values = (Column(name, tuple(rows[key].get(name) for key in keys)) for name in names)
    return [(Column(by, tuple(keys)), *values)]


def _organize(found: Sequence[Frame], options: Mapping[str, Any]) -> list[Frame]:
    """Columns left out, put in order and renamed."""
    out, order, names = (options.get(key) or {} for key in ("excludeByName", "indexByName", "renameByName"))
    kept_names = options.get("includeByName") or {}
    organized = []
    for frame in found:
        kept = [one for one in frame if not out.get(one.name) and (not kept_names or kept_names.get(one.name))]
        kept.sort(key=lambda one: order.get(one.name, len(order)))
        organized.append(tuple(replace(one, name=names.get(one.name) or one.name) for one in kept))
    return organized


def _sort(found: Sequence[Frame], options: Mapping[str, Any]) -> list[Frame]:
    rules = options.get("sort") or []
    if not rules:
        return list(found)
    name, falling = rules[0].get("field"), bool(rules[0].get("desc"))
    done: list[Frame] = []
    for frame in found:
        rows = _rows(frame)
        known = [row for row in rows if row.get(name) is not None]
        known.sort(key=lambda row: row[name], reverse=falling)  # type: ignore[arg-type,return-value]
        done.append(_framed([frame], [*known, *(row for row in rows if row.get(name) is None)]))
    return done


def _filter(found: Sequence[Frame], options: Mapping[str, Any]) -> list[Frame]:
    names = (options.get("include") or {}).get("names")
    return [tuple(one for one in frame if names is None or one.name in names) for frame in found]


def _rows(frame: Frame) -> list[dict[str, Value]]:
    names = [column.name for column in frame]
    return [dict(zip(names, row, strict=True)) for row in zip(*(column.values for column in frame), strict=True)]


def _framed(found: Sequence[Frame], rows: Sequence[Mapping[str, Value]]) -> Frame:
    """Rows as columns, in the order in which the columns were first seen."""
    known = {column.name: column.ref for frame in reversed(found) for column in frame}
    names = dict.fromkeys(column.name for frame in found for column in frame)
    return tuple(Column(name, tuple(row.get(name) for row in rows), known[name]) for name in names)


_TRANSFORMS: dict[str, Transform] = {
    "merge": _merge,
    "joinByField": _join,
    "organize": _organize,
    "sortBy": _sort,
    "filterFieldsByName": _filter,
}
