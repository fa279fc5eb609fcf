"""One run: the logs read, every window of every model reported, and the newest reports named at the very end."""

import logging
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import product
from pathlib import Path

from jinja2 import TemplateError

from monitoring import moment
from monitoring.counting.index import ArchiveError
from monitoring.counting.source import Progress
from monitoring.counting.sources import source_of
from monitoring.counting.store import Store
from monitoring.drift.rule import Rule
from monitoring.evidently_report.process import Evidently
from monitoring.evidently_report.wish import Wish, wishes_of
from monitoring.inputs import Inputs, reach
from monitoring.lock import only_one
from monitoring.making import Tables, make
from monitoring.pages.page import Pages
from monitoring.quality.due import count_due
from monitoring.report import LATEST, Latest, Report, ReportError, end_of, place_of, read, read_latest, write
from monitoring.retention import tidy
from monitoring.revision import day_ends, former_of, revise, stands
from monitoring.settings import Settings
from monitoring.watched import Watched, read_all
from monitoring.workplace import workplace

WINDOWS = ("1d", "7d", "28d")
_LOCK_SECONDS = 30.0
_log = logging.getLogger("puerta.monitoring.run")


class RunError(RuntimeError):
    """A run that could not be done; the message says why."""


@dataclass(frozen=True)
class _Order:
    """What a run shall do: report the windows that end at ``ends``, of which the last is the newest."""

    settings: Settings
    windows: Sequence[str]
    ends: Sequence[datetime]
    rule: Rule
    progress: Progress


@dataclass(frozen=True)
class _Made:
    """What a run made: the newest report of every window, and all that is not on disk as it is."""

    newest: list[Report] = field(default_factory=list)
    changed: list[Report] = field(default_factory=list)


def run(
    settings: Settings,
    at: datetime,
    windows: Sequence[str] = WINDOWS,
    progress: Progress = lambda _: None,
    rule: Rule | None = None,
    *,
    catch_up: bool = False,
) -> tuple[Report, ...]:
    """Report the windows that end with the hour of ``at``. Run again, it changes only what has other inputs now.

    Args:
        settings: Where the logs, packages and reports are, and what is enough.
        at: Now, or a moment in the past.
        windows: Of ``WINDOWS``.
        progress: Told what is being done.
        rule: What matters; None for the usual one.
        catch_up: Whether the reports of the last days' ends are made too: those that are missing, and those whose
            events or labels are others since.

    Returns:
        The reports of the windows that end with the hour of ``at``.

    Raises:
        RunError: if no model can be watched, or ``at`` has not been yet.
        LockError: if another run is under way.
        OSError, duckdb.Error: if a log can't be read or a report can't be written.
    """
    if at > datetime.now(UTC):
        raise RunError(f"{moment.text(at)} has not been yet, expected a moment in the past")
    past = _kept_ends(settings, at) if catch_up else ()
    order = _Order(settings, windows, (*past, settings.pace.end(at)), rule or Rule(), progress)
    with only_one(settings.reports_dir / ".lock", wait=_LOCK_SECONDS):
        watched = tuple(read_all(settings.models_dir))
        if not watched:
            raise RunError(f"{settings.models_dir}: no model package that can be watched")
        with (
            workplace(settings.state_dir, settings.reports_dir) as work,
            Evidently(settings, work / "evidently") as evidently,
        ):
            made, latest, wishes = _run(order, work, at, watched, evidently)
            evidently.grant(wishes, progress)
        _tidy(settings, {*latest.reports, *(report.place for report in made.newest)}, progress)
        progress("writing pages")
        _write_pages(settings.reports_dir, made, latest)  # after what they would lead to is gone
    return tuple(made.newest)


def _run(
    order: _Order,
    work: Path,
    at: datetime,
    watched: tuple[Watched, ...],
    evidently: Evidently,
) -> tuple[_Made, Latest, list[Wish]]:
    settings, progress = order.settings, order.progress
    since, until = order.ends[0] - reach(order.windows, settings), order.ends[-1]
    former = _former(settings.reports_dir)
    with (
        Store(memory_megabytes=settings.drift_memory_megabytes, spill=work / "spill") as store,
        source_of(store, settings, work, progress) as source,
    ):
        log = source.look(watched, since, until)
        progress(f"{log.events:,} events" + (f" in {log.segments:,} segments" if log.segments else ""))
        if log.unreadable:
            progress(f"{log.unreadable} lines are no events")
        if settings.evidently and log.events >= settings.drift_min_rows:
            evidently.start()  # it loads while we count
        counted = source.count(watched, since, until, progress)
        tables = Tables(store, counted.cube, counted.labelled, counted.lags, source, watched)
        made = _make(order, tables)
        due_until, overdue = count_due(
            source, settings.pace.days(settings.label_due_days), at, former, watched, settings.pace
        )
        wishes = wishes_of(tables, watched, made.newest, settings) if settings.evidently else []
    for report in made.changed:
        write(settings.reports_dir, report, report.place)
    if former is not None and _is_past(former, made.newest, settings.pace.end(datetime.now(UTC))):
        return made, former, wishes
    latest = Latest(
        finished=moment.text(datetime.now(UTC)),
        due_until=due_until,
        due=overdue,
        log=log,
        reports=(*_kept(former, made.newest, watched), *(report.place for report in made.newest)),
    )
    write(settings.reports_dir, latest, LATEST)
    return made, latest, wishes


