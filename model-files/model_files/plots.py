"""The card's plots, in one style: little ink, labels that read at half size, the same bytes each time."""

import io
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import matplotlib as mpl
import numpy as np
import numpy.typing as npt
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.figure import Figure
from matplotlib.ticker import PercentFormatter
from PIL import Image
from sklearn.metrics import precision_recall_curve, roc_curve

from model_files.calibration import Bin
from model_files.threshold import Costs

Array = npt.NDArray[np.float64]
Truth = npt.NDArray[np.int64]

INK, MUTED, GRID = "#1f2933", "#616e7c", "#e4e7eb"
MODEL, ACCENT, BEFORE = "#1d5fa8", "#c8511b", "#9aa5b1"
_SHADES = LinearSegmentedColormap.from_list("shades", ["#f3f7fb", "#9cc1e4", "#1d5fa8", "#0b2545"])
_WARM = LinearSegmentedColormap.from_list("warm", ["#fff8ee", "#fbd49a", "#ee8c4a", "#c0392b", "#641220"])
_STYLE: dict[Any, Any] = {
    "font.family": "DejaVu Sans",  # comes with matplotlib, so that every machine draws the same
    "font.size": 10,
    "axes.titlesize": 11.5,
    "axes.titleweight": "bold",
    "axes.titlelocation": "left",
    "axes.titlepad": 10,
    "axes.edgecolor": MUTED,
    "axes.labelcolor": INK,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "grid.color": GRID,
    "grid.linewidth": 0.8,
    "axes.axisbelow": True,
    "text.color": INK,
    "xtick.color": MUTED,
    "ytick.color": MUTED,
    "xtick.labelcolor": INK,
    "ytick.labelcolor": INK,
    "legend.frameon": False,
    "lines.linewidth": 2,
    "lines.solid_capstyle": "round",
}
_SQUARE = (4.8, 4.4)
_DOTS_PER_INCH = 144
_FEW = 10  # flights; below, a rate is mostly chance


def roc(target: Truth, probabilities: Array, threshold: float, area: float) -> bytes:
    """The ROC curve with the threshold's point, as PNG."""
    false_positive, true_positive, _ = roc_curve(target, probabilities)
    called = probabilities >= threshold
    with _figure(_SQUARE) as (axes, picture):
        axes.plot([0, 1], [0, 1], color=BEFORE, linewidth=1.2, linestyle=(0, (4, 3)))
        axes.plot(false_positive, true_positive, color=MODEL)
        _mark(
            axes,
            float(called[target == 0].mean()),
            float(called[target == 1].mean()),
            f"threshold {threshold:.2g}",
            (9, -4),
        )
        axes.text(0.97, 0.05, f"area {area:.3f}", ha="right", color=MODEL, weight="bold")
        axes.text(0.62, 0.56, "chance", color=MUTED, rotation=45, rotation_mode="anchor")
        axes.set(title="ROC curve", xlabel="False alarms among negatives", ylabel="Found among positives")
        _unit(axes)
    return picture.getvalue()


def precision_recall(target: Truth, probabilities: Array, threshold: float, area: float) -> bytes:
    """The precision-recall curve with the threshold's point and the base rate, as PNG."""
    precision, recall, _ = precision_recall_curve(target, probabilities)
    called = probabilities >= threshold
    base = float(target.mean())
    with _figure(_SQUARE) as (axes, picture):
        axes.axhline(base, color=BEFORE, linewidth=1.2, linestyle=(0, (4, 3)))
        axes.text(0.98, base - 0.02, f"base rate {base:.1%}", ha="right", va="top", color=MUTED)
        # The last points, of a handful of rows, jump between 0 and 1 and say nothing.
        settled = recall >= min(0.01, recall[recall > 0].min() if (recall > 0).any() else 0)
        axes.step(recall[settled], precision[settled], color=MODEL, where="post")
        if called.any():
            found = float(called[target == 1].mean())
            _mark(axes, found, float(target[called].mean()), f"threshold {threshold:.2g}", (4, 9))
        axes.text(0.97, 0.95, f"average precision {area:.3f}", ha="right", va="top", color=MODEL, weight="bold")
        axes.set(
            title="Precision and recall",
            xlabel="Found among positives (recall)",
            ylabel="True among called (precision)",
        )
        _unit(axes)
    return picture.getvalue()


