"""What Evidently is asked for a report of ours: the samples, the thresholds, or why there is nothing to ask."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta

from monitoring import moment
from monitoring.counting.counts import of_window, rows_of_window
from monitoring.drift.alignment import weigh
from monitoring.evidently_report import sample
from monitoring.evidently_report.outcome import DRIFT_PAGE, QUALITY_PAGE, folder_of
from monitoring.evidently_report.sample import Sample
from monitoring.evidently_report.task import Classification, Drift, Task
from monitoring.making import Tables, labelled_rows
from monitoring.report import Report
from monitoring.settings import Settings
from monitoring.watched import Watched

_BINARY = 2


@dataclass(frozen=True)
class Wish:
    """A report, what Evidently shall show of it by name, and what there is to say of what it can't."""

    report: Report
    tasks: Mapping[str, Task]
    remarks: tuple[str, ...] = ()


def wish(tables: Tables, watched: Watched, report: Report, settings: Settings) -> Wish:
    """Ask for what the window of a report has enough rows and labels for.

    The reference is the one that alerts rest on: reweighted to the window's part of the year where that can be done. A
    window of fewer rows than a sample is shown as it is.
    """
    if report.rows < report.min_rows:
        return Wish(report, {}, (f"There are too few predictions for it: {report.rows:,}.",))
    until = moment.parse(report.until)
    since = moment.parse(report.since)
    weights = weigh(of_window(tables.store, tables.cube, watched, since, until), watched)
    size = settings.evidently_rows
    drift = Drift(
        page=f"{folder_of(report)}/{DRIFT_PAGE}",
        name=_name(report),
        until=report.until,
        metadata=_metadata(report, report.rows, size, weights is not None),
        current=sample.of_window(
            rows_of_window(tables.store, tables.cube, watched, since, until), watched, min(report.rows, size)
        ),
        reference=sample.of_reference(watched, weights, size),
        thresholds={},
    )
    thresholds = dict(_thresholds(report, drift.current, drift.reference))
    tasks: dict[str, Task] = {"drift and data summary": _replace(drift, thresholds)}
    if watched.manifest.task == "regression":
        return Wish(report, tasks)
    if report.quality.labels < settings.label_min_count:
        return Wish(report, tasks, (f"There are too few labels for its view of quality: {report.quality.labels:,}.",))
    tasks["quality"] = _classification(tables, watched, report, settings, weights)
    return Wish(report, tasks)
