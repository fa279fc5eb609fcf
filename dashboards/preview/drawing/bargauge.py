"""A bar gauge: each series as a bar between the field's least and most."""

from dataclasses import dataclass

from dashboards.preview.answers import Answer, Series
from dashboards.preview.drawing.drawing import Drawing
from dashboards.preview.drawing.stat import reduced
from dashboards.preview.fields import Field, Shown
from dashboards.preview.model import Panel


@dataclass(frozen=True)
class Bar:
    """One bar: ``part`` is how much of it is filled, in percent."""

    name: str
    shown: Shown
    part: float


def draw(panel: Panel, answer: Answer) -> Drawing:
    """Draw the panel; where the field has no most, the longest bar is the whole."""
    values = [(series, reduced(panel, series)) for series in answer.series]
    longest = max((value for _, value in values if value is not None and value == value), default=0.0)  # noqa: PLR0124 - NaN
    bars = [_bar(series, value, longest) for series, value in values]
    if not bars:
        return Drawing("empty.html", {"text": panel.fields.of().no_value}, empty=True)
    return Drawing("bargauge.html", {"bars": bars, "gradient": _gradient(panel)}, empty=answer.empty())


def _bar(series: Series, value: float | None, longest: float) -> Bar:
    field: Field = series.field
    shown = field.show(value)
    low = 0.0 if field.least is None else field.least
    high = longest if field.most is None else field.most
    part = (value - low) / (high - low) if value is not None and shown.known and high > low else 0.0
    return Bar(series.name, shown, 100 * min(max(part, 0.0), 1.0))


def _gradient(panel: Panel) -> bool:
    return bool(panel.options.get("displayMode", "gradient") == "gradient")
