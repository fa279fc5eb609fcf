"""What a fitted estimator is: its task, its classes, what it is fed and what it answers."""

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import pandas as pd
from sklearn.base import is_classifier, is_regressor
from sklearn.exceptions import NotFittedError
from sklearn.utils.validation import check_is_fitted

from model_files.manifest import Label

Task = Literal["binary", "multiclass", "regression"]
Output = Literal["probability", "probabilities", "label_index", "value"]


class EstimatorError(ValueError):
    """An estimator that cannot be packaged; the message says what it is and what was expected."""


@dataclass(frozen=True)
class Nature:
    """What an estimator does: its task, its classes in order, and the one output that its graph has."""

    task: Task
    classes: tuple[Label, ...]
    output: Output


def nature(estimator: Any) -> Nature:
    """Tell what a fitted estimator does.

    Raises:
        EstimatorError: if it is not fitted, is neither classifier nor regressor, or has several outputs.
    """
    name = type(estimator).__name__
    if not hasattr(estimator, "predict"):
        raise EstimatorError(f"{name} has no predict, expected a fitted scikit-learn classifier or regressor")
    try:
        check_is_fitted(estimator)
    except (NotFittedError, TypeError) as error:
        raise EstimatorError(f"{name} is not fitted, expected a fitted classifier or regressor") from error
    if is_regressor(estimator):
        return Nature("regression", (), "value")
    if not is_classifier(estimator):
        raise EstimatorError(f"{name} is neither a classifier nor a regressor")
    if isinstance(estimator.classes_, list):
        raise EstimatorError(f"{name} answers {len(estimator.classes_)} targets at once, expected one")
    classes = tuple(_label(value) for value in estimator.classes_)
    if len(classes) < 2:  # noqa: PLR2004 - a choice needs two
        raise EstimatorError(f"{name} knows only the class {classes[0]!r}, expected at least two")
    binary = len(classes) == 2  # noqa: PLR2004 - as above
    task: Task = "binary" if binary else "multiclass"
    if not hasattr(estimator, "predict_proba"):
        return Nature(task, classes, "label_index")
    return Nature(task, classes, "probability" if binary else "probabilities")


def answers(estimator: Any, frame: pd.DataFrame) -> npt.NDArray[Any]:
    """What the estimator answers for rows that conform, in the shape of the graph's output.

    Returns:
        ``probability`` float64 [n, 1], ``probabilities`` float64 [n, classes], ``label_index`` int64 [n] or
        ``value`` float64 [n, 1].
    """
    output = nature(estimator).output
    rows = fed(estimator, frame)
    if output == "label_index":
        return np.asarray(np.searchsorted(estimator.classes_, estimator.predict(rows)), dtype=np.int64)
    if output == "value":
        values = np.asarray(estimator.predict(rows), dtype=np.float64)
        if values.ndim > 1 and values.shape[1] > 1:
            raise EstimatorError(f"{type(estimator).__name__} answers {values.shape[1]} values a row, expected one")
        return values.reshape(-1, 1)
    probabilities: npt.NDArray[np.float64] = np.asarray(estimator.predict_proba(rows), dtype=np.float64)
    return probabilities[:, 1:] if output == "probability" else probabilities


def fed(estimator: Any, frame: pd.DataFrame) -> pd.DataFrame | npt.NDArray[Any]:
    """The rows as the estimator was fitted on them: named columns in its own order, or a plain array."""
    if hasattr(estimator, "feature_names_in_"):
        return frame[list(estimator.feature_names_in_)]
    return np.asarray(frame)


def columns(estimator: Any) -> list[str] | None:
    """The names of the columns that the estimator was fitted on, or none when it was fitted on an array."""
    return [str(name) for name in estimator.feature_names_in_] if hasattr(estimator, "feature_names_in_") else None


def _label(value: Any) -> Label:
    plain = value.item() if isinstance(value, np.generic) else value
    if isinstance(plain, str):
        return plain
    if isinstance(plain, bool | int | float) and float(plain).is_integer():
        return int(plain)
    raise EstimatorError(f"the class {plain!r} is a {type(plain).__name__}, expected text or a whole number")
