"""The reports of a run as a table for a terminal."""

from collections.abc import Iterable, Iterator

from monitoring.report import Report

_HEAD = ("model", "window", "rows", "drift", "most moved", "score", "quality", "labels", "retrain")


def lines(reports: Iterable[Report]) -> Iterator[str]:
    """One line a report, in columns, below a head."""
    rows = [_HEAD, *map(_row, reports)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(_HEAD))]
    for row in rows:
        yield "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()


def _row(report: Report) -> tuple[str, ...]:
    view = report.views["aligned"]
    worst = max(view.subjects, key=lambda subject: subject.score, default=None)
    return (
        f"{report.model}/{report.version}",
        report.window,
        f"{report.rows:,}",
        view.verdict + (f": {', '.join(view.alerts)}" if view.alerts else ""),
        worst.name if worst else "-",
        f"{worst.score:.3f}" if worst else "-",
        report.quality.verdict,
        f"{report.quality.labels:,}",
        ", ".join(report.retrain.reasons) or "-",
    )
