"""The contest as a plot: a panel a scenario, a line a rule, over the rows of a window."""

from collections.abc import Sequence
from pathlib import Path

from matplotlib.figure import Figure

from monitoring.scenarios.contest import OURS, RULES, Line

_INK, _SOFT, _OURS = "#22282e", "#6b747c", "#1f6f8b"
# Of the other rules, told apart by shade, marker and dash.
_STYLES = {
    "Puerta, plain": ("#7fb2c4", "o", "-"),
    "Evidently, default": ("#c2452d", "s", "-"),
    "Evidently, PSI 0.1": ("#d98a3d", "s", "--"),
    "Evidently, chi2": ("#8f2d56", "s", ":"),
    "NannyML, default": ("#5b8c5a", "^", "-"),
    "NannyML, whole chunks": ("#2f5233", "^", ":"),
    "Vertex, 0.3": ("#8a8f98", "D", "-"),
    "Vertex, 0.01": ("#4a4e57", "D", ":"),
}


def draw(lines: Sequence[Line], path: Path) -> None:
    """Write the plot."""
    names = list(dict.fromkeys(line.scenario for line in sorted(lines, key=lambda line: line.drift)))
    columns = 4
    rows = -(-(len(names) + 1) // columns)
    figure = Figure(figsize=(3.5 * columns, 3.0 * rows), dpi=130, layout="constrained")
    panels = figure.subplots(rows, columns, squeeze=False).flatten()
    for panel, name in zip(panels, names, strict=False):
        own = sorted((line for line in lines if line.scenario == name), key=lambda line: line.rows)
        drift = own[0].drift
        panel.axhspan(*((95, 104) if drift else (-4, 5)), color="#e3f1e8", linewidth=0)
        for rule in reversed(RULES):
            colour, marker, dash = _STYLES.get(rule, (_OURS, "o", "-"))
            known = [(line.rows, 100 * share) for line in own if (share := line.found[rule]) is not None]
            panel.plot(
                [size for size, _ in known],
                [share for _, share in known],
                color=colour,
                marker=marker,
                linestyle=dash,
                markersize=6 if rule == OURS else 4,
                linewidth=2.6 if rule == OURS else 1.1,
                label=rule,
                zorder=3 if rule == OURS else 2,
            )
        panel.set_xscale("log")
        panel.set_ylim(-4, 104)
        panel.set_title(name, fontsize=9, color=_INK, loc="left")
        panel.set_ylabel("% say drift" + (" (should)" if drift else " (should not)"), fontsize=8, color=_SOFT)
        panel.tick_params(labelsize=7, colors=_SOFT)
        panel.spines[["top", "right"]].set_visible(False)
    for panel in panels[len(names) :]:
        panel.axis("off")
    handles, labels = panels[0].get_legend_handles_labels()
    panels[-1].legend(handles[::-1], labels[::-1], loc="center", fontsize=9, frameon=False)
    figure.supxlabel("rows of a window; green is right", fontsize=9, color=_SOFT)
    figure.savefig(path, metadata={"Software": None})
