"""Pages from reports: one a window, and an index. They need no network, no script and no server."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import jinja2
import msgspec

from monitoring.drift.subject import Subject
from monitoring.evidently_report.outcome import read_outcome
from monitoring.files import write_bytes
from monitoring.pages import numbers, words
from monitoring.pages.revision import revision
from monitoring.pages.trend import Trend, read_trend
from monitoring.report import Report, View

INDEX = "index.html"
_MOST_BARS = 10
_WIDTH, _HEIGHT = 220.0, 36.0  # of a trend, in pixels


@dataclass(frozen=True)
class Row:
    """One subject of a page: its numbers, its trend as points of a line, and where its score stands on the scale."""

    subject: Subject
    line: str
    place: float
    stands: bool


class Pages:
    """Writes the pages of one folder of reports."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._environment = _environment()

    def write(self, reports: Sequence[Report], newest: Sequence[Report]) -> None:
        """Write a page for each report, and the index of the newest ones of every window.

        Raises:
            OSError: if one can't be written.
            jinja2.TemplateError: if a template is wrong.
        """
        for report in reports:
            trend = read_trend(self._folder, report)
            write_bytes((self._folder / report.place).with_suffix(".html"), self.summary(report, trend).encode())
        write_bytes(self._folder / INDEX, self.index(newest).encode())

    def summary(self, report: Report, trend: Trend) -> str:
        """The page of one window."""
        return self._environment.get_template("summary.html").render(
            report=report,
            headline=words.headline(report),
            consequence=words.consequence(report),
            revision=revision(report),
            movements=list(words.movements(report, trend)),
            faults=list(words.faults(report)),
            season=words.season(report),
            quality=list(words.quality(report)),
            retrain=list(words.retrain(report)),
            segments=list(words.segments(report)),
            beside=list(words.beside(report)),
            views={view: list(_rows(report, trend, view)) for view in ("aligned", "plain")},
            spans=list(numbers.rows(report.views["aligned"])),
            moved=[subject for subject in report.views["aligned"].subjects if subject.level != "none"],
            most_bars=_MOST_BARS,
            home="../" * report.place.count("/") + INDEX,
            numbers=msgspec.to_builtins(report.quality),
            evidently=read_outcome(self._folder, report),
        )

    def index(self, reports: Iterable[Report]) -> str:
        """The newest report of every window, and the ones before."""
        entries = []
        for report in reports:
            trend = read_trend(self._folder, report)
            place = Path(report.place)
            former = [str(place.with_name(Path(one.place).stem + ".html")) for one in reversed(trend.reports)]
            entries.append(
                {
                    "report": report,
                    "headline": words.headline(report),
                    "page": str(place.with_suffix(".html")),
                    "evidently": self._evidently(report),
                    "former": list(zip(former, reversed(trend.reports), strict=True))[1:25],
                }
            )
        return self._environment.get_template("index.html").render(entries=entries)

    def _evidently(self, report: Report) -> dict[str, str]:
        """Evidently's pages of a report by what they show, below the folder."""
        outcome = read_outcome(self._folder, report)
        return {
            name: str(Path(report.place).with_name(page)) for name, page in (outcome.pages if outcome else {}).items()
        }


@cache  # templates are compiled once, not in every run of a schedule
def _environment() -> jinja2.Environment:
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("monitoring.pages"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {"percent": words.percent, "duration": words.duration}
    return environment


def _rows(report: Report, trend: Trend, view: View) -> Iterable[Row]:
    top = 2 * report.thresholds["score_alert"]
    for subject in report.views[view].subjects:
        scores = trend.scores(subject.name, view)
        yield Row(
            subject=subject,
            line=_line(scores, top),
            place=min(1.0, subject.score / top),
            stands=subject.name in report.views[view].alerts,
        )


def _line(scores: Sequence[float | None], top: float) -> str:
    """Points of an SVG line; a single score is drawn as a level line."""
    known = [(place, score) for place, score in enumerate(scores) if score is not None]
    if not known:
        return ""
    if len(known) == 1:
        known = [(0, known[0][1]), (max(1, len(scores) - 1), known[0][1])]
    last = max(1, len(scores) - 1)
    return " ".join(
        f"{place / last * _WIDTH:.1f},{_HEIGHT * (1 - min(1.0, score / top)):.1f}" for place, score in known
    )
