"""Calibration: making a probability of 0.3 come true three times in ten, and measuring how near it comes."""

import copy
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from sklearn.linear_model import LogisticRegression

Array = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Platt:
    """A sigmoid through decision values: ``p = 1 / (1 + exp(-(slope * d + intercept)))`` (Platt, 1999)."""

    slope: float
    intercept: float

    def __call__(self, decisions: Array) -> Array:
        """Probabilities for decision values, of the same shape."""
        return np.asarray(1 / (1 + np.exp(-(self.slope * decisions + self.intercept))), dtype=np.float64)


@dataclass(frozen=True)
class Bin:
    """Rows of like probability: how many, the probability they were given on average, and how often it came true."""

    rows: int
    probability: float
    rate: float


def platt(decisions: Array, target: npt.NDArray[np.int64]) -> Platt:
    """Fit Platt's sigmoid by maximum likelihood.

    Args:
        decisions: Decision values [n] of rows that the model was not fitted on.
        target: 0 or 1 [n].
    """
    fitted = LogisticRegression(C=np.inf).fit(decisions.reshape(-1, 1), target)
    return Platt(float(fitted.coef_[0, 0]), float(fitted.intercept_[0]))


def fold(pipeline: Any, sigmoid: Platt) -> Any:
    """Put a sigmoid into the logistic regression that a pipeline ends in; the result costs nothing more to serve.

    A logistic regression's decision value is linear, so slope and intercept of the sigmoid go into its coefficients
    and its intercept, and its probabilities are then exactly the sigmoid's.

    Returns:
        A copy of the pipeline.
    """
    folded = copy.deepcopy(pipeline)
    model = folded.steps[-1][1]
    model.coef_ = model.coef_ * sigmoid.slope
    model.intercept_ = model.intercept_ * sigmoid.slope + sigmoid.intercept
    return folded


def reliability(probabilities: Array, target: npt.NDArray[np.int64], bins: int = 10) -> tuple[Bin, ...]:
    """Sort rows into bins of about equal size by probability; equal probabilities stay together.

    Args:
        probabilities: Of class 1, [n].
        target: 0 or 1 [n].
        bins: How many at most.
    """
    edges = np.unique(np.quantile(probabilities, np.linspace(0, 1, bins + 1)))
    place = np.searchsorted(edges[1:-1], probabilities, side="left")
    return tuple(
        Bin(int(chosen.sum()), float(probabilities[chosen].mean()), float(target[chosen].mean()))
        for chosen in (place == index for index in range(max(1, len(edges) - 1)))
        if chosen.any()
    )


def expected_error(bins: tuple[Bin, ...]) -> float:
    """The expected calibration error: the mean gap between probability and rate, by rows (Naeini et al., 2015)."""
    return sum(bin_.rows * abs(bin_.probability - bin_.rate) for bin_ in bins) / sum(bin_.rows for bin_ in bins)
