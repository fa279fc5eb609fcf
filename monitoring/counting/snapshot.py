"""The logs as they were when a run began, whatever happens to them meanwhile."""

import shutil
from collections.abc import Iterable
from pathlib import Path

from monitoring.counting.archive import Archive
from monitoring.counting.segments import Segment, list_segments


class Snapshot:
    """Lists segments that stay where they are and as they are.

    One that is being written is renamed when it is closed, and grows until then; a run reads it several times. So it is
    copied: it is small, as segments are closed at a size.
    """

    def __init__(self, events: Path, labels: Path, archive: Archive, copies: Path) -> None:
        """``copies`` is a folder of the run's own."""
        self._events = events
        self._labels = labels
        self._archive = archive
        self._copies = copies

    def events(self, since: float = 0.0) -> list[Segment]:
        """What may hold events written at ``since`` or later, in seconds since the epoch.

        Raises:
            ArchiveError, OSError: if they can't be listed or copied.
        """
        return self._still(self._archive.list_segments(self._events, since), "events")

    def labels(self) -> list[Segment]:
        """The whole label log.

        Raises:
            OSError: if it can't be listed or copied.
        """
        return self._still(list_segments(self._labels), "labels")

    def _still(self, segments: Iterable[Segment], kind: str) -> list[Segment]:
        folder = self._copies / kind
        folder.mkdir(exist_ok=True)
        return [self._copied(segment, folder) if segment.is_open else segment for segment in segments]

    def _copied(self, segment: Segment, folder: Path) -> Segment:
        try:
            return Segment(Path(shutil.copyfile(segment.path, folder / segment.path.name)), segment.modified)
        except FileNotFoundError:
            return Segment(segment.path.with_suffix(""), segment.modified)  # it was closed just now
