"""A gauge: each series as an arc between the field's least and most, the thresholds around it."""

from dataclasses import dataclass
from math import cos, pi, sin

from dashboards.preview import colours
from dashboards.preview.answers import Answer
from dashboards.preview.drawing.drawing import Drawing
from dashboards.preview.drawing.stat import reduced
from dashboards.preview.fields import Field, Shown
from dashboards.preview.model import Panel

_BEGIN, _END = 1.15 * pi, -0.15 * pi  # radians, against the clock from the right


@dataclass(frozen=True)
class Dial:
    """One gauge: SVG paths of the arc that is filled, the arc behind it, and the thresholds' arcs with their colours."""

    name: str
    shown: Shown
    filled: str
    behind: str
    steps: tuple[tuple[str, str], ...]


def draw(panel: Panel, answer: Answer) -> Drawing:
    """Draw the panel; without a series the dial is empty and says so."""
    dials = [
        _dial(series.name if len(answer.series) > 1 else "", series.field, reduced(panel, series))
        for series in answer.series
    ] or [_dial("", panel.fields.of(), None)]
    return Drawing("gauge.html", {"dials": dials}, empty=answer.empty())


def _dial(name: str, field: Field, value: float | None) -> Dial:
    low, high = 0.0 if field.least is None else field.least, 100.0 if field.most is None else field.most

    def part(number: float) -> float:
        return min(max((number - low) / ((high - low) or 1.0), 0.0), 1.0)

    steps = field.thresholds.absolute(low, high)
    ends = (*(step.least for step in steps[1:]), high)[: len(steps)]
    outer = tuple(
        (_arc(part(step.least), part(end), 92), colours.hexadecimal(step.colour))
        for step, end in zip(steps, ends, strict=True)
        if part(end) > part(step.least)
    )
    shown = field.show(value)
    filled = _arc(0.0, part(value), 78) if value is not None and shown.known else ""
    return Dial(name, shown, filled, _arc(0.0, 1.0, 78), outer)


def _arc(begin: float, end: float, radius: float) -> str:
    """An SVG path from ``begin`` to ``end`` (parts of the dial) around 100, 100."""
    first, last = (_BEGIN + (_END - _BEGIN) * place for place in (begin, end))
    large = int(abs(last - first) > pi)
    (x, y), (to_x, to_y) = ((100 + radius * cos(angle), 100 - radius * sin(angle)) for angle in (first, last))
    return f"M{x:.1f},{y:.1f} A{radius:g},{radius:g} 0 {large} 1 {to_x:.1f},{to_y:.1f}"
