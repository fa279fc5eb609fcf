"""One run: the logs read, every window of every model reported, and the newest reports named at the very end."""

import logging
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory

import duckdb
from jinja2 import TemplateError

from monitoring import moment
from monitoring.counting.archive import Archive, ArchiveError
from monitoring.counting.cube import EVENT_COLUMNS
from monitoring.counting.log import look
from monitoring.counting.segments import Segment
from monitoring.counting.snapshot import Snapshot
from monitoring.counting.store import Store
from monitoring.drift.rule import Rule
from monitoring.evidently_report.process import grant
from monitoring.evidently_report.wish import Wish, wishes_of
from monitoring.lock import only_one
from monitoring.making import Tables, make
from monitoring.pace import Grain
from monitoring.pages.page import Pages
from monitoring.quality.due import count_due
from monitoring.quality.labelled import (
    JOINED_COLUMNS,
    LABEL_COLUMNS,
    LABELLED_COLUMNS,
    LAG_COLUMNS,
    join,
    labelled,
    lags,
)
from monitoring.report import (
    LATEST,
    Latest,
    Report,
    ReportError,
    read,
    read_latest,
    window_hours,
    write,
)
from monitoring.retention import prune
from monitoring.settings import Settings
from monitoring.watched import Watched, read_all

WINDOWS = ("1d", "7d", "28d")
_LOCK_SECONDS = 30.0
_log = logging.getLogger("puerta.monitoring.run")

Progress = Callable[[str], None]


class RunError(RuntimeError):
    """A run that could not be done; the message says why."""


def run(
    settings: Settings,
    at: datetime,
    windows: Sequence[str] = WINDOWS,
    progress: Progress = lambda _: None,
    rule: Rule | None = None,
) -> tuple[Report, ...]:
    """Report the windows that end with the hour of ``at``. Run again, it writes the same places anew.

    Args:
        settings: Where the logs, packages and reports are, and what is enough.
        at: Now, or a moment in the past.
        windows: Of ``WINDOWS``.
        progress: Told what is being done.
        rule: What matters; None for the usual one.

    Raises:
        RunError: if no model can be watched, or ``at`` has not been yet.
        LockError: if another run is under way.
        OSError, duckdb.Error: if a log can't be read or a report can't be written.
    """
    if at > datetime.now(UTC):
        raise RunError(f"{moment.text(at)} has not been yet, expected a moment in the past")
    with only_one(settings.reports_dir / ".lock", wait=_LOCK_SECONDS):
        watched = tuple(read_all(settings.models_dir))
        if not watched:
            raise RunError(f"{settings.models_dir}: no model package that can be watched")
        with TemporaryDirectory(prefix="puerta-monitoring-") as copies:
            archive = Archive(settings.archive_dir)
            snapshot = Snapshot(settings.events_dir, settings.labels_dir, archive, Path(copies))
            reports, latest, wishes = _run(settings, snapshot, at, windows, progress, rule or Rule(), watched)
        grant(wishes, settings, progress)
        progress("writing pages")
        _write_pages(settings.reports_dir, reports, latest)
        _tidy(archive, settings, latest, progress)
    return reports


def _run(
    settings: Settings,
    snapshot: Snapshot,
    at: datetime,
    windows: Sequence[str],
    progress: Progress,
    rule: Rule,
    watched: tuple[Watched, ...],
) -> tuple[tuple[Report, ...], Latest, list[Wish]]:
    until = settings.pace.end(at)
    longest = settings.pace.hours(max(map(window_hours, windows)) + settings.drift_step_hours)
    longest += settings.pace.days(settings.label_due_days)  # as labels are due of windows that long before
    former = read_latest(settings.reports_dir)
    with Store(memory_megabytes=settings.drift_memory_megabytes, spill=settings.reports_dir / ".spill") as store:
        segments = snapshot.events((until - longest).timestamp())
        progress(f"{len(segments)} log segments to read")
        log = look(store, segments, watched, settings.pace.grain)
        if log.unreadable:
            progress(f"{log.unreadable} lines are no events")
        tables = _count(store, segments, snapshot.labels(), watched, settings.pace.grain, progress)
        reports = []
        for each in watched:
            for window in windows:
                progress(f"judging {each.name}/{each.version}, {window}")
                reports.append(make(tables, each, window, until, settings, rule))
        due_until, overdue = count_due(
            store, snapshot, settings.pace.days(settings.label_due_days), at, former, watched, settings.pace
        )
        wishes = wishes_of(tables, watched, reports, settings) if settings.evidently else []
    for report in reports:
        write(settings.reports_dir, report, report.place)
    kept = _kept(former, reports, watched)
    latest = Latest(
        finished=moment.text(datetime.now(UTC)),
        due_until=due_until,
        due=overdue,
        log=log,
        reports=(*kept, *(report.place for report in reports)),
    )
    write(settings.reports_dir, latest, LATEST)
    return tuple(reports), latest, wishes


def _tidy(archive: Archive, settings: Settings, latest: Latest, progress: Progress) -> None:
    """The disk stays small and the next run quick; that it can't be done is told, and loses nothing."""
    now = datetime.now(UTC)
    try:
        if deleted := prune(settings.reports_dir, now, settings.reports_keep_days, latest.reports):
            progress(f"deleted {deleted} old reports")
        with Store(memory_megabytes=settings.drift_memory_megabytes) as store:
            for path in archive.compact(store, settings.events_dir, now):
                progress(f"compacted a day's segments into {path.name}")
    except (OSError, ArchiveError, duckdb.Error) as error:
        _log.error("not tidied up: %s", error)


def _write_pages(folder: Path, reports: Sequence[Report], latest: Latest) -> None:
    """Pages are made of reports that are there already; that they can't be written is told, and loses nothing else."""
    try:
        Pages(folder).write(reports, [read(folder, place) for place in latest.reports])
    except (OSError, ReportError, TemplateError) as error:
        _log.error("pages not written: %s", error)


def _count(
    store: Store,
    segments: Sequence[Segment],
    labelling: Sequence[Segment],
    watched: Sequence[Watched],
    grain: Grain,
    progress: Progress,
) -> Tables:
    events, labels = store.read(segments, EVENT_COLUMNS), store.read(labelling, LABEL_COLUMNS)
    progress(f"counting {len(watched)} models")
    cube = store.count(segments, watched, grain=grain)
    progress(f"joining the labels of {len(labelling)} segments")
    joined, counted, lag = (store.empty(columns) for columns in (JOINED_COLUMNS, LABELLED_COLUMNS, LAG_COLUMNS))
    store.insert(joined, join(events, labels, grain=grain))
    store.insert(lag, lags(joined))
    for each in watched:
        store.insert(counted, labelled(joined, each))
    return Tables(store, cube, counted, lag, events, tuple(watched))


def _kept(former: Latest | None, reports: Sequence[Report], watched: Iterable[Watched]) -> list[str]:
    """The newest reports of windows that this run was not asked for."""
    made = {report.place.rsplit("/", 1)[0] for report in reports}
    models = {f"drift/{each.name}/{each.version}" for each in watched}
    places = former.reports if former else ()
    return [place for place in places if place.rsplit("/", 1)[0] not in made and place.rsplit("/", 2)[0] in models]
