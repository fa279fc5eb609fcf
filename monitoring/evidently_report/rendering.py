"""Evidently's reports of samples, as one page of HTML each: what it is told, so that its defaults do no harm.

Seen in Evidently 0.7.23: a column whose type it has to guess may be skipped in silence; one without any value ends the
whole report; both a label and a probability given, the label is ignored and the probability cut at 0.5; a
summary and a classification have tests that nobody asked for (every mean within 10 % of the reference's, say), and
``include_tests=False`` ends them with an error: each list of tests has to be given, and be empty.
"""

from collections.abc import Sequence
from datetime import datetime
from html import escape
from typing import Any

from evidently import BinaryClassification, DataDefinition, Dataset, MulticlassClassification, Report
from evidently.core.report import Snapshot
from evidently.presets import ClassificationPreset, DataDriftPreset, DataSummaryPreset
from evidently.presets.dataset_stats import ValueStatsTests
from evidently.tests import gte

from monitoring.evidently_report.block import Column, Sample
from monitoring.evidently_report.frame import frame_of
from monitoring.evidently_report.task import Classification, Drift

_NUMBERS = 0.1  # Wasserstein distance in the reference's standard deviations: Evidently's own threshold

# Whose tests are nobody's wish.
_DATASET = (
    "row_count",
    "column_count",
    "duplicated_row_count",
    "duplicated_column_count",
    "almost_duplicated_column_count",
    "almost_constant_column_count",
    "empty_row_count",
    "empty_column_count",
    "constant_columns_count",
    "dataset_missing_value_count",
)
_VALUES = ("row_count", "missing_values_count", "min", "max", "mean", "std", "q25", "q50", "q75")
_COLUMN: dict[str, Any] = {f"{name}_tests": [] for name in _VALUES} | {"unique_values_count_tests": {}}
_QUALITY = ("precision", "recall", "rocauc", "logloss", "tpr", "tnr", "fpr", "fnr")
_BY_LABEL = ("f1score", "precision", "recall", "rocauc")


def drift(task: Drift) -> tuple[Snapshot, tuple[str, ...]]:
    """Drift and a summary of every column that holds something on both sides, and the names of the others."""
    current, reference = frame_of(task.current), frame_of(task.reference)
    empty = tuple(
        column.name
        for column in task.current.columns
        if current[column.name].isna().all() or reference[column.name].isna().all()
    )
    columns = [column for column in task.current.columns if column.name not in empty]
    names = [column.name for column in columns]
    definition = DataDefinition(
        categorical_columns=_named(columns, "category"), numerical_columns=_named(columns, "number")
    )
    preset = DataDriftPreset(
        columns=names,
        drift_share=1 / len(names),  # one is enough
        cat_method="psi",
        num_method="wasserstein",
        num_threshold=_NUMBERS,
        per_column_threshold={name: task.thresholds[name] for name in _named(columns, "category")},
    )
    summary = DataSummaryPreset(
        **{f"{name}_tests": [] for name in _DATASET}, column_tests={name: ValueStatsTests(**_COLUMN) for name in names}
    )
    report = Report([preset, summary], include_tests=True, metadata=task.metadata)
    sides = (Dataset.from_pandas(side[names], data_definition=definition) for side in (current, reference))
    return report.run(*sides, timestamp=_time(task.until), name=task.name), empty


def classification(task: Classification) -> Snapshot:
    """How good the labelled predictions were; accuracy and F1 are tested where it is known what they should be."""
    columns = task.current.columns
    label, prediction, *probability = (column.name for column in columns)
    if task.positive is not None:
        meaning = BinaryClassification(
            target=label, prediction_labels=prediction, prediction_probas=probability[0], pos_label=task.positive
        )
    else:
        meaning = MulticlassClassification(target=label, prediction_labels=prediction)
    definition = DataDefinition(
        categorical_columns=_named(columns, "category"),
        numerical_columns=_named(columns, "number"),
        classification=[meaning],
    )
    preset = ClassificationPreset(
        probas_threshold=task.threshold,
        **{f"{name}_tests": [] for name in _QUALITY},
        **{f"{name}_by_label_tests": {} for name in _BY_LABEL},
        accuracy_tests=_at_least(task.least.get("accuracy")),
        f1score_tests=_at_least(task.least.get("f1")),
    )
    report = Report([preset], include_tests=True, metadata=task.metadata)

    def dataset(sample: Sample) -> Dataset:
        return Dataset.from_pandas(frame_of(sample), data_definition=definition)

    reference = None if task.reference is None else dataset(task.reference)
    return report.run(dataset(task.current), reference, timestamp=_time(task.until), name=task.name)


def page(snapshot: Snapshot, task: Drift | Classification) -> bytes:
    """A snapshot as HTML; what it is of is written above it, for Evidently keeps its metadata to itself."""
    said = "".join(
        f"<div>{escape(name.replace('_', ' '))}: {escape(text)}</div>" for name, text in task.metadata.items()
    )
    style = "font: 14px/1.5 system-ui, sans-serif; padding: 14px 24px; background: #f4f6f8; color: #1d232b"
    head = f'<body><header style="{style}"><b>{escape(task.name)}</b>{said}</header>'
    return str(snapshot.get_html_str(as_iframe=False)).replace("<body>", head, 1).encode()


def _named(columns: Sequence[Column], kind: str) -> list[str]:
    return [column.name for column in columns if column.kind == kind]


def _at_least(value: float | None) -> list[object]:
    return [] if value is None else [gte(value)]


def _time(text: str) -> datetime:
    return datetime.fromisoformat(text)
