"""A report from counts: both views, what stood before, and the labels."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any

from monitoring import moment
from monitoring.counting.coding import NAMES, Categories, coding
from monitoring.counting.counts import Counts, of_reference, of_window, rows_by_client, rows_by_hour
from monitoring.counting.source import Source
from monitoring.counting.store import Store, naive
from monitoring.drift.alignment import align, weigh
from monitoring.drift.pairs import pairs
from monitoring.drift.rule import Rule, worst
from monitoring.drift.segments import Segment, divided
from monitoring.drift.subject import SegmentVerdict, Subject
from monitoring.drift.verdict import candidates, judge, settle
from monitoring.drift.volume import DAYS, WINDOW, Volume, volume
from monitoring.quality.cohort import cohort
from monitoring.quality.findings import Cohort, Comparison
from monitoring.quality.intervals import intervals
from monitoring.quality.labelled import lag_seconds
from monitoring.quality.retrain import recommend
from monitoring.quality.scores import LabelledRow, baseline, estimated, quantile, realised, seasonal
from monitoring.quality.versions import Answers, compare
from monitoring.report import QualityReport, Report, Verdict, View, ViewReport, window_hours
from monitoring.settings import Settings
from monitoring.watched import Watched

_LAGS = (0.5, 0.9)
_GATED = ("accuracy", "f1")
_SEVERAL = 2


@dataclass(frozen=True)
class Tables:
    """What was counted, hour by hour, in one store."""

    store: Store
    cube: Any
    labelled: Any
    lags: Any
    source: Source
    watched: tuple[Watched, ...]


def make(tables: Tables, watched: Watched, window: str, until: datetime, settings: Settings, rule: Rule) -> Report:
    """The report of one model's window that ends before ``until``, a whole hour."""
    length, step = settings.pace.hours(window_hours(window)), settings.pace.hours(settings.drift_step_hours)
    since, before = until - length, until - step
    now = of_window(tables.store, tables.cube, watched, since, until)
    then = of_window(tables.store, tables.cube, watched, before - length, before) if step else now
    reference = of_reference(watched)
    parts = _parts(tables, watched, now, since, until, settings.drift_min_rows)
    views: dict[View, ViewReport] = {}
    views["aligned"], segments = _view("aligned", now, then, reference, watched, settings.drift_min_rows, rule, parts)
    views["plain"], _ = _view("plain", now, then, reference, watched, settings.drift_min_rows, rule)
    faults = _faults(now, watched)
    strange = [name for name, found in faults.items() if found.get("unseen")]
    quality = _quality(tables, watched, now, since, until, settings, rule)
    least = settings.label_min_count
    return Report(
        model=watched.name,
        version=watched.version,
        window=window,
        day_seconds=settings.drift_day_seconds,
        since=moment.text(since),
        until=moment.text(until),
        before_until=moment.text(before),
        rows=int(now.rows),
        min_rows=settings.drift_min_rows,
        faults=faults,
        thresholds=asdict(rule),
        views=views,
        quality=quality,
        retrain=recommend(views["aligned"].alerts, quality.verdict, quality.labels, quality.matured, least),
        segments=segments,
        unseen=tables.source.unseen(watched, strange, since, until),
        beside=_beside(tables, watched, now, since, until, settings),
        constant=_constant(now, watched) if now.rows >= settings.drift_min_rows else {},
        volume=_volume(tables, watched, now, since, length, rule) if window == WINDOW else None,
    )


def labelled_rows(tables: Tables, watched: Watched, since: datetime, until: datetime) -> list[LabelledRow]:
    """One model's labelled predictions of a window, whatever their hour."""
    table = _within(tables.labelled, watched, since, until)
    names = list(LabelledRow.__dataclass_fields__)
    grouped = table.group_by(names[:3]).agg(**{name: table[name].sum() for name in names[3:]})
    return [LabelledRow(*row[:4], *map(_steady, row[4:])) for row in tables.store.fetch(grouped.select(*names))]


def _steady(total: float | None) -> float:
    """Without what the order of adding left, so that the same predictions make the same report; None is of no numbers."""
    return float(f"{total or 0.0:.12g}")


