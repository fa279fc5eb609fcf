"""What the reports of a window said before: scores over time, and since when something stands."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from monitoring.report import Report, ReportError, View, read

MOST = 60  # reports looked back at


@dataclass(frozen=True)
class Trend:
    """The reports of one window of one model, oldest first; the last one is the newest."""

    reports: tuple[Report, ...]

    def scores(self, subject: str, view: View = "aligned") -> list[float | None]:
        """A subject's score in each report; None where there was none."""
        return [
            next((one.score for one in report.views[view].subjects if one.name == subject), None)
            for report in self.reports
        ]

    def since(self, subject: str, view: View = "aligned") -> str | None:
        """The end of the first of the windows, up to the newest, in which a subject was at least a warning throughout."""
        found = None
        for report in reversed(self.reports):
            level = next((one.level for one in report.views[view].subjects if one.name == subject), "none")
            if level == "none":
                break
            found = report.until
        return found


def read_trend(folder: Path, report: Report) -> Trend:
    """The reports of the same window up to this one; one that can't be read is left out."""
    places = sorted((folder / report.place).parent.glob("*Z.json"))
    names: Sequence[str] = [path.name for path in places if path.name <= Path(report.place).name][-MOST:]
    found = []
    for name in names:
        try:
            found.append(read(folder, str(Path(report.place).with_name(name))))
        except ReportError:
            continue
    return Trend(tuple(found))
