"""What the process that writes Evidently's reports is told, and what it answers."""

from typing import Final

import msgspec

from monitoring.evidently_report.block import Sample

TASKS_FILE: Final = "tasks.json"
RESULTS_FILE: Final = "results.jsonl"


class Drift(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """A window beside the reference, column by column.

    ``thresholds`` are of the stability index of each category column, its noise included; numbers have Evidently's own.
    """

    page: str  # where it is written, below the folder of the reports
    name: str
    until: str
    metadata: dict[str, str]
    current: Sample
    reference: Sample
    thresholds: dict[str, float]


class Classification(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """Predictions with their label, beside the reference's where that is known.

    ``positive`` and ``threshold`` are a binary model's with a probability; ``least`` is what accuracy and F1 must reach.
    """

    page: str
    name: str
    until: str
    metadata: dict[str, str]
    current: Sample
    reference: Sample | None
    positive: str | int | None
    threshold: float | None
    least: dict[str, float]


Task = Drift | Classification


class Result(msgspec.Struct, frozen=True):
    """What came of the task of a page: None, or why it could not be done; and columns that Evidently can't take."""

    page: str
    error: str | None = None
    left_out: tuple[str, ...] = ()
