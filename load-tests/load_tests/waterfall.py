"""The plot of what each layer costs: a waterfall of the median, CPU for a request, and the whole by load."""

from pathlib import Path
from typing import TYPE_CHECKING

from matplotlib.figure import Figure

from load_tests.comparison import Comparison
from load_tests.figures import Interval
from load_tests.gateways.way import Way
from load_tests.gateways.ways import DIRECT, POLICY
from load_tests.plots import BARE, INK, OURS, PERCENTILES, SOFT, plain

if TYPE_CHECKING:
    from matplotlib.axes import Axes

PALE = "#9cc4d1"  # a layer whose interval holds zero
_HEIGHT = 0.62


def draw(comparison: Comparison, machine: dict[str, str], path: Path) -> None:
    """Draw the comparison into a file."""
    ways = comparison.ways
    with_cpu = any(comparison.cpu(way.key) for way in ways)
    figure = Figure(figsize=(12, 3.8 + 0.42 * len(ways)), dpi=150, layout="constrained")
    grid = figure.add_gridspec(2, 2, width_ratios=(3, 2), height_ratios=(len(ways) + 1, 5.5))
    _steps(figure.add_subplot(grid[0, 0] if with_cpu else grid[0, :]), comparison)
    if with_cpu:
        _processor(figure.add_subplot(grid[0, 1]), comparison)
    _loads(figure.add_subplot(grid[1, :]), comparison)
    figure.suptitle(_headline(comparison), x=0.01, ha="left", color=INK, fontsize=13, fontweight="bold")
    figure.supxlabel(
        f"{len(comparison.of(DIRECT))} interleaved rounds, 95 % bootstrap intervals; pale: an interval that holds 0; "
        f"{machine['cpu']}, Python {machine['python']}, {machine['date']}",
        x=0.01, ha="left", fontsize=8, color=SOFT,
    )  # fmt: skip
    figure.savefig(path, metadata={"Software": None})


def _headline(comparison: Comparison) -> str:
    way = _whole(comparison)
    added = comparison.added(way.key, DIRECT).median * 1e3
    return f"What a gateway costs: {way.title} adds {added:,.0f} us to a request's median"


def _whole(comparison: Comparison) -> Way:
    """The way that the headline is about: the full policy, or else the last one."""
    return next((way for way in comparison.ways if way.key == POLICY), comparison.ways[-1])


def _steps(axes: "Axes", comparison: Comparison) -> None:
    """Each layer begins where the one under it ends; other proxies begin at the direct way."""
    keys = {way.key for way in comparison.ways}
    direct = comparison.latency(DIRECT).median * 1e3
    most = direct
    for place, way in enumerate(comparison.ways):
        if way.key == DIRECT:
            axes.barh(place, direct, color=BARE, height=_HEIGHT)
            axes.text(direct, place, f"  {direct:,.0f}", va="center", fontsize=9, color=INK)
            continue
        under = way.under if way.under in keys else DIRECT
        added = comparison.added(way.key, under)
        start = direct + (0.0 if under == DIRECT else comparison.added(under, DIRECT).median * 1e3)
        end = start + added.median * 1e3
        colour = (PALE if _holds_zero(added) else OURS) if way.under else BARE
        axes.barh(place, end - start, left=start, color=colour, height=_HEIGHT)
        right = max(start, end)
        if added.low is not None and added.high is not None:
            low, high = start + added.low * 1e3, start + added.high * 1e3
            for colour, width in (("white", 3.6), (INK, 1.4)):
                axes.plot([low, high], [place, place], color=colour, linewidth=width, solid_capstyle="butt")
            right = max(right, high)
        axes.text(right, place, f"  {_plus(added)}", va="center", fontsize=9, color=INK)
        if way.under:
            axes.plot([start, start], [place - 1 + _HEIGHT / 2, place - _HEIGHT / 2], color=SOFT, linewidth=0.8)
        most = max(most, right)
    axes.set_yticks(range(len(comparison.ways)), [_label(way, keys) for way in comparison.ways], fontsize=9, color=INK)
    axes.set_ylim(len(comparison.ways) - 0.5, -0.5)
    axes.set_xlim(0, most * 1.28)
    axes.set_title("median at one connection, us", loc="left", fontsize=10, color=SOFT)
    plain(axes)


def _processor(axes: "Axes", comparison: Comparison) -> None:
    most = 0.0
    for place, way in enumerate(comparison.ways):
        used = comparison.cpu(way.key)
        if used is not None:
            axes.barh(place, used.median, color=OURS if way.under else BARE, height=_HEIGHT)
            said = f"  {used.median:,.0f}   ({1e6 / used.median:,.0f} requests a CPU second)"
            most = max(most, used.median)
            axes.text(used.median, place, said, va="center", fontsize=9, color=INK)
    axes.set_ylim(len(comparison.ways) - 0.5, -0.5)
    axes.set_yticks([])
    axes.set_xlim(0, most * 2.2)
    axes.set_title("the gateway's own CPU for a request, us", loc="left", fontsize=10, color=SOFT)
    plain(axes)


def _loads(axes: "Axes", comparison: Comparison) -> None:
    """The whole over direct: three percentiles with their intervals, side by side at each load."""
    way = _whole(comparison)
    for shift, (name, marker) in zip((-0.26, 0.0, 0.26), PERCENTILES, strict=True):
        for place, load in enumerate(comparison.loads):
            added = comparison.added(way.key, DIRECT, name, load)
            middle = added.median * 1e3
            axes.scatter(
                place + shift, middle, marker=marker, s=30, color=OURS, zorder=2, label=name if place == 0 else None
            )
            if added.low is not None and added.high is not None:
                ends = [added.low * 1e3, added.high * 1e3]
                axes.plot([place + shift] * 2, ends, color=OURS, linewidth=1.2, zorder=1)
            axes.annotate(
                f"{middle:+,.0f}", (place + shift, middle), (7, 5), textcoords="offset points", fontsize=8, color=INK
            )
    axes.axhline(0, color="#c9ced3", linewidth=0.8)
    axes.set_xticks(range(len(comparison.loads)), comparison.loads, fontsize=9, color=INK)
    axes.set_xlim(-0.5, len(comparison.loads) - 0.5)
    axes.set_ylim(bottom=min(0, axes.get_ylim()[0]))
    axes.grid(axis="y", color="#e6e9ec", linewidth=0.8)
    axes.legend(frameon=False, fontsize=8, ncols=3, loc="lower right", bbox_to_anchor=(1, 1), handletextpad=0.1)
    axes.set_title(f"{way.title} over direct, us, by load", loc="left", fontsize=10, color=SOFT)
    plain(axes)


def _label(way: Way, keys: set[str]) -> str:
    return f"+ {way.layer}" if way.under in keys else way.title


def _plus(added: Interval) -> str:
    said = f"{added.median * 1e3:+,.0f}"
    if added.low is None or added.high is None:
        return said
    return f"{said} ({added.low * 1e3:,.0f} to {added.high * 1e3:,.0f})"


def _holds_zero(added: Interval) -> bool:
    return added.low is not None and added.high is not None and added.low <= 0 <= added.high