def calibration(after: tuple[Bin, ...], before: tuple[Bin, ...] = ()) -> bytes:
    """Rates against probabilities, bin by bin, with each rate's 95 % interval, as PNG."""
    largest = max(max(bin_.probability, bin_.rate) for bin_ in (*after, *before))
    top = 1.0 if largest > 0.6 else np.ceil((largest + 0.04) * 10) / 10  # noqa: PLR2004 - room to read small rates
    with _figure(_SQUARE) as (axes, picture):
        axes.plot([0, top], [0, top], color=BEFORE, linewidth=1.2, linestyle=(0, (4, 3)))
        if before:
            points = [[bin_.probability for bin_ in before], [bin_.rate for bin_ in before]]
            axes.plot(*points, "o", color="white", markeredgecolor=BEFORE, markersize=8, label="before calibration")
        rates = np.array([bin_.rate for bin_ in after])
        spread = 1.96 * np.sqrt(np.maximum(rates * (1 - rates), 1e-9) / [bin_.rows for bin_ in after])
        axes.errorbar(
            [bin_.probability for bin_ in after],
            rates,
            yerr=spread,
            fmt="o",
            color=MODEL,
            markersize=5.5,
            elinewidth=1.3,
            label="after calibration" if before else "the model",
        )
        axes.legend(loc="upper left", handletextpad=0.3)
        axes.text(top * 0.83, top * 0.77, "perfect", color=MUTED, rotation=45, rotation_mode="anchor")
        axes.set(
            title="Calibration", xlabel="Probability given", ylabel="Share that came true", xlim=(0, top), ylim=(0, top)
        )
        axes.set_aspect("equal")
        for axis in (axes.xaxis, axes.yaxis):
            axis.set_major_formatter(PercentFormatter(1, decimals=0))
    return picture.getvalue()


def confusion(matrix: tuple[tuple[int, ...], ...], labels: list[str]) -> bytes:
    """The confusion matrix: counts, and shares of each true class as shades, as PNG."""
    counts = np.array(matrix)
    shares = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    size = (_SQUARE[0], _SQUARE[1]) if len(labels) <= 4 else (1.2 + 0.7 * len(labels), 0.8 + 0.7 * len(labels))  # noqa: PLR2004
    with _figure(size) as (axes, picture):
        axes.imshow(shares, cmap=_SHADES, vmin=0, vmax=1)
        for (row, column), count in np.ndenumerate(counts):
            colour = "white" if shares[row, column] > 0.45 else INK  # noqa: PLR2004 - where the shade turns dark
            axes.text(column, row - 0.07, f"{count:,}", ha="center", va="center", color=colour, size=13, weight="bold")
            axes.text(column, row + 0.17, f"{shares[row, column]:.0%}", ha="center", va="center", color=colour)
        axes.set(title="Confusion matrix", xlabel="Predicted", ylabel="True")
        axes.set_xticks(range(len(labels)), labels)
        axes.set_yticks(range(len(labels)), labels, rotation=90, va="center")
        _bare(axes)
    return picture.getvalue()


def cost(target: Truth, probabilities: Array, costs: Costs, unit: str = "row") -> bytes:
    """The mean cost by threshold, with the threshold that the costs ask for, as PNG."""
    thresholds = np.linspace(0, 1, 401)
    curve = costs.curve(target, probabilities, thresholds)
    always, never = curve[0], costs.mean(target, np.zeros(len(target), dtype=np.bool_))
    with _figure((6.4, 3.9)) as (axes, picture):
        for level, name in ((always, "always call"), (never, "never call")):
            axes.axhline(level, color=BEFORE, linewidth=1.2, linestyle=(0, (4, 3)))
            axes.text(1, level, f"{name}  {level:.3f}", ha="right", va="bottom", color=MUTED)
        axes.plot(thresholds, curve, color=MODEL)
        lowest = costs.mean(target, probabilities >= costs.threshold)
        _mark(axes, costs.threshold, lowest, f"threshold {costs.threshold:.2g}: {lowest:.3f}", (8, -16))
        axes.set(title="Cost by threshold", xlabel="Threshold", ylabel=f"Mean cost a {unit}", xlim=(0, 1))
        span = max(always, never) - curve.min()
        axes.set_ylim(curve.min() - 0.22 * span, max(always, never) + 0.1 * span)
    return picture.getvalue()


