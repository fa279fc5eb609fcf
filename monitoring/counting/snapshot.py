"""The logs as they were when a run began, whatever happens to them meanwhile."""

import shutil
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

from monitoring.counting.archive import Archive
from monitoring.counting.index import Listing
from monitoring.counting.segments import Segment
from monitoring.quality.labelled import LABEL_COLUMNS


class Snapshot:
    """Lists both logs once, as segments that stay where they are and as they are.

    One that is being written is renamed when it is closed, and grows until then; a run reads it several times. So it is
    copied: it is small, as segments are closed at a size.
    """

    def __init__(self, events: Path, labels: Path, archive: Archive, label_archive: Archive, copies: Path) -> None:
        """``copies`` is a folder of the run's own.

        Raises:
            ArchiveError, OSError: if they can't be listed or copied.
        """
        self.events = _still(archive.list_all(events), copies / "events")
        self.labels = _still(label_archive.list_all(labels), copies / "labels")


def archives(folder: Path) -> tuple[Archive, Archive]:
    """Those of the prediction log and of the label log."""
    return Archive(folder), Archive(folder / "labels", LABEL_COLUMNS)


def _still(listing: Listing, copies: Path) -> Listing:
    copies.mkdir(exist_ok=True)
    return replace(listing, lines=tuple(_copied(listing.lines, copies)))


def _copied(segments: Iterable[Segment], folder: Path) -> Iterable[Segment]:
    for segment in segments:
        if not segment.is_open:
            yield segment
            continue
        try:
            yield Segment(Path(shutil.copyfile(segment.path, folder / segment.path.name)), segment.modified)
        except FileNotFoundError:
            yield Segment(segment.path.with_suffix(""), segment.modified)  # it was closed just now
