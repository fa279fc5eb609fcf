"""What the reports of a window said over time: the few numbers of each that are drawn, read once."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from monitoring import moment
from monitoring.drift.subject import Level
from monitoring.report import QualityVerdict, Report, ReportError, Verdict, read

MOST = 240  # reports looked back at: two days of every hour, and half a year of days


@dataclass(frozen=True, kw_only=True)
class Point:
    """One report in short. ``ended`` is the end of its window in seconds since the epoch; the rest is as in the report."""

    ended: float
    until: str
    revision: int
    rows: int
    verdict: Verdict
    scores: Mapping[str, float]
    levels: Mapping[str, Level]
    quality: QualityVerdict
    coverage: float | None
    measures: Mapping[str, float]
    intervals: Mapping[str, tuple[float, float]]
    expected: Mapping[str, float]
    estimated: Mapping[str, float]


@dataclass(frozen=True)
class Past:
    """The reports of one window of one model, oldest first; the last one is the newest."""

    points: tuple[Point, ...]

    def verdict_since(self) -> str | None:
        """The end of the first of the windows, up to the newest, that had the newest one's verdict without a break."""
        found = None
        for point in reversed(self.points):
            if point.verdict != self.points[-1].verdict:
                break
            found = point.until
        return found

    def subjects(self) -> tuple[str, ...]:
        """Every subject that ever had a score, those of the newest report that has any first."""
        return tuple(dict.fromkeys(name for point in reversed(self.points) for name in point.scores))


class Shelf:
    """Reads the reports of a folder. One that has not changed since is not read again: it is small, they are not."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._read: dict[str, tuple[int, Point]] = {}

    def past(self, report: Report) -> Past:
        """The reports of the same window up to this one; one that can't be read is left out."""
        place = Path(report.place)
        names = sorted(path.name for path in (self._folder / place.parent).glob("*Z.json"))
        places = [str(place.with_name(name)) for name in names if name <= place.name][-MOST:]
        points = [point for point in map(self._point, places) if point is not None]
        return Past(tuple(points))

    def forget(self) -> None:
        """Forget the reports that are gone."""
        for place in list(self._read):
            if not (self._folder / place).exists():
                self._read.pop(place, None)

    def _point(self, place: str) -> Point | None:
        try:
            stamp = (self._folder / place).stat().st_mtime_ns
            known = self._read.get(place)
            if known is None or known[0] != stamp:
                known = stamp, _shortened(read(self._folder, place))
                self._read[place] = known
        except (OSError, ReportError):
            return None
        return known[1]


def _shortened(report: Report) -> Point:
    view, quality = report.views["aligned"], report.quality
    return Point(
        ended=moment.parse(report.until).timestamp(),
        until=report.until,
        revision=report.revision,
        rows=report.rows,
        verdict=view.verdict,
        scores={subject.name: subject.score for subject in view.subjects},
        levels={
            subject.name: "warn" if subject.level == "alert" and subject.name not in view.alerts else subject.level
            for subject in view.subjects
        },
        quality=quality.verdict,
        coverage=quality.coverage,
        measures=quality.measures,
        intervals=quality.intervals,
        expected=quality.baseline | quality.expected,
        estimated=quality.estimated,
    )