def rates(counts: pd.DataFrame) -> bytes:
    """The share of delayed flights by airline and month, as PNG.

    Args:
        counts: Columns ``OPERA``, ``MES``, ``flights`` and ``delayed``, any number of rows a cell.
    """
    flights = counts.pivot_table(index="OPERA", columns="MES", values="flights", aggfunc="sum", fill_value=0)
    delayed = counts.pivot_table(index="OPERA", columns="MES", values="delayed", aggfunc="sum", fill_value=0)
    order = (delayed.sum(axis=1) / flights.sum(axis=1)).sort_values(ascending=False).index
    flights, delayed = flights.loc[order], delayed.loc[order]
    share = (delayed / flights.where(flights >= _FEW)).to_numpy()
    with _figure((7.8, 7.6)) as (axes, picture):
        axes.set_facecolor("#eef0f3")
        axes.imshow(share, cmap=_WARM, vmin=0, vmax=0.6, aspect="auto")
        for (row, column), value in np.ndenumerate(share):
            if np.isnan(value):
                axes.text(column, row, "·", ha="center", va="center", color=BEFORE, size=9)
            else:
                colour = "white" if value > 0.33 else INK  # noqa: PLR2004 - where the shade turns dark
                axes.text(column, row, f"{value:.0%}"[:-1], ha="center", va="center", color=colour, size=8.5)
        months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
        axes.set_xticks(range(len(flights.columns)), [months[month - 1] for month in flights.columns])
        totals = flights.sum(axis=1)
        axes.set_yticks(range(len(order)), [f"{airline}  ({totals[airline]:,})" for airline in order])
        axes.set_title("Delayed flights by airline and month, per cent", x=0, ha="left")
        _bare(axes, gap=True)
    return picture.getvalue()


def fitted(target: Array, values: Array) -> bytes:
    """A regression's values against the truth, as PNG."""
    low, high = float(min(target.min(), values.min())), float(max(target.max(), values.max()))
    with _figure(_SQUARE) as (axes, picture):
        axes.plot([low, high], [low, high], color=BEFORE, linewidth=1.2, linestyle=(0, (4, 3)))
        axes.plot(target, values, "o", color=MODEL, markersize=4, alpha=0.45, markeredgewidth=0)
        axes.set(title="Predicted and true", xlabel="True", ylabel="Predicted")
        axes.set_aspect("equal")
    return picture.getvalue()


@contextmanager
def _figure(size: tuple[float, float]) -> Iterator[tuple[Axes, io.BytesIO]]:
    """Axes to draw on, and the bytes that are the PNG after the block; no window system, no state left behind."""
    drawn, picture = io.BytesIO(), io.BytesIO()
    with mpl.rc_context(_STYLE):
        figure = Figure(figsize=size, dpi=_DOTS_PER_INCH, layout="constrained", facecolor="white")
        FigureCanvasAgg(figure)
        yield figure.add_subplot(), picture
        figure.savefig(drawn, format="png")
    # 256 colours are more than these plots use, and a third of the bytes.
    Image.open(drawn).convert("RGB").quantize(256, dither=Image.Dither.NONE).save(picture, format="png", optimize=True)


def _mark(axes: Axes, across: float, up: float, text: str, offset: tuple[int, int]) -> None:
    axes.plot([across], [up], "o", color=ACCENT, markersize=8, markeredgecolor="white", zorder=5)
    label = axes.annotate(text, (across, up), offset, textcoords="offset points", color=ACCENT, weight="bold")
    label.set_bbox({"facecolor": "white", "edgecolor": "none", "pad": 1})


def _unit(axes: Axes) -> None:
    axes.set(xlim=(0, 1), ylim=(0, 1.005))
    axes.set_aspect("equal")
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_major_formatter(PercentFormatter(1, decimals=0))


def _bare(axes: Axes, *, gap: bool = False) -> None:
    """No grid, no frame, no tick marks; with a gap, white lines between the cells."""
    axes.grid(visible=False)
    axes.spines[:].set_visible(False)
    axes.tick_params(length=0)
    if gap:
        rows, columns = np.asarray(axes.get_images()[0].get_array()).shape
        axes.set_xticks(np.arange(columns + 1) - 0.5, minor=True)
        axes.set_yticks(np.arange(rows + 1) - 0.5, minor=True)
        axes.grid(which="minor", color="white", linewidth=1.5)
        axes.tick_params(which="minor", length=0)
