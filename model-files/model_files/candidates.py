"""Models that could answer whether a flight leaves late, and the choice among them by cross-validation."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from sklearn.base import clone
from sklearn.ensemble import GradientBoostingClassifier, HistGradientBoostingClassifier, RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import brier_score_loss, log_loss, roc_auc_score
from sklearn.model_selection import StratifiedKFold
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import OneHotEncoder, PolynomialFeatures

from model_files.tally import Fold, Tally

FOLDS = 5
MOST_ROWS = 50_000  # that a model is fitted on which takes time row by row; more share them by weight


@dataclass(frozen=True)
class Candidate:
    """A model that may be chosen: its name, and an unfitted pipeline that starts with the one-hot encoder.

    ``most`` is how many rows it is fitted on at most. With 0 rows alike are one that weighs as much, which is right for
    what minimises a sum over rows, and not where leaves need so many rows, or rows are drawn or taken in batches.
    """

    name: str
    pipeline: Pipeline
    most: int = 0


@dataclass(frozen=True)
class Score:
    """A candidate's cross-validation: one number a fold, each measured on rows that it was not fitted on."""

    name: str
    auc: tuple[float, ...]
    log_loss: tuple[float, ...]
    brier: tuple[float, ...]


def candidates() -> tuple[Candidate, ...]:
    """The candidates, from the simplest to the most complex: on a tie the first one is chosen."""
    return (
        Candidate("logistic regression, as published", _pipeline(LogisticRegression(max_iter=1000))),
        *(
            Candidate(f"logistic regression with pairs, C = {strength:g}", _pipeline(*_pairs(strength)))
            for strength in (0.03, 0.1, 0.3, 1.0)
        ),
        Candidate(
            "histogram gradient boosting",
            _pipeline(HistGradientBoostingClassifier(max_iter=200, learning_rate=0.05, random_state=0), sparse=False),
            MOST_ROWS,
        ),
        Candidate(
            "gradient boosting",
            _pipeline(GradientBoostingClassifier(n_estimators=150, max_depth=4, random_state=0), sparse=False),
        ),
        Candidate(
            "random forest",
            _pipeline(RandomForestClassifier(100, min_samples_leaf=20, random_state=0), sparse=False),
            MOST_ROWS,
        ),
        Candidate(
            "neural network, 16 units",
            _pipeline(MLPClassifier((16,), alpha=0.1, n_iter_no_change=3, random_state=0), sparse=False),
            MOST_ROWS,
        ),
    )


def folds() -> StratifiedKFold:
    """The folds that everything is compared on: the same rows each time."""
    return StratifiedKFold(FOLDS, shuffle=True, random_state=0)


def compare(chosen: tuple[Candidate, ...], tally: Tally, report: Callable[[str], None]) -> tuple[Score, ...]:
    """Cross-validate candidates on the same folds.

    Args:
        chosen: The candidates.
        tally: What to fit and measure them on.
        report: Told of each candidate's result.
    """
    splits = list(tally.folds(folds()))
    scores = []
    for number, candidate in enumerate(chosen, 1):
        measured = [_measure(candidate, fold) for fold in splits]
        score = Score(candidate.name, *zip(*measured, strict=True))
        report(f"  {number}/{len(chosen)}  {candidate.name}: log loss {np.mean(score.log_loss):.5f}")
        scores.append(score)
    return tuple(scores)


def choose(scores: tuple[Score, ...]) -> Score:
    """Choose: the lowest mean log loss, but of all that are within one standard error of it the simplest.

    The standard error is that of the difference fold by fold, which is much sharper than that of either mean.

    Args:
        scores: In the order of :func:`candidates`.
    """
    best = min(scores, key=lambda score: float(np.mean(score.log_loss)))
    return next(score for score in scores if behind(score, best)[0] <= behind(score, best)[1])


def behind(score: Score, best: Score) -> tuple[float, float]:
    """How much log loss a candidate loses to another: the mean over the folds, and its standard error."""
    differences = np.subtract(score.log_loss, best.log_loss)
    return float(differences.mean()), standard_error(differences)


def standard_error(values: npt.ArrayLike) -> float:
    """The standard error of a mean over folds."""
    numbers = np.asarray(values, dtype=np.float64)
    return float(numbers.std(ddof=1) / np.sqrt(len(numbers)))


def _measure(candidate: Candidate, fold: Fold) -> tuple[float, float, float]:
    fitted = fold.train.sample(candidate.most).fit(clone(candidate.pipeline))
    held_out = fold.test.sample()
    probabilities = fitted.predict_proba(held_out.frame)[:, 1]
    return (
        float(roc_auc_score(held_out.target, probabilities, sample_weight=held_out.weights)),
        float(log_loss(held_out.target, probabilities, sample_weight=held_out.weights)),
        float(brier_score_loss(held_out.target, probabilities, sample_weight=held_out.weights)),
    )


def _pairs(strength: float) -> tuple[Any, Any]:
    return (
        PolynomialFeatures(2, interaction_only=True, include_bias=False),
        # lbfgs stops early, at probabilities that differ by 0.0005 from one processor to the next; these by 0.00000002.
        LogisticRegression(C=strength, solver="newton-cg", tol=1e-10, max_iter=1000),
    )


def _pipeline(*steps: Any, sparse: bool = True) -> Pipeline:
    encoder = OneHotEncoder(handle_unknown="ignore", sparse_output=sparse)
    names = ["pairs", "model"] if len(steps) > 1 else ["model"]
    return Pipeline([("one_hot", encoder), *zip(names, steps, strict=True)])
