"""The measurements as a plot: time and memory over the predictions, both logarithmic."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter

from monitoring.volumes.ladder import AGAIN, LABELS, LINES, PARQUET, PRESET, RUN, WHOLE, Line

if TYPE_CHECKING:
    from collections.abc import Callable

    from matplotlib.axes import Axes

_INK, _SOFT, _MISSED = "#22282e", "#6b747c", "#c2452d"
_STYLES = {
    LINES: ("#7fb2c4", "s", "-"),
    LABELS: ("#1f6f8b", "^", "-"),
    PARQUET: ("#1f6f8b", "o", "--"),
    AGAIN: ("#5b8c5a", "o", "-"),
    RUN: ("#8a8f98", "D", "-"),
    WHOLE: ("#d98a3d", "*", ""),
    PRESET: (_MISSED, "s", "-"),
}


def draw(lines: Sequence[Line], machine: Mapping[str, str], path: Path) -> None:
    """Write the plot."""
    figure = Figure(figsize=(12, 5.2), dpi=130, layout="constrained")
    time, memory = figure.subplots(1, 2)
    _panel(
        time, lines, lambda line: line.cost.seconds, "seconds on the clock", (30, "goal of counting 100 million: 30 s")
    )
    _panel(memory, lines, lambda line: line.cost.bytes / 1e6, "MB resident at the peak", (1000, "and 1 GB"))
    time.set_ylim(0.5, 500)
    memory.set_ylim(50, 20_000)
    handles, labels = time.get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside right center", fontsize=9, frameon=False)
    said = f"{machine['cpu']}, {machine['cores']} cores, DuckDB {machine['duckdb']}, {machine['date']}"
    figure.supxlabel(said, x=0.01, ha="left", fontsize=8, color=_SOFT)
    figure.savefig(path, metadata={"Software": None})


def _panel(
    axes: "Axes", lines: Sequence[Line], value: "Callable[[Line], float]", unit: str, goal: tuple[float, str]
) -> None:
    for way, (colour, marker, dash) in _STYLES.items():
        own = [line for line in lines if line.way == way]
        good = [line for line in own if line.cost.failure is None]
        axes.plot(
            [line.rows for line in good],
            [value(line) for line in good],
            color=colour,
            marker=marker,
            linestyle=dash,
            markersize=13 if marker == "*" else 5,
            linewidth=1.8,
            label=way,
        )
        for line in own:
            if line.cost.failure is not None:
                axes.plot([line.rows], [value(line)], color=colour, marker="x", markersize=9, markeredgewidth=2)
                axes.annotate(
                    line.cost.failure,
                    (line.rows, value(line)),
                    xytext=(0, 8),
                    textcoords="offset points",
                    ha="center",
                    fontsize=8,
                    color=colour,
                )
    axes.set_xscale("log")
    axes.set_yscale("log")
    axes.axhline(goal[0], color=_SOFT, linewidth=1, linestyle=(0, (4, 3)))
    beside = axes.get_yaxis_transform()  # x as a part of the axes
    axes.text(0.01, goal[0] * 1.1, goal[1], transform=beside, fontsize=8, color=_SOFT)
    axes.set_xlabel("predictions", color=_SOFT, fontsize=9)
    axes.set_title(unit, loc="left", fontsize=11, color=_INK)
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_major_formatter(FuncFormatter(lambda number, _: f"{number:,.0f}"))
    axes.tick_params(labelsize=8, colors=_SOFT)
    axes.grid(color="#e6e9ec", linewidth=0.7)
    axes.spines[["top", "right"]].set_visible(False)
