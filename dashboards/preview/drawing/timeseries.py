"""A time series panel: lines, points or bars, stacked or not, with thresholds, exemplars and annotations."""

import math
from collections.abc import Sequence
from itertools import pairwise
from typing import Any

from dashboards.preview import colours, units
from dashboards.preview.answers import Answer, Series
from dashboards.preview.drawing.drawing import MILLISECONDS, Drawing, LegendEntry, axis, layout, shapes
from dashboards.preview.fields import Field
from dashboards.preview.model import Panel
from dashboards.preview.reduction import WORDS, reduce

Axis = tuple[str, str]  # unit, and the side where it stands

_SHAPES = {"linear": "linear", "smooth": "spline", "stepAfter": "hv", "stepBefore": "vh"}
_HEADROOM = 0.06  # of the axis
_LABELLED = 5  # ticks
_EXEMPLAR = "#ff66ff"


def draw(panel: Panel, answer: Answer) -> Drawing:
    """Draw the panel; a gap is where nothing is known."""
    drawn = [series for series in answer.series if not _hidden(series, "viz")]
    axes = list(dict.fromkeys(_axis(series.field) for series in drawn)) or [("", "left")]
    bounds = [_bounds([series for series in drawn if _axis(series.field) == one]) for one in axes]
    figure = layout(panel, answer)
    traces: list[dict[str, Any]] = []
    legend: list[LegendEntry] = []
    for number, series in enumerate(drawn):
        colour, first = _colour(series, number), len(traces)
        traces += _traces(series, colour, _y(axes.index(_axis(series.field))), _stack(series, drawn))
        if not _hidden(series, "legend"):
            own = tuple(range(first, len(traces)))
            legend.append(LegendEntry(series.name, colour, _calculated(panel, series), own))
    for number, (one, (low, high)) in enumerate(zip(axes, bounds, strict=True), start=1):
        figure["yaxis" if number == 1 else f"yaxis{number}"] = _value_axis(drawn, one, low, high, number)
    if len({side for _, side in axes}) > 1:
        figure["margin"]["r"] = 30
    figure["shapes"] = [*shapes(answer.marks), *_thresholds(panel.fields.of(), *bounds[0])]
    figure["annotations"] = []
    traces += _exemplars(answer, panel.fields.of(), bounds[0][1])
    return Drawing(
        "chart.html",
        {"legend": legend if _shown(panel) else [], "table": _table(panel), "right": _right(panel)},
        {"data": traces, "layout": figure},
        answer.empty(),
    )


def _traces(series: Series, colour: str, y: str, stack: Sequence[Series]) -> list[dict[str, Any]]:
    """The series as Plotly's traces: one, or where it is filled one for each time without a gap (in its whole stack)."""
    custom, stacking = series.field.custom, series.field.custom.get("stacking") or {}
    times, values = with_gaps(series, join=bool(custom.get("spanNulls")))
    if custom.get("transform") == "negative-Y":
        values = [None if value is None else -value for value in values]
    style = _style(series, colour) | {"name": series.name, "yaxis": y, "hovertemplate": "%{text}"}
    if custom.get("drawStyle") == "bars" or not (stack or style.get("fill")):
        return [style | _points(series.field, times, values)]
    traces = []
    for number, (begin, end) in enumerate(_whole(stack or (series,), join=bool(custom.get("spanNulls")))):
        inside = [place for place, time in enumerate(times) if begin <= time <= end and values[place] is not None]
        if not inside or (times[inside[0]] == end > begin):
            continue  # it is not there, or comes just when the next time begins
        piece = _points(series.field, [times[place] for place in inside], [values[place] for place in inside])
        traces.append(style | piece)
        if stack:
            traces[-1].pop("fill", None)  # what is stacked is filled down to what it stands on
            traces[-1] |= {"stackgroup": f"{stacking.get('group') or 'A'} {y} {number}", "stackgaps": "infer zero"}
            traces[-1] |= {"groupnorm": "fraction"} if stacking["mode"] == "percent" else {}
    return traces


def _points(field: Field, times: Sequence[float], values: Sequence[float | None]) -> dict[str, Any]:
    return {"x": times, "y": values, "text": ["" if value is None else field.text(value) for value in values]}