def _view(
    view: View,
    now: Counts,
    then: Counts,
    reference: Counts,
    watched: Watched,
    min_rows: int,
    rule: Rule,
    parts: Sequence[Segment] = (),
) -> tuple[ViewReport, tuple[SegmentVerdict, ...]]:
    """One view, and the verdicts of the window's segments; all of their checks are one family."""

    def beside(window: Counts) -> Counts:
        return align(reference, window, watched) if view == "aligned" else reference

    usual = beside(now)
    groups: list[tuple[Subject, ...]] = [(), ()]
    if now.rows >= min_rows:
        two_by_two = pairs(now, usual, watched, rule) if view == "aligned" else ()
        groups = [candidates(now, usual, watched, rule), two_by_two, *(part.candidates(rule) for part in parts)]
    subjects, paired, *divided_subjects = settle(groups, rule)
    earlier = subjects
    if then is not now:
        earlier = judge(then, beside(then), watched, rule) if then.rows >= min_rows else ()
    before = {subject.name: subject.level for subject in earlier}
    alerts = tuple(
        subject.name for subject in subjects if subject.level == "alert" and before.get(subject.name) == "alert"
    )
    verdict: Verdict = "insufficient_data"
    if subjects:
        level = worst([subject.level for subject in subjects])
        verdict = "alert" if alerts else "warn" if level == "alert" else level
    segments = tuple(part.verdict(found) for part, found in zip(parts, divided_subjects, strict=False) if found)
    report = ViewReport(
        verdict=verdict, reference_rows=usual.effective, alerts=alerts, before=before, subjects=subjects, pairs=paired
    )
    return report, segments


def _parts(
    tables: Tables, watched: Watched, now: Counts, since: datetime, until: datetime, min_rows: int
) -> list[Segment]:
    if now.rows < min_rows:
        return []
    return divided(rows_by_client(tables.store, tables.cube, watched, since, until), watched, min_rows)


def _beside(
    tables: Tables, watched: Watched, now: Counts, since: datetime, until: datetime, settings: Settings
) -> tuple[Comparison, ...]:
    """The other versions of the model that answered enough in the window too."""

    def answers(each: Watched, counts: Counts) -> Answers:
        return Answers(each, counts, labelled_rows(tables, each, since, until))

    if now.rows < settings.drift_min_rows:
        return ()
    found = []
    for other in tables.watched:
        if other.name == watched.name and other.version != watched.version:
            counts = of_window(tables.store, tables.cube, other, since, until)
            if counts.rows >= settings.drift_min_rows:
                found.append(compare(answers(watched, now), answers(other, counts), settings.label_min_count))
    return tuple(comparison for comparison in found if comparison is not None)


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


def _constant(now: Counts, watched: Watched) -> dict[str, str]:
    """Features with one value in every row, and that value; of numbers, one bucket's width of it."""
    found = {}
    for feature in watched.manifest.features:
        name, counted = feature.name, watched.reference.features[feature.name]
        codes = [code for code, rows in now.subjects[name].items() if rows]
        if len(codes) > 1 or feature.calendar or sum(rows > 0 for rows in counted.counts) < _SEVERAL:
            continue
        if name not in now.numbers:
            found[name] = coding(counted).name(codes[0])
        elif len(now.numbers[name].rows) == 1:
            found[name] = f"about {now.numbers[name].quantile(0.5):g}"
    return found


def _volume(
    tables: Tables, watched: Watched, now: Counts, since: datetime, length: timedelta, rule: Rule
) -> Volume | None:
    """How a day's rows are beside those of the days before."""
    hours = rows_by_hour(tables.store, tables.cube, watched, since - DAYS * length, since)
    days = [0] * DAYS
    for hour, rows in hours.items():
        days[(hour - since) // length + DAYS] += rows
    return volume(int(now.rows), days, rule)


def _quality(
    tables: Tables, watched: Watched, now: Counts, since: datetime, until: datetime, settings: Settings, rule: Rule
) -> QualityReport:
    rows = labelled_rows(tables, watched, since, until)
    found = realised(rows, watched.manifest)
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
        intervals=intervals(rows, found.measures, len(watched.manifest.classes)) if enough else {},
        matured=_matured(tables, watched, until - since, until, settings, rule),
    )


def _matured(
    tables: Tables, watched: Watched, length: timedelta, until: datetime, settings: Settings, rule: Rule
) -> Cohort:
    """As many days of predictions, the last of which whose labels are due by the window's end."""
    due = settings.pace.begin(until - settings.pace.days(settings.label_due_days))
    rows = labelled_rows(tables, watched, due - length, due)
    predictions = of_window(tables.store, tables.cube, watched, due - length, due).rows
    span = moment.text(due - length), moment.text(due)
    return cohort(rows, int(predictions), watched, span, settings.label_min_count, rule)


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
