"""The plots of the reports."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from matplotlib.figure import Figure
from matplotlib.ticker import LogLocator, MaxNLocator

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from load_tests.memory import Memory
    from load_tests.report import Line

OURS = "#1f6f8b"
BARE = "#b8bfc6"
INK = "#22282e"
SOFT = "#6b747c"
MISSED = "#c2452d"
PERCENTILES = (("p50", "o"), ("p90", "D"), ("p99", "s"))


def benchmark(lines: Sequence["Line"], machine: dict[str, str], path: Path) -> None:
    """Draw requests per second with ratios, latency percentiles, and rows per CPU second of the batches."""
    single = [line for line in lines if line.contender.load.rows == 1]
    batch = [line for line in lines if line.contender.load.rows > 1]
    heights = [max(1, len(group)) for group in (single, batch) if group]
    figure = Figure(figsize=(11, 1.6 + 0.62 * sum(heights) + 0.5 * len(heights)), dpi=150, layout="constrained")
    grid = figure.add_gridspec(len(heights), 2, width_ratios=(3, 2), height_ratios=[height + 1.2 for height in heights])
    row = 0
    for group in (single, batch):
        if group:
            _throughput(figure.add_subplot(grid[row, 0]), group)
            _latency(figure.add_subplot(grid[row, 1]), group)
            row += 1
    figure.suptitle("One server core, wrk on the other", x=0.01, ha="left", color=INK, fontsize=13, fontweight="bold")
    figure.supxlabel(
        f"{machine['cpu']}, Python {machine['python']}, {machine['date']}", x=0.01, ha="left", fontsize=8, color=SOFT
    )
    figure.savefig(path, metadata={"Software": None})


def memory(measured: "Memory", machine: dict[str, str], path: Path) -> None:
    """Draw resident memory against requests answered, with the limit."""
    figure = Figure(figsize=(9, 4), dpi=150, layout="constrained")
    axes = figure.add_subplot()
    requests = [sample.requests / 1e3 for sample in measured.samples]
    axes.plot(
        requests,
        [sample.rss_bytes / 1e6 for sample in measured.samples],
        color=OURS,
        linewidth=1.8,
        marker="o",
        markersize=3,
    )
    limit = measured.limit_bytes / 1e6
    axes.axhline(limit, color=MISSED, linewidth=1, linestyle=(0, (4, 3)))
    beside = axes.get_yaxis_transform()  # x as a part of the axes, y in megabytes
    axes.text(1.01, limit, f"limit\n{limit:.0f} MB", transform=beside, va="center", color=MISSED, fontsize=9)
    axes.set_ylim(0, max(limit, measured.peak_bytes / 1e6) * 1.15)
    axes.set_xlim(left=0)
    axes.set_xlabel("thousand requests answered", color=SOFT)
    axes.set_ylabel("resident, MB", color=SOFT)
    axes.set_title(
        f"One instance, both models: {measured.samples[-1].rss_bytes / 1e6:.1f} MB at the end, {measured.growth}",
        loc="left", color=INK, fontsize=12, fontweight="bold",
    )  # fmt: skip
    plain(axes)
    axes.grid(axis="y", color="#e6e9ec", linewidth=0.8)
    figure.supxlabel(
        f"{machine['cpu']}, Python {machine['python']}, {machine['date']}", x=0.01, ha="left", fontsize=8, color=SOFT
    )
    figure.savefig(path, metadata={"Software": None})


def _throughput(axes: "Axes", lines: Sequence["Line"]) -> None:
    batch = lines[0].contender.load.rows > 1
    spreads = [line.rows_per_cpu_second if batch else line.requests_per_second for line in lines]
    places = range(len(lines))
    medians = [spread.median for spread in spreads]
    errors = [[s.median - s.low for s in spreads], [s.high - s.median for s in spreads]]
    colours = [BARE if line.contender.bare else OURS for line in lines]
    axes.barh(
        places,
        medians,
        color=colours,
        height=0.62,
        xerr=errors,
        error_kw={"ecolor": SOFT, "elinewidth": 1, "capsize": 0},
    )
    for place, line, spread in zip(places, lines, spreads, strict=True):
        text = (
            f"  {spread.median:,.0f}"
            if line.ratio is None
            else f"  {spread.median:,.0f}   {line.ratio.median:.2f} of its ceiling"
        )
        axes.text(
            spread.high, place, text, va="center", ha="left", fontsize=9, color=MISSED if line.met is False else INK
        )
    axes.set_yticks(places, [line.contender.title for line in lines], fontsize=9, color=INK)
    axes.invert_yaxis()
    axes.set_xlim(0, max(spread.high for spread in spreads) * 1.55)
    axes.set_title(
        "rows per CPU second" if batch else "requests per second, one flight each", loc="left", fontsize=10, color=SOFT
    )
    axes.xaxis.set_major_locator(MaxNLocator(5))
    axes.xaxis.set_major_formatter(lambda value, _: f"{value:,.0f}")
    plain(axes)


def _latency(axes: "Axes", lines: Sequence["Line"]) -> None:
    for place, line in enumerate(lines):
        colour = SOFT if line.contender.bare else OURS
        values = [line.latency_ms[name] for name, _ in PERCENTILES]
        axes.plot(values, [place] * len(values), color=colour, linewidth=1, zorder=1)
        for (name, marker), value in zip(PERCENTILES, values, strict=True):
            axes.scatter(value, place, marker=marker, s=26, color=colour, zorder=2, label=name if place == 0 else None)
    axes.set_yticks([])
    axes.set_ylim(len(lines) - 0.5, -0.5)
    axes.set_xscale("log")
    axes.xaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
    axes.xaxis.set_major_formatter(lambda value, _: f"{value:g}")
    axes.minorticks_off()
    axes.grid(axis="x", color="#e6e9ec", linewidth=0.8)
    axes.legend(
        frameon=False, fontsize=8, ncols=3, loc="lower right", bbox_to_anchor=(1, 1), borderaxespad=0.2,
        handletextpad=0.1, columnspacing=0.8,
    )  # fmt: skip
    axes.set_title("latency, ms, log scale", loc="left", fontsize=10, color=SOFT)
    plain(axes)


def plain(axes: "Axes") -> None:
    """Take off what an axis does not need."""
    for side in ("top", "right", "left"):
        axes.spines[side].set_visible(False)
    axes.spines["bottom"].set_color("#c9ced3")
    axes.tick_params(colors=SOFT, length=0)
