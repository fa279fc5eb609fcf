"""What a run says of one window of one model, as JSON; and the newest of these together. Written whole, or not at all."""

from datetime import datetime
from pathlib import Path
from typing import Final, Literal

import msgspec

from monitoring import moment
from monitoring.drift.subject import Level, SegmentVerdict, Subject
from monitoring.drift.volume import Volume
from monitoring.files import write_bytes
from monitoring.pace import DAY_SECONDS
from monitoring.quality.findings import Cohort, Comparison, Interval, Retrain

LATEST: Final = "latest.json"
Verdict = Literal["none", "warn", "alert", "insufficient_data"]
QualityVerdict = Literal["good", "low", "not_enough_labels"]
VERDICTS: Final[tuple[Verdict, ...]] = ("none", "warn", "alert", "insufficient_data")
QUALITY_VERDICTS: Final[tuple[QualityVerdict, ...]] = ("good", "low", "not_enough_labels")
View = Literal["aligned", "plain"]


class ReportError(ValueError):
    """A report that can't be read; the message names the file."""


class ViewReport(msgspec.Struct, frozen=True, kw_only=True):
    """One comparison: with the reference as it is (plain), or as it would be in the window's part of the year (aligned).

    ``reference_rows`` is what the reference is worth, reweighted. ``alerts`` are the subjects whose alert stands: they
    alerted in the window that ended earlier too, whose levels are ``before``. ``pairs`` are features two by two; they
    explain the joint subject, and have no alert of their own.
    """

    verdict: Verdict
    reference_rows: float
    alerts: tuple[str, ...]
    before: dict[str, Level]
    subjects: tuple[Subject, ...]
    pairs: tuple[Subject, ...] = ()


class QualityReport(msgspec.Struct, frozen=True, kw_only=True):
    """What the labels of a window's predictions say. ``coverage`` is their part of the predictions, None without any.

    ``baseline`` is what the package says of its held-out rows; ``expected`` is the same for the window's part of the
    year where that can be told, and what ``below`` is measured against. ``estimated`` is what a calibrated model expects
    of itself without labels. ``strangers`` are labels that are none of the model's classes. ``intervals`` are those of
    ``measures``, at 95 %. ``matured`` is the window's length of predictions whose labels are due.
    """

    verdict: QualityVerdict
    labels: int
    strangers: int
    coverage: float | None
    lag_seconds: dict[str, float]
    measures: dict[str, float]
    baseline: dict[str, float]
    expected: dict[str, float]
    below: dict[str, bool]
    estimated: dict[str, float]
    intervals: dict[str, Interval] = {}
    matured: Cohort | None = None


class Revised(msgspec.Struct, frozen=True):
    """When a report was made again, and how many more predictions and labels its window had than in the one before.

    ``cause`` is ``settings`` where the rule, a setting or the package's reference is another one too.
    """

    at: str
    predictions: int
    labels: int
    cause: Literal["log", "settings"] = "log"


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """One window of one model, in days of ``day_seconds``.

    ``faults`` are parts of the rows by feature and fault, such as ``unseen``; ``unseen`` names the most frequent of those
    values, with their rows. ``constant`` are the features that had one value in every row where the training data has more,
    those that follow the calendar left out. ``volume`` is how a day's rows are beside the days before. ``segments`` are parts
    of the window that have rows enough, each with a verdict of its own and no alert; ``beside`` are the other versions that
    were answering.

    ``inputs`` is a digest of all that it rests on. ``revision`` is 0 while the window is not over, 1 from then on, and one
    more each time the report was made again of other inputs, of which the last is ``revised``.
    """

    schema: Literal[1] = 1
    model: str
    version: str
    window: str
    day_seconds: int = DAY_SECONDS
    since: str
    until: str
    before_until: str
    rows: int
    min_rows: int
    faults: dict[str, dict[str, float]]
    thresholds: dict[str, float]
    views: dict[View, ViewReport]
    quality: QualityReport
    retrain: Retrain = Retrain()
    segments: tuple[SegmentVerdict, ...] = ()
    unseen: dict[str, dict[str, int]] = {}
    beside: tuple[Comparison, ...] = ()
    inputs: str = ""
    constant: dict[str, str] = {}
    volume: Volume | None = None
    revision: int = 0
    revised: Revised | None = None

    @property
    def place(self) -> str:
        """Where it is written, below the folder of the reports: the same window has the same place."""
        return place_of(self.model, self.version, self.window, moment.parse(self.until), self.day_seconds)


class DueLabels(msgspec.Struct, frozen=True):
    """Predictions of one model whose label was due by now, and how many of these had none in time."""

    model: str
    version: str
    due: int = 0
    late: int = 0


class LogReport(msgspec.Struct, frozen=True, kw_only=True):
    """What was read: ``unreadable`` counts lines that are no events, ``unwatched`` events of models without a package.

    ``hours`` are the events of each hour that has any, by its beginning such as 2026-07-10T12; of short days, minutes.
    ``damaged`` are segments and files that could not be read, by name; what they hold is in no count.
    """

    segments: int
    events: int
    unreadable: int
    unwatched: dict[str, int]
    hours: dict[str, int] = {}
    damaged: tuple[str, ...] = ()


class Latest(msgspec.Struct, frozen=True, kw_only=True):
    """The newest reports. It is written last, so all that it names is there, whole."""

    schema: Literal[1] = 1
    finished: str
    due_until: str | None  # every prediction before it is counted in ``due``
    due: tuple[DueLabels, ...]
    log: LogReport
    reports: tuple[str, ...]


def place_of(model: str, version: str, window: str, until: datetime, day_seconds: int = DAY_SECONDS) -> str:
    """Where the report of a window is, below the folder of the reports."""
    name = until.strftime("%Y-%m-%dT%HZ" if day_seconds == DAY_SECONDS else "%Y-%m-%dT%H%M%SZ")
    return f"drift/{model}/{version}/{window}/{name}.json"


def end_of(place: str) -> datetime:
    """The end of the window whose report has this place.

    Raises:
        ValueError: if no report has it.
    """
    return moment.parse(Path(place).stem)


def write(folder: Path, document: Report | Latest, place: str) -> Path:
    """Write a document below a folder as JSON, in one step.

    Raises:
        OSError: if it can't be written; then what was there is there still.
    """
    return write_bytes(folder / place, msgspec.json.format(msgspec.json.encode(document), indent=2) + b"\n")


def read_latest(folder: Path) -> Latest | None:
    """The newest reports' names; None where none was ever written.

    Raises:
        ReportError: if it can't be read.
    """
    path = folder / LATEST
    try:
        return msgspec.json.decode(path.read_bytes(), type=Latest)
    except FileNotFoundError:
        return None
    except (OSError, msgspec.DecodeError) as error:
        raise ReportError(f"{path}: {error}") from error


def read(folder: Path, place: str) -> Report:
    """One report.

    Raises:
        ReportError: if it can't be read.
    """
    try:
        return msgspec.json.decode((folder / place).read_bytes(), type=Report)
    except (OSError, msgspec.DecodeError) as error:
        raise ReportError(f"{folder / place}: {error}") from error


def window_hours(window: str) -> int:
    """The length of a window such as 7d."""
    return int(window.removesuffix("d")) * 24
