"""A state timeline: what each series was, from when to when."""

import math
from collections.abc import Iterator
from typing import Any

from dashboards.preview import colours
from dashboards.preview.answers import Answer, Series
from dashboards.preview.drawing.drawing import MILLISECONDS, Drawing, LegendEntry, layout, size
from dashboards.preview.fields import Shown
from dashboards.preview.model import Panel

_GLYPH = 6.6  # pixels; a state's name is written where it fits


def draw(panel: Panel, answer: Answer) -> Drawing:
    """Draw the panel: a line for each series, the first on top; nothing is drawn where nothing is known."""
    names = list(dict.fromkeys(series.name for series in answer.series))
    width, _ = size(panel.grid)
    scale = width * 0.85 / max(answer.period.end - answer.period.start, 1.0)
    traces: dict[tuple[str, str], dict[str, Any]] = {}
    for series in answer.series:
        for begin, end, shown in runs(series):
            trace = traces.setdefault((shown.text, shown.colour), _trace(panel, shown))
            fits = (end - begin) * scale > len(shown.text) * _GLYPH and panel.options.get("showValue") != "never"
            trace["y"].append(names.index(series.name))
            trace["base"].append(begin * MILLISECONDS)
            trace["x"].append((end - begin) * MILLISECONDS)
            trace["text"].append(shown.text if fits else "")
            trace["customdata"].append(f"{series.name}: {shown.text}")
    figure = layout(panel, answer, hovermode="closest", barmode="overlay")
    figure["yaxis"] = {
        "tickvals": list(range(len(names))),
        "ticktext": names,
        "range": [len(names) - 0.5, -0.5],
        "automargin": True,
        "showgrid": False,
        "zeroline": False,
        "fixedrange": True,
        "tickfont": {"color": colours.TEXT},
    }
    options = panel.options.get("legend") or {}
    legend = [LegendEntry(text, colour, (), (number,)) for number, (text, colour) in enumerate(traces)]
    return Drawing(
        "chart.html",
        {"legend": legend if options.get("showLegend", True) else [], "table": [], "right": False},
        {"data": list(traces.values()), "layout": figure},
        answer.empty(),
    )


def runs(series: Series) -> Iterator[tuple[float, float, Shown]]:
    """From when to when (seconds) the series was what; each sample holds until the next one, or for a step."""
    open_run: tuple[float, float, Shown] | None = None
    for time, value in zip(series.times, series.values, strict=True):
        if math.isnan(value):
            continue
        shown = series.field.show(value)
        if open_run and open_run[2] == shown and time <= open_run[1] + series.step / 2:
            open_run = (open_run[0], time + series.step, shown)
            continue
        if open_run:
            yield open_run[0], min(open_run[1], time), open_run[2]
        open_run = (time, time + series.step, shown)
    if open_run:
        yield open_run


def _trace(panel: Panel, shown: Shown) -> dict[str, Any]:
    opacity = (panel.fields.of().custom.get("fillOpacity") or 70) / 100
    return {
        "type": "bar",
        "width": panel.options.get("rowHeight") or 0.9,
        "orientation": "h",
        "name": shown.text,
        "y": [],
        "base": [],
        "x": [],
        "text": [],
        "customdata": [],
        "hovertemplate": "%{customdata}<extra></extra>",
        "textposition": "inside",
        "insidetextanchor": "middle",
        "textangle": 0,
        "textfont": {"color": colours.readable_on(shown.colour)},
        "marker": {"color": shown.colour, "opacity": opacity, "line": {"width": 0}},
    }
