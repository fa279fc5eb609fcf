"""Evaluations: metrics and predictions as scikit-learn and the threshold define them."""

import numpy as np
import pytest

from model_files.estimator import Nature
from model_files.evaluation import Evaluation
from model_files.threshold import Costs

BINARY = Evaluation(
    Nature("binary", ("no", "yes"), "probability"),
    np.array([0.0, 0.0, 1.0, 1.0]),
    np.array([[0.1], [0.3], [0.25], [0.9]]),
    Costs(3, 1),
)


def test_the_second_class_is_called_from_the_threshold_on() -> None:
    """The threshold itself is called."""
    assert BINARY.threshold == 0.25
    assert BINARY.predictions.tolist() == [0, 1, 1, 1]
    assert BINARY.confusion() == ((1, 1), (0, 2))


def test_binary_metrics() -> None:
    """One false alarm in four rows."""
    metrics = BINARY.metrics()
    assert {name: metrics[name] for name in ("accuracy", "precision", "recall", "mean_cost", "roc_auc")} == {
        "accuracy": 0.75,
        "precision": pytest.approx(2 / 3, abs=1e-6),
        "recall": 1.0,
        "mean_cost": 0.25,
        "roc_auc": 0.75,
    }


def test_curves_need_both_classes() -> None:
    """Rows of one class have no area, and still a loss."""
    one = Evaluation(BINARY.nature, np.zeros(4), BINARY.answers, BINARY.costs)
    assert "roc_auc" not in one.metrics()
    assert "log_loss" in one.metrics()


def test_the_most_probable_of_many_classes_is_predicted() -> None:
    """There is no threshold among three."""
    many = Evaluation(
        Nature("multiclass", ("a", "b", "c"), "probabilities"),
        np.array([0.0, 2.0]),
        np.array([[0.5, 0.3, 0.2], [0.2, 0.5, 0.3]]),
        Costs(),
    )
    assert (many.threshold, many.predictions.tolist()) == (None, [0, 1])
    assert many.metrics() == {
        "accuracy": 0.5,
        "balanced_accuracy": 0.5,
        "log_loss": pytest.approx(-(np.log(0.5) + np.log(0.3)) / 2, abs=1e-6),
    }


def test_a_regression_has_no_confusion() -> None:
    """It has errors in the target's unit."""
    value = Evaluation(Nature("regression", (), "value"), np.array([1.0, 3.0]), np.array([[2.0], [3.0]]), Costs())
    assert value.confusion() == ()
    assert value.metrics() == {
        "r2": 0.5,
        "mean_absolute_error": 0.5,
        "root_mean_squared_error": pytest.approx(np.sqrt(0.5), abs=1e-6),
    }
