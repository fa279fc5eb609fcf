"""What the newest reports on disk say, as Prometheus metrics; a run by hand shows as one of the schedule does."""

import logging
from collections.abc import Iterable, Iterator
from pathlib import Path

from prometheus_client import CollectorRegistry, Counter
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

from monitoring import moment
from monitoring.report import (
    LATEST,
    QUALITY_VERDICTS,
    VERDICTS,
    DueLabels,
    Latest,
    Report,
    ReportError,
    read,
    read_latest,
)
from monitoring.schedule.scheduler import Result

_log = logging.getLogger("puerta.monitoring.metrics")
_WINDOW = ("model", "version", "window")


class Exposition(Collector):
    """Collects from a folder of reports. Reports that can't be read leave what was read before."""

    def __init__(self, folder: Path, models: Iterable[tuple[str, str]]) -> None:
        """``models`` are the names and versions whose counters begin at 0."""
        self._folder = folder
        self._models = tuple(models)
        self._stamp: tuple[int, int] | None = None
        self._latest: Latest | None = None
        self._reports: tuple[Report, ...] = ()
        self.registry = CollectorRegistry()
        self.registry.register(self)
        self._runs = Counter("drift_runs", "Runs, by what came of them.", ("result",), registry=self.registry)
        for result in ("success", "failure"):
            self._runs.labels(result)

    def count(self, result: Result) -> None:
        """One more run."""
        self._runs.labels(result).inc()

    def describe(self) -> Iterable[Metric]:
        """Nothing: what there is depends on the reports."""
        return ()

    def collect(self) -> Iterator[Metric]:
        """The newest reports' metrics."""
        self._refresh()
        finished = moment.parse(self._latest.finished).timestamp() if self._latest else 0.0
        yield GaugeMetricFamily(
            "drift_last_success_timestamp_seconds",
            "When the last reports were written whole, in seconds since the epoch; 0: never.",
            value=finished,
        )
        yield from _due(self._models, self._latest.due if self._latest else ())
        yield from _drift(self._reports)
        yield from _labels(self._reports)
        yield from _quality(self._reports)
        yield _retrain(self._reports)

    def _refresh(self) -> None:
        try:
            status = (self._folder / LATEST).stat()
            stamp = status.st_mtime_ns, status.st_ino
            if stamp != self._stamp:
                latest = read_latest(self._folder)
                reports = tuple(read(self._folder, place) for place in latest.reports) if latest else ()
                self._latest, self._reports, self._stamp = latest, reports, stamp
        except FileNotFoundError:
            return  # none yet
        except (OSError, ReportError) as error:
            _log.error("reports not read; the metrics are those of the last ones", extra={"reason": str(error)})


def _due(models: Iterable[tuple[str, str]], due: Iterable[DueLabels]) -> Iterator[Metric]:
    total = CounterMetricFamily("label_due", "Predictions whose label was due by now.", labels=("model", "version"))
    late = CounterMetricFamily("label_late", "Those of them that had no label in time.", labels=("model", "version"))
    known = {key: DueLabels(*key) for key in models} | {(one.model, one.version): one for one in due}
    for key, one in known.items():
        total.add_metric(key, one.due)
        late.add_metric(key, one.late)
    yield from (total, late)


def _drift(reports: Iterable[Report]) -> Iterator[Metric]:
    subject = (*_WINDOW, "view", "feature")
    score = GaugeMetricFamily("drift_score", "Population stability index without what chance makes.", labels=subject)
    alert = GaugeMetricFamily("drift_alert", "1: an alert stands.", labels=subject)
    verdict = GaugeMetricFamily("drift_verdict", "1: this is the verdict.", labels=(*_WINDOW, "view", "verdict"))
    rows = GaugeMetricFamily("drift_window_rows", "Predictions in the window.", labels=_WINDOW)
    unseen = GaugeMetricFamily(
        "drift_unseen_ratio",
        "Part of the rows whose category the reference does not know.",
        labels=(*_WINDOW, "feature"),
    )
    for report in reports:
        window = (report.model, report.version, report.window)
        rows.add_metric(window, report.rows)
        for feature, faults in report.faults.items():
            if "unseen" in faults:
                unseen.add_metric((*window, feature), faults["unseen"])
        for view, found in report.views.items():
            for name in VERDICTS:
                verdict.add_metric((*window, view, name), name == found.verdict)
            for one in found.subjects:
                score.add_metric((*window, view, one.name), one.score)
                alert.add_metric((*window, view, one.name), one.name in found.alerts)
    yield from (score, alert, verdict, rows, unseen)


def _labels(reports: Iterable[Report]) -> Iterator[Metric]:
    coverage = GaugeMetricFamily("label_coverage_ratio", "Labelled part of the window's predictions.", labels=_WINDOW)
    lag = GaugeMetricFamily("label_lag_seconds", "From a prediction to its label.", labels=(*_WINDOW, "quantile"))
    for report in reports:
        window = (report.model, report.version, report.window)
        if report.quality.coverage is not None:
            coverage.add_metric(window, report.quality.coverage)
        for share, seconds in report.quality.lag_seconds.items():
            lag.add_metric((*window, share), seconds)
    yield from (coverage, lag)


def _quality(reports: Iterable[Report]) -> Iterator[Metric]:
    measure = (*_WINDOW, "measure")
    score = GaugeMetricFamily("quality_score", "Measured on the labelled predictions of the window.", labels=measure)
    usual = GaugeMetricFamily(
        "quality_baseline", "The package's metric on its held-out rows.", labels=("model", "version", "measure")
    )
    below = GaugeMetricFamily("quality_below_baseline", "1: lower than the baseline allows.", labels=measure)
    verdict = GaugeMetricFamily("quality_verdict", "1: this is the verdict.", labels=(*_WINDOW, "verdict"))
    baselines: dict[tuple[str, str, str], float] = {}
    for report in reports:
        window = (report.model, report.version, report.window)
        for name, value in report.quality.measures.items():
            score.add_metric((*window, name), value)
        for name, is_below in report.quality.below.items():
            below.add_metric((*window, name), is_below)
        for verdict_name in QUALITY_VERDICTS:
            verdict.add_metric((*window, verdict_name), verdict_name == report.quality.verdict)
        baselines |= {(report.model, report.version, name): value for name, value in report.quality.baseline.items()}
    for labels, value in baselines.items():
        usual.add_metric(labels, value)
    yield from (score, usual, below, verdict)


def _retrain(reports: Iterable[Report]) -> Metric:
    found = GaugeMetricFamily(
        "retrain_recommended", "1: some window's report recommends to train again.", labels=("model", "version")
    )
    recommended: dict[tuple[str, str], bool] = {}
    for report in reports:
        key = report.model, report.version
        recommended[key] = recommended.get(key, False) or report.retrain.is_recommended
    for labels, value in recommended.items():
        found.add_metric(labels, value)
    return found
