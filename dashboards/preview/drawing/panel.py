"""The drawing of a panel by its kind."""

from collections.abc import Callable

from dashboards.preview.answers import Answer
from dashboards.preview.drawing import bargauge, gauge, heatmap, stat, statetimeline, table, text, timeseries
from dashboards.preview.drawing.drawing import Drawing
from dashboards.preview.links import Links
from dashboards.preview.model import Panel

_CHARTS: dict[str, Callable[[Panel, Answer], Drawing]] = {
    "timeseries": timeseries.draw,
    "stat": stat.draw,
    "gauge": gauge.draw,
    "bargauge": bargauge.draw,
    "heatmap": heatmap.draw,
    "state-timeline": statetimeline.draw,
}


def draw(panel: Panel, answer: Answer, links: Links) -> Drawing:
    """Draw a panel.

    Raises:
        ValueError: if the preview knows no panels of its kind, or not what its configuration holds.
    """
    if panel.kind == "text":
        return text.draw(panel)
    if panel.kind == "table":
        return table.draw(panel, answer, links)
    if panel.kind not in _CHARTS:
        raise ValueError(f"the preview draws no panel of kind {panel.kind}")
    drawing = _CHARTS[panel.kind](panel, answer)
    if drawing.empty and drawing.figure is not None:
        return Drawing("empty.html", {"text": panel.fields.of().no_value}, empty=True)
    return drawing
