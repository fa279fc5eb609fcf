"""How good a model is: its answers held against the truth."""

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from sklearn import metrics

from model_files.calibration import expected_error, reliability
from model_files.estimator import EstimatorError, Nature, answers, nature
from model_files.threshold import Costs

Array = npt.NDArray[np.float64]
Indices = npt.NDArray[np.int64]
_DIGITS = 6  # enough to tell models apart, few enough to be the same on every machine


@dataclass(frozen=True)
class Evaluation:
    """Rows, their truth and what the model answered.

    ``truth`` holds indices into the classes, or the values of a regression, [n]; ``answers`` is as
    :func:`model_files.estimator.answers` gives it; ``costs`` set a binary model's threshold.
    """

    nature: Nature
    truth: Array
    answers: npt.NDArray[Any]
    costs: Costs

    @property
    def threshold(self) -> float | None:
        """The probability from which the second class is called, if there are probabilities of two classes."""
        return round(self.costs.threshold, _DIGITS) if self.nature.output == "probability" else None

    @cached_property
    def labels(self) -> Indices:
        """The truth of a classifier as integers."""
        return self.truth.astype(np.int64)

    @cached_property
    def predictions(self) -> Indices:
        """A classifier's predictions: by the threshold, or the most probable class, or what it said."""
        if self.threshold is not None:
            return (self.answers[:, 0] >= self.threshold).astype(np.int64)
        return self.answers.argmax(axis=1) if self.nature.output == "probabilities" else self.answers

    def metrics(self) -> dict[str, float]:
        """The metrics that fit the task, rounded to six digits after the point."""
        if self.nature.task == "regression":
            found = _regression(self.truth, self.answers[:, 0])
        else:
            found = {
                "accuracy": metrics.accuracy_score(self.labels, self.predictions),
                "balanced_accuracy": _balanced(self.confusion()),
            }
            if self.nature.task == "binary":
                found["precision"] = metrics.precision_score(self.labels, self.predictions, zero_division=0)
                found["recall"] = metrics.recall_score(self.labels, self.predictions, zero_division=0)
            if self.nature.output == "probabilities":
                found["log_loss"] = metrics.log_loss(
                    self.labels, self.answers, labels=list(range(len(self.nature.classes)))
                )
            if self.threshold is not None:
                found |= probabilistic(self.labels, self.answers[:, 0])
                found["mean_cost"] = self.costs.mean(self.labels, self.predictions == 1)
        return {name: round(float(value), _DIGITS) for name, value in found.items()}

    def confusion(self) -> tuple[tuple[int, ...], ...]:
        """The confusion matrix: rows are the truth, columns the prediction; empty for a regression."""
        if self.nature.task == "regression":
            return ()
        matrix = metrics.confusion_matrix(self.labels, self.predictions, labels=range(len(self.nature.classes)))
        return tuple(tuple(int(count) for count in row) for row in matrix)


def evaluate(estimator: Any, frame: pd.DataFrame, target: pd.Series, costs: Costs) -> Evaluation:
    """Hold an estimator's answers against the truth.

    Args:
        estimator: A fitted classifier or regressor.
        frame: Rows that conform to its features.
        target: The truth of the same rows.
        costs: What a binary model's mistakes cost.

    Raises:
        EstimatorError: if a target is missing, is none of the classes, or is text for a regressor.
    """
    kind = nature(estimator)
    return Evaluation(kind, _truth(kind, target), answers(estimator, frame), costs)


def probabilistic(labels: Indices, probabilities: Array) -> dict[str, float]:
    """What probabilities of class 1 are worth, whatever the threshold; curves need rows of both classes."""
    curves: dict[str, float] = {}
    if 0 < labels.sum() < len(labels):
        curves["roc_auc"] = float(metrics.roc_auc_score(labels, probabilities))
        curves["average_precision"] = float(metrics.average_precision_score(labels, probabilities))
    return curves | {
        "log_loss": float(metrics.log_loss(labels, probabilities, labels=[0, 1])),
        "brier": float(metrics.brier_score_loss(labels, probabilities)),
        "expected_calibration_error": expected_error(reliability(probabilities, labels)),
    }


def _balanced(confusion: tuple[tuple[int, ...], ...]) -> float:
    """The mean over the classes that occur of the share that is found."""
    return float(np.mean([row[place] / sum(row) for place, row in enumerate(confusion) if any(row)]))


def _regression(truth: Array, values: Array) -> dict[str, float]:
    return {
        "r2": metrics.r2_score(truth, values),
        "mean_absolute_error": metrics.mean_absolute_error(truth, values),
        "root_mean_squared_error": metrics.root_mean_squared_error(truth, values),
    }


def _truth(kind: Nature, target: pd.Series) -> Array:
    if target.isna().any():
        raise EstimatorError(
            f"{target.name!r} misses {int(target.isna().sum())} values, expected the truth of each row"
        )
    if kind.task == "regression":
        try:
            return np.asarray(target, dtype=np.float64)
        except ValueError as error:
            raise EstimatorError(
                f"{target.name!r} holds text, expected the numbers that a regressor predicts"
            ) from error
    values = pd.Series(target.tolist())
    places = pd.Index(kind.classes).get_indexer(values)
    if (places < 0).any():
        stray = values[places < 0].iloc[0]
        raise EstimatorError(
            f"{target.name!r} holds {stray!r}, which is none of the model's classes {list(kind.classes)}"
        )
    return np.asarray(places, dtype=np.float64)
