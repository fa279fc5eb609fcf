"""The comparison with the peers as a plot: throughput, memory and start-up of each."""

from pathlib import Path
from typing import TYPE_CHECKING

from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from load_tests import report
from load_tests.plots import BARE, INK, OURS, SOFT

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from load_tests.peers.measurement import Comparison
    from load_tests.report import Line

_VARIANTS = {"documented": "#dfc9a6", "tuned": "#b98a3e", "onnx": "#7d5a1e"}
_ROOM = 0.35  # beyond the longest bar, as a part of it, for the figure beside it


def peers(compared: "Comparison", machine: dict[str, str], path: Path) -> None:
    """Draw every contender as a bar in each of three panels, the fastest first."""
    lines = sorted(report.lines(compared.result), key=lambda line: -line.requests_per_second.median)
    figure = Figure(figsize=(13, 1.8 + 0.4 * len(lines)), dpi=150, layout="constrained")
    rate, memory, start = figure.subplots(1, 3, sharey=True, width_ratios=(2, 1, 1))
    _bars(rate, lines, [line.requests_per_second.median for line in lines], "requests/s, one flight each")
    for place, line in enumerate(lines):
        label = f"  {line.requests_per_second.median:,.0f}"
        if line.contender.foreign:
            label += f"   Puerta: {compared.times(line.contender.key).median:.1f} x"
        rate.text(line.requests_per_second.median, place, label, va="center", fontsize=9, color=INK)
    _bars(memory, lines, [line.rss_megabytes for line in lines], "resident memory, MB")
    _bars(start, lines, [line.first_answer_seconds or 0.0 for line in lines], "start to the first answer, s")
    for place, line in enumerate(lines):
        memory.text(line.rss_megabytes, place, f"  {line.rss_megabytes:,.0f}", va="center", fontsize=9, color=INK)
        first = line.first_answer_seconds
        if first is not None:
            start.text(first, place, f"  {first:.2g}", va="center", fontsize=9, color=INK)
    rate.set_yticks(range(len(lines)), [line.contender.title for line in lines], fontsize=9, color=INK)
    rate.set_ylim(len(lines) - 0.5, -0.5)
    title = "The same model and the same flights, on one core"
    figure.suptitle(title, x=0.01, ha="left", color=INK, fontsize=13, fontweight="bold")
    about = f"{machine['cpu']}, Python {machine['python']}, {machine['date']}"
    figure.supxlabel(about, x=0.01, ha="left", fontsize=8, color=SOFT)
    figure.savefig(path, metadata={"Software": None})


def _bars(axes: "Axes", lines: "list[Line]", values: list[float], title: str) -> None:
    axes.barh(range(len(lines)), values, color=[_colour(line) for line in lines], height=0.66)
    axes.set_xlim(0, max(values) * (1 + _ROOM))
    axes.xaxis.set_major_locator(MaxNLocator(4))
    axes.xaxis.set_major_formatter(lambda value, _: f"{value:,.0f}")
    axes.set_title(title, loc="left", fontsize=10, color=SOFT)
    for side in ("top", "right", "left"):
        axes.spines[side].set_visible(False)
    axes.spines["bottom"].set_color("#c9ced3")
    axes.tick_params(colors=SOFT, length=0)


def _colour(line: "Line") -> str:
    if line.contender.bare:
        return BARE
    return _VARIANTS.get(line.contender.key.rpartition("-")[2], OURS) if line.contender.foreign else OURS
