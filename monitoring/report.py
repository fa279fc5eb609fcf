"""What a run says of one window of one model, as JSON; and the newest of these together. Written whole, or not at all."""

from pathlib import Path
from typing import Final, Literal

import msgspec

from monitoring.drift.subject import Level, SegmentVerdict, Subject
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


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """One window of one model, in days of ``day_seconds``.

    ``faults`` are parts of the rows by feature and fault, such as ``unseen``; ``unseen`` names the most frequent of those
    values, with their rows. ``segments`` are parts of the window that have rows enough, each with a verdict of its own
    and no alert; ``beside`` are the other versions that were answering.
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

    @property
    def place(self) -> str:
        """Where it is written, below the folder of the reports: the same window has the same place."""
        whole = self.until[:13] if self.day_seconds == DAY_SECONDS else self.until.removesuffix("Z").replace(":", "")
        return f"drift/{self.model}/{self.version}/{self.window}/{whole}Z.json"


class DueLabels(msgspec.Struct, frozen=True):
    """Predictions of one model whose label was due by now, and how many of these had none in time."""

    model: str
    version: str
    due: int = 0
    late: int = 0


class LogReport(msgspec.Struct, frozen=True, kw_only=True):
    """What was read: ``unreadable`` counts lines that are no events, ``unwatched`` events of models without a package.

    ``hours`` are the events of each hour that has any, by its beginning such as 2026-07-10T12; of short days, minutes.
    """

    segments: int
    events: int
    unreadable: int
    unwatched: dict[str, int]
    hours: dict[str, int] = {}


class Latest(msgspec.Struct, frozen=True, kw_only=True):
    """The newest reports. It is written last, so all that it names is there, whole."""

    schema: Literal[1] = 1
    finished: str
    due_until: str | None  # every prediction before it is counted in ``due``
    due: tuple[DueLabels, ...]
    log: LogReport
    reports: tuple[str, ...]


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
