"""Estimators: what they do is told from themselves, and what cannot be served is refused."""

from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn.cluster import KMeans
from sklearn.linear_model import LinearRegression, LogisticRegression, RidgeClassifier
from sklearn.multioutput import MultiOutputClassifier
from sklearn.preprocessing import StandardScaler

from model_files.estimator import EstimatorError, Nature, answers, nature

ROWS = np.array([[0.0], [1.0], [2.0], [3.0], [4.0], [5.0]])


@pytest.mark.parametrize(
    ("estimator", "target", "expected"),
    [
        (LogisticRegression(), ["no", "no", "yes", "no", "yes", "yes"], Nature("binary", ("no", "yes"), "probability")),
        (LogisticRegression(), [0, 1, 2, 0, 1, 2], Nature("multiclass", (0, 1, 2), "probabilities")),
        (LogisticRegression(), [0.0, 0.0, 0.0, 1.0, 1.0, 1.0], Nature("binary", (0, 1), "probability")),
        (LogisticRegression(), [False] * 3 + [True] * 3, Nature("binary", (0, 1), "probability")),
        (RidgeClassifier(), [3, 3, 3, 7, 7, 7], Nature("binary", (3, 7), "label_index")),
        (LinearRegression(), [0.5, 1.5, 2.5, 3.5, 4.5, 5.5], Nature("regression", (), "value")),
    ],
)
def test_the_nature_follows_from_the_estimator(estimator: Any, target: list[Any], expected: Nature) -> None:
    """Task, classes as text or whole numbers, and the output; the answers have its shape."""
    model = estimator.fit(ROWS, target)
    assert nature(model) == expected
    shapes = {"probability": (6, 1), "probabilities": (6, 3), "label_index": (6,), "value": (6, 1)}
    assert answers(model, pd.DataFrame(ROWS)).shape == shapes[expected.output]


def test_label_indices_point_into_the_classes() -> None:
    """Not the labels themselves."""
    model = RidgeClassifier().fit(ROWS, ["b", "b", "b", "z", "z", "z"])
    assert answers(model, pd.DataFrame(ROWS)).tolist() == [0, 0, 0, 1, 1, 1]


@pytest.mark.parametrize(
    ("estimator", "reason"),
    [
        (LogisticRegression(), "LogisticRegression is not fitted"),
        (StandardScaler().fit(ROWS), "StandardScaler has no predict"),
        (KMeans(2, n_init=1).fit(ROWS), "KMeans is neither a classifier nor a regressor"),
        (
            MultiOutputClassifier(LogisticRegression()).fit(ROWS, np.array([[0, 1], [1, 0]] * 3)),
            "answers 2 targets at once",
        ),
        ("a string", "str has no predict"),
    ],
)
def test_what_cannot_be_served_is_refused(estimator: Any, reason: str) -> None:
    """The message says what it is and what was expected."""
    with pytest.raises(EstimatorError, match=reason):
        nature(estimator)


def test_a_regression_of_several_values_is_refused() -> None:
    """One value a row is what the service answers."""
    model = LinearRegression().fit(ROWS, np.column_stack([ROWS, ROWS]))
    with pytest.raises(EstimatorError, match="answers 2 values a row, expected one"):
        answers(model, pd.DataFrame(ROWS))
