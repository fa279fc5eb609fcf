"""A stat panel: each series as one large value, with its curve behind it where the panel asks for one."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from dashboards.preview import colours
from dashboards.preview.answers import Answer, Series
from dashboards.preview.drawing.drawing import Drawing, size
from dashboards.preview.fields import Field, Shown
from dashboards.preview.model import Panel
from dashboards.preview.reduction import reduce

_LARGEST, _SMALLEST = 54.0, 13.0  # pixels
_GLYPH = 0.64  # a character's width, in parts of its height
_WIDE = 1.7  # tiles stand side by side while they are at least so much wider than high


@dataclass(frozen=True)
class Tile:
    """One value: its name (empty where it isn't shown), how it looks, its height in pixels, and its curve (SVG points)."""

    name: str
    shown: Shown
    height: float
    background: str = ""
    ink: str = ""
    curve: str = ""
    area: str = ""


def reduced(panel: Panel, series: Series) -> float | None:
    """The one value of a series that the panel shows.

    Raises:
        ValueError: if the preview does not know the calculation.
    """
    calculations = (panel.options.get("reduceOptions") or {}).get("calcs") or ["lastNotNull"]
    return reduce(series.values, calculations[0])


def draw(panel: Panel, answer: Answer) -> Drawing:
    """Draw the panel; without a series it says that there is no data."""
    shown = [(series, series.field.show(reduced(panel, series))) for series in answer.series]
    if not shown:
        plain = panel.fields.of()
        shown = [(Series("", "", {}, (), (), 0.0, plain), plain.show(None))]
    columns, rows = _arranged(len(shown), panel)
    width, height = size(panel.grid)
    tile = (width / columns - 8, height / rows - 6)
    named = _names_shown(panel, len(shown))
    letters = max(len(one.text) for _, one in shown)
    lettering = max(_SMALLEST, min(_LARGEST, tile[1] * (0.42 if named else 0.6), tile[0] / (letters * _GLYPH)))
    tiles = [_tile(panel, series, one, lettering, named=named) for series, one in shown]
    empty = not any(one.known for _, one in shown)
    return Drawing("stat.html", {"tiles": tiles, "columns": columns}, empty=empty)


def _tile(panel: Panel, series: Series, shown: Shown, lettering: float, *, named: bool) -> Tile:
    mode = panel.options.get("colorMode") or "value"
    solid = mode.startswith("background")
    background = shown.colour if solid else ""
    ink = colours.readable_on(shown.colour) if solid else shown.colour if mode == "value" else colours.TEXT
    curve, area = ("", "")
    if panel.options.get("graphMode", "area") == "area" and len(series.known()) > 1:
        curve, area = _curve(series.times, series.values, series.field)
    return Tile(series.name if named else "", shown, lettering, background, ink, curve, area)


def _names_shown(panel: Panel, count: int) -> bool:
    mode = panel.options.get("textMode") or "auto"
    return "name" in mode or (mode == "auto" and count > 1)


def _arranged(count: int, panel: Panel) -> tuple[int, int]:
    """Columns and rows for so many tiles, by the panel's orientation or, where that is open, its shape."""
    orientation = panel.options.get("orientation") or "auto"
    if orientation == "horizontal":
        return 1, count
    if orientation == "vertical":
        return count, 1
    width, height = size(panel.grid)
    best = max(range(1, count + 1), key=lambda columns: _fit(width / columns, height / math.ceil(count / columns)))
    return best, math.ceil(count / best)


def _fit(width: float, height: float) -> float:
    return min(width / _WIDE, height)


def _curve(times: Sequence[float], values: Sequence[float], field: Field) -> tuple[str, str]:
    """The points of a line and of the area under it, in a square of 100; SVG stretches it over the tile."""
    known = [(time, value) for time, value in zip(times, values, strict=True) if math.isfinite(value)]
    start, end = known[0][0], known[-1][0]
    low = min(value for _, value in known) if field.least is None else field.least
    high = max(value for _, value in known) if field.most is None else field.most
    span: Any = high - low or 1.0
    points = [
        f"{100 * (time - start) / (end - start or 1):.1f},{95 - 90 * (value - low) / span:.1f}" for time, value in known
    ]
    line = " ".join(points)
    return line, f"0,100 {line} 100,100"