def _kept_ends(settings: Settings, at: datetime) -> Iterator[datetime]:
    """The ends of the last days whose reports would not be deleted again at once."""
    oldest = datetime.now(UTC) - timedelta(days=settings.reports_keep_days)
    return (end for end in day_ends(settings.pace, at) if end >= oldest)


def _former(folder: Path) -> Latest | None:
    """The newest reports' names; where they can't be read they are made anew, or no report would ever be made again."""
    try:
        return read_latest(folder)
    except ReportError as error:
        _log.error("made anew: %s", error)
        return None


def _make(order: _Order, tables: Tables) -> _Made:
    """The newest report of every window, and of those before it what has to be made."""
    settings, newest = order.settings, order.ends[-1]
    inputs, now, made = Inputs(tables, settings, order.rule), datetime.now(UTC), _Made()
    for each, window, end in product(tables.watched, order.windows, order.ends):
        first = inputs.first(each)
        if end != newest and (first is None or end <= first):
            continue  # nobody had asked it yet
        place = place_of(each.name, each.version, window, end, settings.drift_day_seconds)
        before, digest = former_of(settings.reports_dir, place), inputs.of(each, window, end)
        if end != newest and stands(before, digest):
            continue
        order.progress(f"judging {each.name}/{each.version}, {window} to {moment.text(end)}")
        report = revise(make(tables, each, window, end, settings, order.rule), digest, before, now)
        if report != before:
            made.changed.append(report)
        if end == newest:
            made.newest.append(report)
    return made


def _tidy(settings: Settings, named: Collection[str], progress: Progress) -> None:
    """The disk stays small; that it can't be done is told, and loses nothing."""
    try:
        tidy(settings, named, progress)
    except (OSError, ArchiveError) as error:
        _log.error("not tidied up: %s", error)


def _write_pages(folder: Path, made: _Made, latest: Latest) -> None:
    """Pages are made of reports that are there already; that they can't be written is told, and loses nothing else."""
    try:
        Pages(folder).write(_unshown(folder, made), list(_readable(folder, latest.reports)))
    except (OSError, TemplateError) as error:
        _log.error("pages not written: %s", error)


def _unshown(folder: Path, made: _Made) -> list[Report]:
    """The reports whose page is not of them: of this run, and of one that was killed before it wrote its pages."""
    found = {report.place: report for report in (*made.newest, *made.changed) if (folder / report.place).exists()}
    stale = []
    for window in {Path(report.place).parent for report in made.newest}:
        for path in (folder / window).glob("*Z.json"):
            page = path.with_suffix(".html")
            if not page.exists() or page.stat().st_mtime_ns < path.stat().st_mtime_ns:
                stale.append(str(path.relative_to(folder)))
    return [*found.values(), *_readable(folder, (place for place in stale if place not in found))]


def _readable(folder: Path, places: Iterable[str]) -> Iterator[Report]:
    """Reports; one that can't be read has no page, and keeps no other from having one."""
    for place in places:
        try:
            yield read(folder, place)
        except ReportError as error:
            _log.error("no page: %s", error)


def _kept(former: Latest | None, reports: Sequence[Report], watched: Iterable[Watched]) -> list[str]:
    """The newest reports of windows that this run was not asked for."""
    made = {report.place.rsplit("/", 1)[0] for report in reports}
    models = {f"drift/{each.name}/{each.version}" for each in watched}
    places = former.reports if former else ()
    return [place for place in places if place.rsplit("/", 1)[0] not in made and place.rsplit("/", 2)[0] in models]


def _is_past(former: Latest, reports: Sequence[Report], now: datetime) -> bool:
    """Whether newer reports are named already; not those that end after ``now``, made while a clock was wrong."""
    named = {Path(place).parent: end_of(place) for place in former.reports}
    newer = (named.get(Path(report.place).parent) for report in reports)
    return any(
        end is not None and moment.parse(report.until) < end <= now for report, end in zip(reports, newer, strict=True)
    )
