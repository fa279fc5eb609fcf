"""The candidates: the published model among them, and a choice that follows its rule."""

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.metrics import confusion_matrix
from sklearn.preprocessing import OneHotEncoder
from threadpoolctl import threadpool_limits

from model_files.candidates import Score, behind, candidates, choose, compare
from model_files.flights import Flights


def _score(name: str, *losses: float) -> Score:
    return Score(name, losses, losses, losses)


def test_the_published_model_gives_its_published_confusion_matrix(flights: Flights) -> None:
    """To the last flight, on the challenge's own split."""
    published = clone(candidates()[0].pipeline).fit(*flights.rows("train"))
    rows, target = flights.rows("test")
    assert confusion_matrix(target, published.predict(rows)).tolist() == [[18311, 92], [3985, 120]]


def test_every_candidate_encodes_first() -> None:
    """The one-hot package is the model without that step, whichever is chosen."""
    assert all(isinstance(candidate.pipeline.steps[0][1], OneHotEncoder) for candidate in candidates())


def test_the_best_log_loss_wins() -> None:
    """When it is clearly ahead."""
    scores = (_score("simple", 0.50, 0.51, 0.52), _score("complex", 0.40, 0.41, 0.42))
    assert choose(scores).name == "complex"


def test_a_tie_goes_to_the_simpler_candidate() -> None:
    """Behind by less than one standard error of the difference is no difference."""
    scores = (_score("simple", 0.50, 0.42, 0.46), _score("complex", 0.44, 0.46, 0.45))
    assert choose(scores).name == "simple"


def test_a_small_but_steady_lead_is_no_tie() -> None:
    """Differences are taken fold by fold, so that what all folds share does not hide a lead."""
    steady, best = _score("steady", 0.401, 0.501, 0.602), _score("best", 0.4, 0.5, 0.6)
    lost, error = behind(steady, best)
    assert lost > error
    assert choose((steady, best)) is best


def test_comparing_scores_each_fold_on_rows_not_fitted_on(flights: Flights) -> None:
    """Five folds, scores that a model without the answers can reach, and a line of progress each."""
    told: list[str] = []
    (score,) = compare(candidates()[:1], flights.tally("train"), told.append)
    assert len(score.auc) == len(score.log_loss) == len(score.brier) == 5
    assert 0.5 < np.mean(score.auc) < 0.9
    assert told == [f"  1/1  {score.name}: log loss {np.mean(score.log_loss):.5f}"]


@pytest.mark.slow
def test_the_shipped_candidate_is_what_the_rule_chooses(flights: Flights) -> None:
    """All candidates, all folds, all flights; on one thread, as in training."""
    with threadpool_limits(1, user_api="openmp"):
        scores = compare(candidates(), flights.tally("train"), lambda _: None)
    assert choose(scores).name == "logistic regression with pairs, C = 0.3"
