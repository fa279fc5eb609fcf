"""What is drawn of a panel: a template and what it is filled with, often a chart of Plotly's."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from dashboards.preview import colours
from dashboards.preview.answers import Answer, Mark
from dashboards.preview.model import Grid, Panel

MILLISECONDS = 1000.0
TIME_TICKS = ({"dtickrange": [None, 60_000], "value": "%H:%M:%S"}, {"dtickrange": [60_000, None], "value": "%H:%M"})
DAY_TICKS = (
    {"dtickrange": [None, 86_400_000], "value": "%d %b %H:%M"},
    {"dtickrange": [86_400_000, None], "value": "%d %b"},
)

_CELL, _GAP, _HEAD, _PAGE = 30, 8, 34, 1368  # pixels: a row of the grid, between two, a panel's head, the page's width
_A_DAY = 86_400
_TICK = 85  # pixels that a time beside an axis takes


@dataclass(frozen=True)
class Drawing:
    """A template's name and what it is filled with.

    ``figure`` is a chart as Plotly's JSON has it, ``empty`` says that nobody knows anything of the panel.
    """

    template: str
    content: Mapping[str, Any] = field(default_factory=dict)
    figure: Mapping[str, Any] | None = None
    empty: bool = False


@dataclass(frozen=True)
class LegendEntry:
    """A line of a chart's legend: a name, its colour, and what was calculated; ``traces`` are those that it switches."""

    name: str
    colour: str
    values: Sequence[str] = ()
    traces: Sequence[int] = ()


def size(grid: Grid) -> tuple[float, float]:
    """Width and height in pixels of what is inside a panel."""
    width = (_PAGE + _GAP) * grid.width / 24 - _GAP
    return width - 20, grid.height * (_CELL + _GAP) - _GAP - _HEAD


def layout(panel: Panel, answer: Answer, **more: Any) -> dict[str, Any]:
    """Plotly's layout that every chart over time shares; times are UTC."""
    period = answer.period
    return {
        "paper_bgcolor": colours.PANEL,
        "plot_bgcolor": colours.PANEL,
        "font": {"color": colours.MUTED, "size": 11, "family": "inherit"},
        "margin": {"l": 8, "r": 10, "t": 6, "b": 6, "pad": 3},
        "showlegend": False,
        "hovermode": "x unified",
        "hoverlabel": {"bgcolor": "#22252b", "bordercolor": colours.LINE, "font": {"color": colours.TEXT, "size": 11}},
        "xaxis": {
            "type": "date",
            "range": [period.start * MILLISECONDS, period.end * MILLISECONDS],
            "gridcolor": colours.LINE,
            "linecolor": colours.LINE,
            "zeroline": False,
            "automargin": True,
            "nticks": max(3, int(size(panel.grid)[0] / _TICK)),
            "tickangle": 0,
            "tickformatstops": list(DAY_TICKS if period.end - period.start > 2 * _A_DAY else TIME_TICKS),
        },
        **more,
    }


def axis(ticks: Sequence[tuple[float, str]], low: float, high: float, **more: Any) -> dict[str, Any]:
    """Plotly's value axis with these ticks."""
    return {
        "range": [low, high],
        "tickvals": [value for value, _ in ticks],
        "ticktext": [text for _, text in ticks],
        "gridcolor": colours.LINE,
        "linecolor": colours.LINE,
        "zeroline": False,
        "automargin": True,
        "fixedrange": True,
        **more,
    }


def shapes(marks: Sequence[Mark]) -> list[dict[str, Any]]:
    """What annotations mark: a dashed line where it begins, and a shade until it ends."""
    drawn = []
    for mark in _joined(marks):
        colour, start = colours.hexadecimal(mark.colour), mark.start * MILLISECONDS
        whole = {"xref": "x", "yref": "paper", "y0": 0, "y1": 1, "layer": "below"}
        if mark.end > mark.start:
            shade = {"fillcolor": colours.faded(colour, 0.07), "line": {"width": 0}}
            drawn.append({"type": "rect", "x0": start, "x1": mark.end * MILLISECONDS, **whole, **shade})
        drawn.append(
            {"type": "line", "x0": start, "x1": start, **whole, "line": {"color": colour, "width": 1, "dash": "dash"}}
        )
    return drawn


def _joined(marks: Sequence[Mark]) -> list[Mark]:
    """Marks of one annotation that overlap, as one: many alerts at a time are not redder than one."""
    joined: list[Mark] = []
    for mark in sorted(marks, key=lambda mark: (mark.source, mark.start)):
        last = joined[-1] if joined else None
        if last and last.source == mark.source and mark.start <= last.end:
            joined[-1] = replace(last, end=max(last.end, mark.end))
        else:
            joined.append(mark)
    return joined
