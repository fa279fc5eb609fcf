"""Evidently's reports of samples, as one page of HTML each: what it is told, so that its defaults do no harm.

Seen in Evidently 0.7.23: a column whose type it has to guess may be skipped in silence; one without any value ends the
whole report; both a label and a probability given, the label is ignored and the probability cut at 0.5; tests that
nobody asked for compare the number of rows and every mean with the reference's, give or take 10 %.
"""

from datetime import datetime

from evidently import BinaryClassification, DataDefinition, Dataset, MulticlassClassification, Report
from evidently.core.report import Snapshot
from evidently.presets import ClassificationPreset, DataDriftPreset, DataSummaryPreset
from evidently.tests import gte

from monitoring.counting.counts import PREDICTION, PROBABILITY
from monitoring.evidently_report.frame import frame_of
from monitoring.evidently_report.sample import LABEL, Column, Sample
from monitoring.evidently_report.task import Classification, Drift

_NUMBERS = 0.1  # Wasserstein distance in the reference's standard deviations: Evidently's own threshold


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
    report = Report([preset, DataSummaryPreset(include_tests=False)], include_tests=True, metadata=task.metadata)
    sides = (Dataset.from_pandas(side[names], data_definition=definition) for side in (current, reference))
    return report.run(*sides, timestamp=_time(task.until), name=task.name), empty


def classification(task: Classification) -> Snapshot:
    """How good the labelled predictions were; accuracy and F1 are tested where it is known what they should be."""
    columns = task.current.columns
    if task.positive is not None:
        meaning = BinaryClassification(
            target=LABEL, prediction_labels=PREDICTION, prediction_probas=PROBABILITY, pos_label=task.positive
        )
    else:
        meaning = MulticlassClassification(target=LABEL, prediction_labels=PREDICTION)
    definition = DataDefinition(
        categorical_columns=_named(columns, "category"),
        numerical_columns=_named(columns, "number"),
        classification=[meaning],
    )
    preset = ClassificationPreset(
        probas_threshold=task.threshold,
        include_tests=False,
        accuracy_tests=_at_least(task.least.get("accuracy")),
        f1score_tests=_at_least(task.least.get("f1")),
    )
    report = Report([preset], include_tests=True, metadata=task.metadata)

    def dataset(sample: Sample) -> Dataset:
        return Dataset.from_pandas(frame_of(sample), data_definition=definition)

    reference = None if task.reference is None else dataset(task.reference)
    return report.run(dataset(task.current), reference, timestamp=_time(task.until), name=task.name)


def _named(columns: list[Column] | tuple[Column, ...], kind: str) -> list[str]:
    return [column.name for column in columns if column.kind == kind]


def _at_least(value: float | None) -> list[object]:
    return [] if value is None else [gte(value)]


def _time(text: str) -> datetime:
    return datetime.fromisoformat(text)
