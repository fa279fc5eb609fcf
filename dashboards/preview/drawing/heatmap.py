"""A heatmap of a histogram's buckets: how many observations were between two bounds, over time."""

import math
from collections.abc import Sequence
from itertools import pairwise
from typing import Any

from dashboards.preview import colours, units
from dashboards.preview.answers import Answer, Series
from dashboards.preview.drawing.drawing import MILLISECONDS, Drawing, axis, layout, shapes
from dashboards.preview.model import Panel

_SCALES = {  # from few to many, on a dark ground
    "Oranges": ("#2b1d14", "#7f2704", "#d94801", "#fd8d3c", "#fdd0a2"),
    "Blues": ("#14202e", "#08519c", "#3182bd", "#6baed6", "#c6dbef"),
    "Greens": ("#16261a", "#006d2c", "#31a354", "#74c476", "#c7e9c0"),
    "Reds": ("#2b1616", "#a50f15", "#de2d26", "#fb6a4a", "#fcbba1"),
    "Purples": ("#1f1a2b", "#54278f", "#756bb1", "#9e9ac8", "#dadaeb"),
}
_NAMED = [
    "Turbo",
    "Viridis",
    "Plasma",
    "Inferno",
    "Magma",
    "Cividis",
    "Spectral",
    "RdYlGn",
    "RdYlBu",
    "YlOrRd",
    "YlOrBr",
    "YlGnBu",
]
_LABELLED = 12  # bounds at most
_EXEMPLAR = "#ff66ff"


def draw(panel: Panel, answer: Answer) -> Drawing:
    """Draw the panel: a row for each bucket from below, each cell what was in that bucket alone.

    Raises:
        ValueError: if a series has no bound (label ``le``).
    """
    buckets = sorted(answer.series, key=_bound)
    bounds = [_bound(series) for series in buckets]
    field, options = panel.fields.of(), panel.options
    unit = (options.get("yAxis") or {}).get("unit") or field.unit
    times = _times(buckets)
    least = (options.get("filterValues") or {}).get("le", 1e-9)
    cells = _cells(buckets, times, least)
    figure = layout(panel, answer, hovermode="closest")
    every = math.ceil(len(bounds) / _LABELLED) or 1
    edges = [(number + 0.5, units.show(bound, unit)) for number, bound in enumerate(bounds) if not number % every]
    figure["yaxis"] = axis(edges, -0.5, len(bounds) - 0.5, showgrid=False)
    figure["xaxis"]["showgrid"] = False
    figure["shapes"] = [*shapes(answer.marks), *_thresholds(panel, bounds)]
    heat = {
        "type": "heatmap",
        "x": [time * MILLISECONDS for time in times],
        "y": list(range(len(bounds))),
        "z": [[None if cell is None else cell ** _exponent(panel) for cell in row] for row in cells],
        "text": [[_hover(cell, bounds, number, unit) for cell in row] for number, row in enumerate(cells)],
        "hovertemplate": "%{text}<br>%{x|%H:%M:%S}<extra></extra>",
        "colorscale": _scale(panel),
        "showscale": False,
        "xgap": 1,
        "ygap": 1,
        "hoverongaps": False,
    }
    return Drawing(
        "chart.html",
        {"legend": [], "table": [], "right": False},
        {"data": [heat, *_exemplars(answer, bounds, unit)], "layout": figure},
        answer.empty(),
    )


def place(value: float, bounds: Sequence[float]) -> float:
    """Where a value stands on the axis on which bucket n reaches from n - 0.5 to n + 0.5."""
    low = 0.0
    for number, bound in enumerate(bounds):
        if value <= bound:
            part = (value - low) / (bound - low) if math.isfinite(bound) and bound > low else 0.5
            return number - 0.5 + min(max(part, 0.0), 1.0)
        low = bound
    return len(bounds) - 0.5


def _times(buckets: Sequence[Series]) -> list[float]:
    """Every time that is known, and where each gap begins and ends: a cell reaches half way to the next one."""
    known = sorted({time for series in buckets for time in series.times})
    step = max((series.step for series in buckets), default=0.0)
    gaps = [edge for one, other in pairwise(known) if other - one > 1.5 * step for edge in (one + step, other - step)]
    return sorted({*known, *gaps}) if step else known


def _cells(buckets: Sequence[Series], times: Sequence[float], least: float) -> list[list[float | None]]:
    """A row a bucket, a column a time: cumulative buckets taken apart; None where there is nothing to see."""
    rows = []
    below: dict[float, float] = {}
    for series in buckets:
        here = dict(zip(series.times, series.values, strict=True))
        row: list[float | None] = []
        for time in times:
            alone = here.get(time, math.nan) - below.get(time, 0.0)
            row.append(alone if alone > least else None)
        rows.append(row)
        below = here
    return rows


def _bound(series: Series) -> float:
    if "le" not in series.labels:
        raise ValueError(f"a heatmap needs buckets: the series {series.name} has no label le")
    return float(series.labels["le"])


def _exponent(panel: Panel) -> float:
    colour = panel.options.get("color") or {}
    return float(colour.get("exponent") or 0.5) if colour.get("scale", "exponential") == "exponential" else 1.0


def _scale(panel: Panel) -> Any:
    scheme = (panel.options.get("color") or {}).get("scheme") or "Oranges"
    if scheme in _NAMED:
        return scheme
    shades = _SCALES.get(scheme, _SCALES["Oranges"])
    return [[number / (len(shades) - 1), shade] for number, shade in enumerate(shades)]


def _hover(cell: float | None, bounds: Sequence[float], number: int, unit: str) -> str:
    low = bounds[number - 1] if number else 0.0
    return (
        ""
        if cell is None
        else f"{units.show(low, unit)} to {units.show(bounds[number], unit)}: {units.show(cell, 'short')}"
    )


def _thresholds(panel: Panel, bounds: Sequence[float]) -> list[dict[str, Any]]:
    steps = panel.fields.of().thresholds.steps
    return [
        {
            "type": "line",
            "xref": "paper",
            "x0": 0,
            "x1": 1,
            "yref": "y",
            "y0": place(step.least, bounds),
            "y1": place(step.least, bounds),
            "line": {"color": colours.hexadecimal(step.colour), "width": 1.5, "dash": "dash"},
        }
        for step in steps
        if bounds and 0 < step.least <= bounds[-1]
    ]


def _exemplars(answer: Answer, bounds: Sequence[float], unit: str) -> list[dict[str, Any]]:
    if not answer.exemplars:
        return []
    texts = [
        "<br>".join((units.show(one.value, unit), *(f"{name} {value}" for name, value in one.labels.items())))
        for one in answer.exemplars
    ]
    return [
        {
            "type": "scatter",
            "mode": "markers",
            "name": "exemplar",
            "text": texts,
            "x": [one.time * MILLISECONDS for one in answer.exemplars],
            "y": [place(one.value, bounds) for one in answer.exemplars],
            "hovertemplate": "%{text}<extra></extra>",
            "marker": {"symbol": "diamond", "size": 6, "color": colours.faded(_EXEMPLAR, 0.75)},
        }
    ]
