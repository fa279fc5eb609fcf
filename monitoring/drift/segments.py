"""Parts of a window, each compared with the training data by itself: what one client asks, what one airline's flights are."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import msgspec

from model_files.reference_file import Cells
from monitoring.counting.coding import Categories, coding
from monitoring.counting.counts import Counts, CubeRow, gather, of_reference
from monitoring.drift.alignment import align, whole
from monitoring.drift.rule import LEVELS, Rule
from monitoring.drift.subject import SegmentVerdict, Subject
from monitoring.drift.verdict import candidates
from monitoring.watched import Watched

CLIENT: Final = "client"
NOBODY: Final = "(none)"  # a client that the log does not name
_MOST = 20  # of a kind, the largest
_MOST_MOVED = 3


@dataclass(frozen=True)
class Segment:
    """Its counts, and those of the training data that it is compared with, calendar-aligned."""

    by: str
    value: str
    window: Counts
    reference: Counts
    watched: Watched

    def candidates(self, rule: Rule) -> tuple[Subject, ...]:
        """Its subjects, to be settled with all others; the feature that it is a segment by is none of them."""
        found = candidates(self.window, self.reference, self.watched, rule)
        return tuple(subject for subject in found if subject.name != self.by)

    def verdict(self, subjects: Sequence[Subject]) -> SegmentVerdict:
        """What its settled subjects come to."""
        worst = max(subjects, key=lambda subject: (LEVELS.index(subject.level), subject.score))
        return SegmentVerdict(
            by=self.by,
            value=self.value,
            rows=round(self.window.rows),
            reference_rows=self.reference.effective,
            level=worst.level,
            subject=worst.name,
            score=worst.score,
            p=worst.p,
            moved=worst.moved[:_MOST_MOVED],
        )


def divided(rows: Mapping[str | None, Sequence[CubeRow]], watched: Watched, min_rows: int) -> list[Segment]:
    """The segments with rows enough, the largest of a kind first: clients, and the values of the largest open category.

    A client is compared with all of the training data, as that knows no clients; an airline with its own flights there.

    Args:
        rows: Of a window, by client.
        watched: Whose.
        min_rows: Fewer rows have no verdict.
    """
    clients = ((client or NOBODY, gather(own, watched)) for client, own in rows.items()) if len(rows) > 1 else ()
    found = [
        Segment(CLIENT, client, window, align(of_reference(watched), window, watched), watched)
        for client, window in clients
        if window.rows >= min_rows
    ]
    by_value = [segment for segment in _by_value(rows, watched) if segment.window.rows >= min_rows]
    return [*_largest(found), *_largest(by_value)]


def _by_value(rows: Mapping[str | None, Sequence[CubeRow]], watched: Watched) -> Iterator[Segment]:
    cells, place = watched.reference.cells, _widest(watched)
    if cells is None or place is None:
        return
    name = cells.features[place]
    values = coding(watched.reference.features[name])
    by_code: dict[int, list[CubeRow]] = {}
    for row in (row for own in rows.values() for row in own):
        by_code.setdefault(int(row[1].split(",")[place]), []).append(row)
    for code, own in by_code.items():
        kept = _having(cells, place, values.values[code]) if code >= 0 and isinstance(values, Categories) else None
        if kept is None or not kept.rows:
            continue  # an unseen value has nothing to be compared with
        part = Watched(watched.manifest, msgspec.structs.replace(watched.reference, cells=kept))
        window = gather(own, part)
        yield Segment(name, values.name(code), window, align(whole(part), window, part), part)


def _widest(watched: Watched) -> int | None:
    """The place of the category with the most values, of those that do not follow the calendar."""
    wide = [(len(f.categories), -place) for place, f in enumerate(watched.manifest.features) if not f.calendar]
    most, place = max(wide, default=(0, 0))
    return -place if most > 1 else None


def _having(cells: Cells, place: int, value: object) -> Cells:
    kept = [number for number, values in enumerate(cells.values) if values[place] == value]
    return Cells(
        cells.features,
        tuple(cells.values[number] for number in kept),
        tuple(cells.rows[number] for number in kept),
        tuple(cells.positives[number] for number in kept),
        tuple(cells.probability_sums[number] for number in kept),
        tuple(cells.predicted_positives[number] for number in kept),
    )


def _largest(segments: Sequence[Segment]) -> list[Segment]:
    return sorted(segments, key=lambda segment: (-segment.window.rows, segment.value))[:_MOST]
