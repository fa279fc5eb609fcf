"""What is deleted, and when: reports, segments of the service that the archive holds, the archive's own hours, counts."""

from collections.abc import Collection, Iterator
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path

from monitoring import moment
from monitoring.counting.cache import Cache
from monitoring.counting.log_source import CACHE_FOLDER
from monitoring.counting.segments import list_segments
from monitoring.counting.snapshot import archives
from monitoring.counting.source import Progress
from monitoring.report import end_of
from monitoring.settings import Settings

_EVERY_ONE = timedelta(days=2)


def tidy(settings: Settings, named: Collection[str], progress: Progress) -> None:
    """Delete what is older than the settings say; it is told how much that was.

    Args:
        settings: Which folders, and how long.
        named: Reports that stay, whatever their age.
        progress: Told what was deleted.

    Raises:
        ArchiveError, OSError: if something can't be deleted; the next run tries again.
    """
    now = datetime.now(UTC)
    if deleted := prune(settings.reports_dir, now, settings.reports_keep_days, named):
        progress(f"deleted {deleted} old reports")
    events, labels = archives(settings.archive_dir)
    for log, archive, days in (
        (settings.events_dir, events, settings.events_keep_days),
        (settings.labels_dir, labels, settings.labels_keep_days),
    ):
        if days:
            before = now - timedelta(days=days)
            if deleted := clear(log, archive.held(), before):
                progress(f"deleted {deleted} segments of {log} that are older than {days} days")
            if deleted := archive.drop(before):
                progress(f"deleted {deleted} files of the archive of {log} that are older than {days} days")
    if settings.counts_keep_days:
        oldest = now - timedelta(days=settings.counts_keep_days)
        if deleted := Cache(settings.archive_dir / CACHE_FOLDER).drop(moment.text(oldest)[:10]):
            progress(f"deleted {deleted} files of counts that are older than {settings.counts_keep_days} days")


def prune(folder: Path, now: datetime, keep_days: int, named: Collection[str]) -> int:
    """Delete reports below a folder, with their pages, and say how many.

    All of the last two days stay, then that of each day's end, or the last one of a day that has none. Where none is left
    of a window, what Evidently made of it goes too.

    Args:
        folder: Of the reports.
        now: The age of a report is from the end of its window to now.
        keep_days: Days after which none stays.
        named: Places that stay, whatever their age.

    Raises:
        OSError: if one can't be deleted.
    """
    deleted = 0
    for window in folder.glob("drift/*/*/*/"):
        ends = dict(_ends(window))
        last_of = {(end - moment.SECOND).date(): path for path, end in ends.items()}
        gone = [
            path
            for path, end in ends.items()
            if now - end > _EVERY_ONE
            and (now - end > timedelta(days=keep_days) or path not in last_of.values())
            and str(path.relative_to(folder)) not in named
        ]
        for path in gone:
            path.with_suffix(".html").unlink(missing_ok=True)
            path.unlink()
        deleted += len(gone)
        if gone and len(gone) == len(ends):
            for path in window.iterdir():
                path.unlink()
            window.rmdir()
    return deleted


def _ends(window: Path) -> Iterator[tuple[Path, datetime]]:
    for path in sorted(window.glob("*Z.json")):
        with suppress(ValueError):  # no report of ours
            yield path, end_of(path.name)


def clear(log: Path, held: Collection[str], before: datetime) -> int:
    """Delete closed segments that were last written before a moment and are held elsewhere, and say how many.

    Raises:
        OSError: if one can't be deleted.
    """
    old = [
        segment.path
        for segment in list_segments(log)
        if not segment.is_open and segment.name in held and segment.modified < before.timestamp()
    ]
    for path in old:
        path.unlink(missing_ok=True)
    return len(old)
