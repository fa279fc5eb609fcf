"""The plots of a scenario's page, as SVG."""

import io
from collections.abc import Callable, Sequence
from itertools import cycle
from pathlib import Path
from typing import TYPE_CHECKING, Any

import matplotlib as mpl
from matplotlib.figure import Figure
from matplotlib.ticker import LogLocator

from load_tests.plots import INK, MISSED, OURS, SOFT
from load_tests.scenarios import parts
from load_tests.scenarios.judging import MEMORY_BYTES, percentile
from load_tests.scenarios.running import Run

if TYPE_CHECKING:
    from matplotlib.axes import Axes

COLOURS = (OURS, "#d08c2f", "#7a5195", "#4f8f4f", "#b8485b", "#8a8f98")
PERCENTILES = ((50.0, "#9cc6d4"), (90.0, OURS), (99.0, "#173f4d"))
_MOST_LINES = 8
# Texts stay texts, in the reader's own font; names of shapes are the same in every run.
_STYLE: dict[Any, Any] = {"svg.fonttype": "none", "svg.hashsalt": "puerta", "font.family": "sans-serif", "font.size": 9}


def all_of(run: Run) -> list[tuple[str, str]]:
    """Every plot there is something to draw of: its title and its SVG."""
    plots: list[tuple[str, Callable[[Axes, Run], None], bool]] = [
        ("Requests answered, a second", _throughput, True),
        ("Latency over time, ms" + _seen_by(run), _over_time, True),
        ("Latency: the part of the requests that took at most so long, ms", _cdf, True),
        ("CPU: cores that each part kept busy", _cpu, bool(run.looks)),
        ("Resident memory of each part, MB", _memory, bool(run.looks)),
    ]
    with mpl.rc_context(_STYLE):
        return [(title, _svg(run, draw)) for title, draw, there in plots if there]


def _seen_by(run: Run) -> str:
    probe = next((one.probe for one in run.outcomes if one.probe and one.probe.pace), None)
    if probe is None or probe.pace is None:
        return ""
    return f" (of {probe.pace.rate:.0f} requests a second at a constant rate, beside the closed loop)"


def summary(run: Run, headline: str, machine: dict[str, str], path: Path) -> None:
    """One picture of a run, for where a page can't be shown: throughput, latency over time, and its distribution."""
    with mpl.rc_context(_STYLE):
        figure = Figure(figsize=(13, 3.9), dpi=130, layout="constrained")
        for place, (title, draw) in enumerate(
            (("answers a second", _throughput), ("latency over time, ms", _over_time), ("took at most, ms", _cdf)),
            start=1,
        ):
            axes = figure.add_subplot(1, 3, place)
            draw(axes, run)
            _plain(axes)
            axes.set_title(title, loc="left", fontsize=9, color=SOFT, pad=18)
        figure.suptitle(
            f"{run.scenario.title}; {headline}", x=0.01, ha="left", color=INK, fontsize=12, fontweight="bold"
        )
        figure.supxlabel(f"{machine['cpu']}, {machine['date']}", x=0.01, ha="left", fontsize=8, color=SOFT)
        figure.savefig(path, metadata={"Software": None})


def _svg(run: Run, draw: Callable[["Axes", Run], None]) -> str:
    figure = Figure(figsize=(9.6, 2.9), layout="constrained")
    axes = figure.add_subplot()
    draw(axes, run)
    _plain(axes)
    text = io.StringIO()
    figure.savefig(text, format="svg", transparent=True, metadata={"Date": None, "Creator": None})
    _, opening, rest = text.getvalue().partition("<svg")  # what is before has no place within a page
    return opening + rest


def _plain(axes: "Axes") -> None:
    for side in ("top", "right", "left"):
        axes.spines[side].set_visible(False)
    axes.spines["bottom"].set_color("#c9ced3")
    axes.tick_params(colors=SOFT, length=0)
    axes.grid(axis="y", color="#e6e9ec", linewidth=0.8)


def _start(run: Run) -> float:
    return run.outcomes[0].began


