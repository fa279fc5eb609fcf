"""What came of Evidently's reports of a window, beside its reports: for the pages, which say so."""

from pathlib import Path
from typing import Final

import msgspec

from monitoring.files import write_bytes
from monitoring.report import Report

OUTCOME_FILE: Final = "evidently.json"
DRIFT_PAGE: Final = "evidently.html"
QUALITY_PAGE: Final = "evidently-quality.html"


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """Of the window that ended ``until``: the pages that were written, by what they show, and what there is to say."""

    until: str
    pages: dict[str, str] = {}
    remarks: tuple[str, ...] = ()


def folder_of(report: Report) -> str:
    """Where Evidently's pages are, below the folder of the reports: the newest window's only, for one takes 4 MB."""
    return str(Path(report.place).parent)


def write_outcome(reports: Path, report: Report, outcome: Outcome) -> None:
    """Write it down.

    Raises:
        OSError: if it can't be written.
    """
    path = reports / folder_of(report) / OUTCOME_FILE
    write_bytes(path, msgspec.json.format(msgspec.json.encode(outcome), indent=2) + b"\n")


def read_outcome(reports: Path, report: Report) -> Outcome | None:
    """What came of it; None where nothing was tried for this window."""
    try:
        content = (reports / folder_of(report) / OUTCOME_FILE).read_bytes()
        outcome = msgspec.json.decode(content, type=Outcome)
    except (OSError, msgspec.DecodeError):
        return None
    return outcome if outcome.until == report.until else None