def _style(series: Series, colour: str) -> dict[str, Any]:
    """How the series is drawn: bars, points, or a line that may be filled."""
    custom = series.field.custom
    if custom.get("drawStyle") == "bars":
        return {"type": "bar", "marker": {"color": colour}}
    only_points = custom.get("drawStyle") == "points"
    dots = only_points or custom.get("showPoints") == "always" or len(series.known()) == 1
    style: dict[str, Any] = {
        "type": "scatter",
        "mode": "markers" if only_points else "lines+markers" if dots else "lines",
        "line": {
            "color": colour,
            "width": custom.get("lineWidth", 1) + 0.5,
            "shape": _SHAPES.get(custom.get("lineInterpolation") or "linear", "linear"),
            "dash": "dash" if (custom.get("lineStyle") or {}).get("fill") == "dash" else "solid",
        },
        "marker": {"color": colour, "size": custom.get("pointSize") or 5},
        "connectgaps": bool(custom.get("spanNulls")),
    }
    if custom.get("fillOpacity"):
        style |= {"fill": "tozeroy", "fillcolor": colours.faded(colour, custom["fillOpacity"] / 100)}
    return style


def _stack(series: Series, drawn: Sequence[Series]) -> list[Series]:
    """The series that this one is stacked with, itself among them; none where it is not stacked."""

    def stacking(one: Series) -> tuple[str, str, Axis]:
        own = one.field.custom.get("stacking") or {}
        return own.get("mode") or "none", own.get("group") or "A", _axis(one.field)

    own = stacking(series)
    return [] if own[0] not in {"normal", "percent"} else [one for one in drawn if stacking(one) == own]


def _whole(stack: Sequence[Series], *, join: bool) -> list[tuple[float, float]]:
    """From when to when (milliseconds) the same series of a stack are known without a gap.

    Two such times meet where a series comes or goes: nobody draws it where it is not, least of all as a zero.
    """
    known: dict[float, set[int]] = {}
    for number, one in enumerate(stack):
        for time, value in zip(one.times, one.values, strict=True):
            if math.isfinite(value):
                known.setdefault(time, set()).add(number)
    most = math.inf if join else 1.5 * max(one.step for one in stack)
    times = sorted(known)
    runs = [(time, time) for time in times[:1]]
    for before, time in pairwise(times):
        meets = time - before <= most
        if meets:
            runs[-1] = (runs[-1][0], time)
        if not meets or known[before] != known[time]:
            runs.append((time, time))
    return [(begin * MILLISECONDS, end * MILLISECONDS) for begin, end in runs]


def _y(number: int) -> str:
    return f"y{number + 1}" if number else "y"


def with_gaps(series: Series, *, join: bool = False) -> tuple[list[float], list[float | None]]:
    """Times in milliseconds, and values; None where one is missing or NaN, so that no line crosses what is unknown."""
    times: list[float] = []
    values: list[float | None] = []
    for time, value in zip(series.times, series.values, strict=True):
        if not join and times and series.step and time - times[-1] / MILLISECONDS > 1.5 * series.step:
            times.append(times[-1] + series.step * MILLISECONDS)
            values.append(None)
        times.append(time * MILLISECONDS)
        values.append(None if math.isnan(value) or math.isinf(value) else value)
    return times, values


def _axis(field: Field) -> Axis:
    return field.unit, "right" if field.custom.get("axisPlacement") == "right" else "left"


def _bounds(group: Sequence[Series]) -> tuple[float, float]:
    """Where a value axis begins and ends: all the values, the field's own limits, and room above."""
    fields = [series.field for series in group]
    values = [value for series in group for value in series.known() if not math.isinf(value)]
    if any((field.custom.get("transform")) == "negative-Y" for field in fields):
        values += [-value for value in values]
    stacks = [series for series in group if (series.field.custom.get("stacking") or {}).get("mode") == "normal"]
    values += _heights(stacks)
    values += [
        field.custom[soft]
        for field in fields
        for soft in ("axisSoftMin", "axisSoftMax")
        if _number(field.custom.get(soft))
    ]
    least = [field.least for field in fields if field.least is not None]
    most = [field.most for field in fields if field.most is not None]
    low, high = (min(values), max(values)) if values else (0.0, 1.0)
    low, high = max(low, min(least, default=low)), min(high, max(most, default=high))
    if 0 < low < high / 2:
        low = 0.0
    if low == high:
        low, high = (0.0, high * 2) if high > 0 else (low * 2, 0.0) if low < 0 else (0.0, 1.0)
    high += (high - low) * _HEADROOM
    low -= (high - low) * _HEADROOM if low < 0 else 0.0
    return (min(least) if least else low), (max(most) if most else high)


def _heights(stacks: Sequence[Series]) -> list[float]:
    """How high the stacked series reach together, at each time."""
    total: dict[float, float] = {}
    for series in stacks:
        for time, value in zip(series.times, series.values, strict=True):
            if not math.isnan(value):
                total[time] = total.get(time, 0.0) + value
    return list(total.values())


