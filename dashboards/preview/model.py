"""A dashboard as its classic JSON has it, as far as the preview draws it.

https://grafana.com/docs/grafana/latest/dashboards/build-dashboards/view-dashboard-json-model/
"""

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from dashboards.preview.fields import FieldRules

COLUMNS = 24  # of Grafana's grid


class ModelError(ValueError):
    """A file that is no dashboard; the message says which and why."""


@dataclass(frozen=True)
class Grid:
    """Where a panel stands: columns of 24 and rows of 30 px."""

    x: int
    y: int
    width: int
    height: int

    def down(self, rows: int) -> "Grid":
        """The same, so many rows further down."""
        return replace(self, y=self.y + rows)


@dataclass(frozen=True)
class Target:
    """One query of a panel; ``interval`` is the least step that it asks for, as a duration, or empty."""

    ref: str
    expr: str
    legend: str = ""
    instant: bool = False
    format: str = "time_series"
    exemplar: bool = False
    interval: str = ""


@dataclass(frozen=True)
class Panel:
    """One panel; a row is one of kind ``row``."""

    title: str
    kind: str
    grid: Grid
    description: str = ""
    targets: tuple[Target, ...] = ()
    fields: FieldRules = field(default_factory=FieldRules)
    options: Mapping[str, Any] = field(default_factory=dict)
    transformations: tuple[Mapping[str, Any], ...] = ()
    links: tuple[Mapping[str, Any], ...] = ()
    points: int | None = None  # how many it asks for at most
    interval: str = ""


@dataclass(frozen=True)
class Variable:
    """A variable of the dashboard. ``query`` is what its choices come from, or its text."""

    name: str
    kind: str
    query: str = ""
    label: str = ""
    current: tuple[str, ...] = ()
    regex: str = ""
    multi: bool = False
    include_all: bool = False
    all_value: str = ""
    hidden: bool = False


@dataclass(frozen=True)
class Annotation:
    """A query whose series mark times in every time series; ``value_is_time`` if its values do (milliseconds)."""

    name: str
    expr: str
    title: str = ""
    colour: str = "blue"
    step: str = ""
    value_is_time: bool = False


@dataclass(frozen=True)
class Dashboard:
    """One dashboard; ``name`` is its file's."""

    name: str
    uid: str
    title: str
    description: str
    panels: tuple[Panel, ...]
    variables: tuple[Variable, ...] = ()
    annotations: tuple[Annotation, ...] = ()
    links: tuple[Mapping[str, Any], ...] = ()
    tags: tuple[str, ...] = ()


def read_dashboard(path: Path) -> Dashboard:
    """Read one dashboard's file.

    Raises:
        ModelError: if it is none, in what way.
        OSError: if it can't be read.
    """
    try:
        return dashboard(path.stem, json.loads(path.read_text()))
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise ModelError(f"{path}: no dashboard that the preview can read: {error!r}") from error


def dashboard(name: str, document: Mapping[str, Any]) -> Dashboard:
    """A dashboard from its decoded JSON."""
    return Dashboard(
        name=name,
        uid=document.get("uid") or name,
        title=document["title"],
        description=document.get("description") or "",
        panels=compact(_opened(document["panels"])),
        variables=tuple(map(_variable, (document.get("templating") or {}).get("list") or ())),
        annotations=tuple(_annotations((document.get("annotations") or {}).get("list") or ())),
        links=tuple(document.get("links") or ()),
        tags=tuple(document.get("tags") or ()),
    )


def compact(panels: Iterable[Panel]) -> tuple[Panel, ...]:
    """The panels moved up as far as there is room above them, which is how Grafana lays them out."""
    heights = [0] * COLUMNS  # how far down each column is taken
    laid = []
    for panel in sorted(panels, key=lambda panel: (panel.grid.y, panel.grid.x)):
        columns = range(panel.grid.x, min(panel.grid.x + panel.grid.width, COLUMNS))
        top = max(heights[column] for column in columns)
        for column in columns:
            heights[column] = top + panel.grid.height
        laid.append(replace(panel, grid=replace(panel.grid, y=top)))
    return tuple(laid)


def _opened(panels: list[Mapping[str, Any]]) -> Iterator[Panel]:
    """Every panel; rows that are closed are opened, and what is below them moves down."""
    down = 0
    for raw in panels:
        panel = _panel(raw)
        yield replace(panel, grid=panel.grid.down(down))
        inside = [_panel(one) for one in raw.get("panels") or ()]
        if inside:
            top, bottom = min(one.grid.y for one in inside), max(one.grid.y + one.grid.height for one in inside)
            shift = panel.grid.y + down + 1 - top
            yield from (replace(one, grid=one.grid.down(shift)) for one in inside)
            down += bottom - top


def _panel(raw: Mapping[str, Any]) -> Panel:
    grid, rules = raw.get("gridPos") or {}, raw.get("fieldConfig") or {}
    return Panel(
        title=raw.get("title") or "",
        kind=raw["type"],
        grid=Grid(grid.get("x", 0), grid.get("y", 0), grid.get("w", COLUMNS), grid.get("h", 1)),
        description=raw.get("description") or "",
        targets=tuple(_target(one) for one in raw.get("targets") or () if not one.get("hide")),
        fields=FieldRules(rules.get("defaults") or {}, tuple(rules.get("overrides") or ())),
        options=raw.get("options") or {},
        transformations=tuple(one for one in raw.get("transformations") or () if not one.get("disabled")),
        links=tuple(raw.get("links") or ()),
        points=raw.get("maxDataPoints"),
        interval=raw.get("interval") or "",
    )


def _target(raw: Mapping[str, Any]) -> Target:
    return Target(
        ref=raw.get("refId") or "A",
        expr=raw["expr"],
        legend=raw.get("legendFormat") or "",
        instant=bool(raw.get("instant")) and not raw.get("range"),
        format=raw.get("format") or "time_series",
        exemplar=bool(raw.get("exemplar")),
        interval=raw.get("interval") or "",
    )


def _variable(raw: Mapping[str, Any]) -> Variable:
    query = raw.get("query") or ""
    current = (raw.get("current") or {}).get("value")
    return Variable(
        name=raw["name"],
        kind=raw["type"],
        query=query if isinstance(query, str) else query.get("query") or "",
        label=raw.get("label") or raw["name"],
        current=tuple(current) if isinstance(current, list) else ((current,) if current else ()),
        regex=raw.get("regex") or "",
        multi=bool(raw.get("multi")),
        include_all=bool(raw.get("includeAll")),
        all_value=raw.get("allValue") or "",
        hidden=raw.get("hide") in {2, "hideVariable"},
    )


def _annotations(raws: Iterable[Mapping[str, Any]]) -> Iterator[Annotation]:
    for raw in raws:
        query = raw.get("target") or {}
        expr = raw.get("expr") or query.get("expr")
        if expr and raw.get("enable", True):
            yield Annotation(
                name=raw["name"],
                expr=expr,
                title=raw.get("titleFormat") or raw["name"],
                colour=raw.get("iconColor") or "blue",
                step=raw.get("step") or query.get("step") or "",
                value_is_time=raw.get("useValueForTime") in {True, "on"},
            )