def _throughput(axes: "Axes", run: Run) -> None:
    start = _start(run)
    for number, one in enumerate(run.outcomes):
        seconds = one.seen.by_second
        whole = [second for second in seconds if second.seconds > 0.5] or list(seconds)  # noqa: PLR2004 - less says little
        at = [second.at - start + second.seconds / 2 for second in whole]
        axes.plot(at, [second.requests_per_second for second in whole], color=OURS, linewidth=1.6)
        if one.rate is not None:
            until = one.began + one.phase.seconds - start
            asked = "asked for" if number == 0 else "_"  # what begins so is in no legend
            axes.plot(
                [one.began - start, until], [one.rate] * 2, color=SOFT, linewidth=1, linestyle=(0, (4, 3)), label=asked
            )
    failed = [
        (second.at - start, _failed(second.statuses) + second.errors)
        for one in run.outcomes
        for second in one.seen.by_second
        if _failed(second.statuses) + second.errors
    ]
    if failed:
        axes.scatter(
            [at for at, _ in failed], [count for _, count in failed], s=14, color=MISSED, label="not 2xx, or none"
        )
    axes.set_ylim(bottom=0)
    axes.yaxis.set_major_formatter(lambda value, _: f"{value:,.0f}")
    _phases(axes, run)
    if failed or any(one.rate is not None for one in run.outcomes):
        _legend(axes)


def _failed(statuses: dict[int, int]) -> int:
    return sum(count for status, count in statuses.items() if status not in range(200, 300))


def _over_time(axes: "Axes", run: Run) -> None:
    start = _start(run)
    for share, colour in PERCENTILES:
        for number, one in enumerate(run.outcomes):
            points = [
                (second.at - start + second.seconds / 2, value)
                for second in (one.probe or one.seen).by_second
                if (value := percentile(second.histogram, share)) is not None
            ]
            label = f"p{share:.0f}" if number == 0 else "_"
            axes.plot(
                [at for at, _ in points], [value for _, value in points], color=colour, linewidth=1.4, label=label
            )
    axes.set_yscale("log")
    axes.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
    axes.yaxis.set_major_formatter(lambda value, _: f"{value:g}")
    axes.minorticks_off()
    _phases(axes, run)
    _legend(axes)


def _cdf(axes: "Axes", run: Run) -> None:
    shown = run.outcomes if len(run.outcomes) <= _MOST_LINES else run.outcomes[:: len(run.outcomes) // _MOST_LINES + 1]
    for one, colour in zip(shown, cycle(COLOURS), strict=False):
        points = list(one.seen.histogram.cdf())
        axes.plot(
            [ms for ms, _ in points],
            [part * 100 for _, part in points],
            color=colour,
            linewidth=1.6,
            label=one.phase.name,
        )
    axes.set_xscale("log")
    axes.xaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
    axes.xaxis.set_major_formatter(lambda value, _: f"{value:g}")
    axes.minorticks_off()
    axes.yaxis.set_major_formatter(lambda value, _: f"{value:g} %")
    if len(shown) > 1:
        _legend(axes)


def _cpu(axes: "Axes", run: Run) -> None:
    start = _start(run)
    for part, colour in _parts(run):
        line = parts.cores(run.looks, part)
        axes.plot([at - start for at, _ in line], [value for _, value in line], color=colour, linewidth=1.5, label=part)
    axes.set_ylim(bottom=0)
    _phases(axes, run)
    _legend(axes)


def _memory(axes: "Axes", run: Run) -> None:
    start = _start(run)
    for part, colour in _parts(run):
        own = [look for look in run.looks if look.part == part]
        axes.plot(
            [look.at - start for look in own],
            [look.rss_bytes / 1024 / 1024 for look in own],
            color=colour,
            linewidth=1.5,
            label=part,
        )
    if run.target.pid is not None:
        limit = MEMORY_BYTES / 1024 / 1024
        axes.axhline(limit, color=MISSED, linewidth=1, linestyle=(0, (4, 3)))
        axes.text(
            1,
            limit,
            "limit of the service ",
            transform=axes.get_yaxis_transform(),
            ha="right",
            va="bottom",
            color=MISSED,
        )
    axes.set_ylim(bottom=0)
    _phases(axes, run)
    _legend(axes)


def _parts(run: Run) -> Sequence[tuple[str, str]]:
    """The busiest first."""
    busiest = parts.used(run.looks, run.outcomes[0].began, run.outcomes[-1].ended)
    return list(zip([one.part for one in busiest], cycle(COLOURS), strict=False))


def _phases(axes: "Axes", run: Run) -> None:
    """Seconds below, and where one phase ends and the next begins."""
    for one in run.outcomes[1:]:
        axes.axvline(one.began - _start(run), color="#c9ced3", linewidth=0.8)
    axes.set_xlim(0, run.outcomes[-1].ended - _start(run))
    axes.set_xlabel("seconds", color=SOFT, loc="left", fontsize=8)


def _legend(axes: "Axes") -> None:
    axes.legend(
        frameon=False, fontsize=8, ncols=8, loc="lower right", bbox_to_anchor=(1, 1), borderaxespad=0.2, labelcolor=INK,
        handlelength=1.2, columnspacing=1.2,
    )  # fmt: skip
