"""A report from counts: both views, what stood before, and the labels."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any

from monitoring import moment
from monitoring.counting.coding import NAMES, Categories, coding
from monitoring.counting.counts import Counts, of_reference, of_window
from monitoring.counting.store import Store, naive
from monitoring.drift.alignment import align, weigh
from monitoring.drift.rule import Rule, worst
from monitoring.drift.subject import Subject
from monitoring.drift.verdict import judge
from monitoring.quality.labelled import lag_seconds
from monitoring.quality.scores import LabelledRow, baseline, estimated, quantile, realised, seasonal
from monitoring.report import QualityReport, Report, Verdict, View, ViewReport, window_hours
from monitoring.settings import Settings
from monitoring.watched import Watched

_LAGS = (0.5, 0.9)
_GATED = ("accuracy", "f1")
_VIEWS: tuple[View, ...] = ("aligned", "plain")


@dataclass(frozen=True)
class Tables:
    """What was counted, hour by hour, in one store."""

    store: Store
    cube: Any
    labelled: Any
    lags: Any


def make(tables: Tables, watched: Watched, window: str, until: datetime, settings: Settings, rule: Rule) -> Report:
    """The report of one model's window that ends before ``until``, a whole hour."""
    length, step = timedelta(hours=window_hours(window)), timedelta(hours=settings.drift_step_hours)
    since, before = until - length, until - step
    now = of_window(tables.store, tables.cube, watched, since, until)
    then = of_window(tables.store, tables.cube, watched, before - length, before) if step else now
    reference = of_reference(watched)
    return Report(
        model=watched.name,
        version=watched.version,
        window=window,
        since=moment.text(since),
        until=moment.text(until),
        before_until=moment.text(before),
        rows=int(now.rows),
        min_rows=settings.drift_min_rows,
        faults=_faults(now, watched),
        thresholds=asdict(rule),
        views={view: _view(view, now, then, reference, watched, settings.drift_min_rows, rule) for view in _VIEWS},
        quality=_quality(tables, watched, now, since, until, settings),
    )


def _view(
    view: View, now: Counts, then: Counts, reference: Counts, watched: Watched, min_rows: int, rule: Rule
) -> ViewReport:
    def compare(window: Counts) -> tuple[Subject, ...]:
        if window.rows < min_rows:
            return ()
        return judge(window, align(reference, window, watched) if view == "aligned" else reference, watched, rule)

    worth = align(reference, now, watched).effective if view == "aligned" else reference.effective
    subjects = compare(now)
    before = {subject.name: subject.level for subject in (subjects if then is now else compare(then))}
    alerts = tuple(
        subject.name for subject in subjects if subject.level == "alert" and before.get(subject.name) == "alert"
    )
    verdict: Verdict = "insufficient_data"
    if subjects:
        level = worst([subject.level for subject in subjects])
        verdict = "alert" if alerts else "warn" if level == "alert" else level
    return ViewReport(verdict=verdict, reference_rows=worth, alerts=alerts, before=before, subjects=subjects)


def _faults(now: Counts, watched: Watched) -> dict[str, dict[str, float]]:
    if not now.rows:
        return {}
    found = {}
    for name, counted in watched.reference.features.items():
        rows = now.subjects[name]
        parts = {fault: rows.get(code, 0) / now.rows for code, fault in NAMES.items()}
        closed = isinstance(coding(counted), Categories)
        found[name] = {fault: part for fault, part in parts.items() if part or (closed and fault == "unseen")}
    return found


def _quality(
    tables: Tables, watched: Watched, now: Counts, since: datetime, until: datetime, settings: Settings
) -> QualityReport:
    table = _within(tables.labelled, watched, since, until)
    rows = tables.store.fetch(table.select(*LabelledRow.__dataclass_fields__))
    found = realised((LabelledRow(*row) for row in rows), watched.manifest)
    usual = baseline(watched.manifest)
    expected = _expected(usual, watched, now)
    below = {
        name: found.measures[name] < expected[name] - settings.quality_delta
        for name in _GATED
        if name in expected and name in found.measures
    }
    enough = found.labels >= settings.label_min_count
    return QualityReport(
        verdict=("low" if any(below.values()) else "good") if enough else "not_enough_labels",
        labels=found.labels,
        strangers=found.strangers,
        coverage=min(1.0, (found.labels + found.strangers) / now.rows) if now.rows else None,
        lag_seconds=_lags(tables, watched, since, until),
        measures=dict(found.measures) if enough else {},
        baseline=usual,
        expected=expected,
        below=below if enough else {},
        estimated=estimated(now, watched.manifest),
    )


def _expected(usual: Mapping[str, float], watched: Watched, now: Counts) -> dict[str, float]:
    cells, weights = watched.reference.cells, weigh(now, watched)
    change = seasonal(cells, weights) if cells is not None and weights is not None else {}
    gated = {name: usual[name] + change.get(name, 0.0) for name in _GATED if name in usual}
    return {name: round(min(1.0, max(0.0, value)), 6) for name, value in gated.items()}


def _lags(tables: Tables, watched: Watched, since: datetime, until: datetime) -> dict[str, float]:
    table = _within(tables.lags, watched, since, until)
    counted: Mapping[int, int] = dict(tables.store.fetch(table.group_by("lag").agg(rows=table.rows.sum())))
    bins = {str(share): quantile(counted, share) for share in _LAGS}
    return {share: lag_seconds(bin_) for share, bin_ in bins.items() if bin_ is not None}


def _within(table: Any, watched: Watched, since: datetime, until: datetime) -> Any:
    return table.filter(
        table.model == watched.name,
        table.version == watched.version,
        table.hour >= naive(since),
        table.hour < naive(until),
    )