def _value_axis(drawn: Sequence[Series], one: Axis, low: float, high: float, number: int) -> dict[str, Any]:
    unit, side = one
    own = [series.field for series in drawn if _axis(series.field) == one]
    label = next((field.custom["axisLabel"] for field in own if field.custom.get("axisLabel")), None)
    more: dict[str, Any] = {"side": side}
    if label:
        more["title"] = {"text": label, "font": {"size": 11}, "standoff": 6}
    if number > 1:
        more |= {"overlaying": "y", "anchor": "x", "showgrid": False}
    if any((field.custom.get("scaleDistribution") or {}).get("type") == "log" for field in own):
        return _logarithmic(own, drawn, one, high) | more
    return axis(units.ticks(low, high, unit, _LABELLED), low, high, **more)


def _logarithmic(own: Sequence[Field], drawn: Sequence[Series], one: Axis, high: float) -> dict[str, Any]:
    """A logarithmic axis; what is 0 or less has no place on it, as in Grafana."""
    positive = [value for series in drawn if _axis(series.field) == one for value in series.known() if value > 0]
    bottom = math.floor(math.log10(min(positive))) if positive else -1
    top = max(math.log10(high), bottom + 1) if high > 0 else bottom + 1
    ticks = [(10.0**power, units.show(10.0**power, own[0].unit)) for power in range(bottom, math.floor(top) + 1)]
    return axis(ticks, bottom, top, type="log")


def _colour(series: Series, number: int) -> str:
    field = series.field
    if field.colour_mode in {"fixed", "shades"} and field.fixed_colour:
        return colours.hexadecimal(field.fixed_colour)
    known = series.known()
    if (field.colour_mode == "thresholds" or field.colour_mode.startswith("continuous")) and known:
        return field.colour(known[-1])
    return colours.of_series(number)


def _thresholds(field: Field, low: float, high: float) -> list[dict[str, Any]]:
    """Lines at the thresholds and shades above them, where the panel asks for them."""
    mode = (field.custom.get("thresholdsStyle") or {}).get("mode") or "off"
    steps, drawn = field.thresholds.absolute(low, high), []
    for number, step in enumerate(steps):
        colour = colours.hexadecimal(step.colour)
        whole = {"xref": "paper", "x0": 0, "x1": 1, "yref": "y"}
        if "area" in mode:
            end = steps[number + 1].least if number + 1 < len(steps) else high
            shade = {"fillcolor": colours.faded(colour, 0.08), "line": {"width": 0}, "layer": "below"}
            drawn.append({"type": "rect", **whole, "y0": max(step.least, low), "y1": min(end, high), **shade})
        if ("line" in mode or "dashed" in mode) and low < step.least < high:
            line = {"color": colour, "width": 1.2, "dash": "dash" if "dashed" in mode else "solid"}
            drawn.append({"type": "line", **whole, "y0": step.least, "y1": step.least, "line": line, "layer": "below"})
    return drawn


def _exemplars(answer: Answer, field: Field, high: float) -> list[dict[str, Any]]:
    seen = [one for one in answer.exemplars if one.value <= high]
    if not seen:
        return []
    labels = [", ".join(f"{name} {value}" for name, value in one.labels.items()) for one in seen]
    return [
        {
            "type": "scatter",
            "mode": "markers",
            "name": "exemplar",
            "x": [one.time * MILLISECONDS for one in seen],
            "y": [one.value for one in seen],
            "text": [f"{field.text(one.value)} · {label}" for one, label in zip(seen, labels, strict=True)],
            "hovertemplate": "%{text}",
            "marker": {"symbol": "diamond", "size": 6, "color": colours.faded(_EXEMPLAR, 0.75)},
        }
    ]


def _calculated(panel: Panel, series: Series) -> tuple[str, ...]:
    found = (reduce(series.values, how) for how in (panel.options.get("legend") or {}).get("calcs") or ())
    return tuple(series.field.text(value) for value in found)


def _table(panel: Panel) -> list[str]:
    """The headings of a legend that is a table."""
    options = panel.options.get("legend") or {}
    return [WORDS[how] for how in options.get("calcs") or ()] if options.get("displayMode") == "table" else []


def _shown(panel: Panel) -> bool:
    options = panel.options.get("legend") or {}
    return bool(options.get("showLegend", True)) and options.get("displayMode") != "hidden"


def _right(panel: Panel) -> bool:
    return bool((panel.options.get("legend") or {}).get("placement") == "right")


def _hidden(series: Series, where: str) -> bool:
    return bool((series.field.custom.get("hideFrom") or {}).get(where))


def _number(value: object) -> bool:
    return isinstance(value, int | float)
