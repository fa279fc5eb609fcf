"""What Evidently is asked to show of a report of ours: samples and thresholds, or why there is nothing to ask."""

import logging
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from monitoring import moment
from monitoring.counting.counts import gather, rows_of
from monitoring.drift.alignment import weigh
from monitoring.evidently_report import sample
from monitoring.evidently_report.block import Sample
from monitoring.evidently_report.outcome import DRIFT_PAGE, QUALITY_PAGE, folder_of
from monitoring.evidently_report.quota import fitting
from monitoring.evidently_report.task import Classification, Drift, Task
from monitoring.making import Tables, labelled_rows
from monitoring.report import Report
from monitoring.settings import Settings
from monitoring.watched import Watched

_log = logging.getLogger("puerta.monitoring.evidently")


@dataclass(frozen=True)
class Wish:
    """A report, what Evidently shall show of it by the name of a link, and what there is to say of what it can't."""

    report: Report
    tasks: Mapping[str, Task]
    remarks: tuple[str, ...] = ()


def wishes_of(tables: Tables, watched: Iterable[Watched], reports: Iterable[Report], settings: Settings) -> list[Wish]:
    """What is asked for each report that is the newest of its window; that it can't be told is logged, no more."""
    models = {(each.name, each.version): each for each in watched}
    found = []
    for report in reports:
        place = Path(report.place)
        if any(path.name > place.name for path in (settings.reports_dir / place.parent).glob("*Z.json")):
            continue
        try:
            found.append(wish(tables, models[report.model, report.version], report, settings))
        except Exception as error:  # noqa: BLE001 - our own report does not depend on it, whatever it is
            _log.exception("nothing asked of Evidently")
            found.append(Wish(report, {}, (f"It could not be asked: {type(error).__name__}: {error}",)))
    return found


def wish(tables: Tables, watched: Watched, report: Report, settings: Settings) -> Wish:
    """Ask for what the window of a report has enough rows and labels for.

    The reference is the one that alerts rest on: reweighted to the window's part of the year where that can be done.
    Both sides have as many rows, for Evidently tests that too. A small window is there whole, so many times.
    """
    if report.rows < report.min_rows:
        return Wish(report, {}, (f"Too few predictions for it: {report.rows:,}.",))
    since, until = moment.parse(report.since), moment.parse(report.until)
    rows = rows_of(tables.store, tables.cube, watched, since, until)
    weights = weigh(gather(rows, watched), watched)
    size = fitting(report.rows, settings.evidently_rows)
    current = sample.of_window(rows, watched, size)
    reference = sample.of_reference(watched, weights, size)
    drift = Drift(
        page=f"{folder_of(report)}/{DRIFT_PAGE}",
        name=_name(report),
        until=report.until,
        metadata=_metadata(report, "predictions", report.rows, current, weights),
        current=current,
        reference=reference,
        thresholds=_thresholds(report, current, reference),
    )
    tasks: dict[str, Task] = {"drift and data summary": drift}
    if watched.manifest.task == "regression":
        return Wish(report, tasks)
    if report.quality.verdict == "not_enough_labels":
        return Wish(report, tasks, (f"Too few labels for its view of quality: {report.quality.labels:,}.",))
    tasks["quality"] = _classification(tables, watched, report, settings, weights)
    return Wish(report, tasks)


def _classification(
    tables: Tables, watched: Watched, report: Report, settings: Settings, weights: Sequence[float] | None
) -> Classification:
    since, until = moment.parse(report.since), moment.parse(report.until)
    rows = labelled_rows(tables, watched, since, until)
    current = sample.of_labelled(rows, watched, min(report.quality.labels, settings.evidently_rows))
    probable = watched.manifest.output == "probability"
    expected = report.quality.expected
    return Classification(
        page=f"{folder_of(report)}/{QUALITY_PAGE}",
        name=_name(report),
        until=report.until,
        metadata=_metadata(report, "labelled predictions", report.quality.labels, current, weights),
        current=current,
        reference=sample.of_labelled_reference(watched, weights, settings.evidently_rows),
        positive=watched.manifest.classes[1] if probable else None,
        threshold=watched.manifest.threshold if probable else None,
        least={name: value - settings.quality_delta for name, value in expected.items()},
    )


def _thresholds(report: Report, current: Sample, reference: Sample) -> dict[str, float]:
    """From where the stability index of a category column is an alert: what our score alerts from, and the noise.

    Our score is the index less (B - 1) (1/n + 1/m) for B categories, so both say the same of the same counts.
    """
    chance = 1 / report.rows + 1 / report.views["aligned"].reference_rows
    return {
        column.name: report.thresholds["score_alert"]
        + (len(current.count(column.name).keys() | reference.count(column.name).keys()) - 1) * chance
        for column in current.columns
        if column.kind == "category"
    }


def _name(report: Report) -> str:
    return f"{report.model}/{report.version}, {report.window}"


def _metadata(report: Report, what: str, rows: int, current: Sample, weights: Sequence[float] | None) -> dict[str, str]:
    drawn = "" if current.rows == rows else f", shown as {current.rows:,} rows of the same shares"
    return {
        "model": report.model,
        "model_version": report.version,
        "window": f"{report.window}: {report.since} to {report.until}",
        "current": f"{rows:,} {what}{drawn}",
        "reference": "the training data" + (", reweighted to the window's part of the year" if weights else ""),
    }
