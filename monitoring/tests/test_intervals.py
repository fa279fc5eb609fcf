"""Intervals hold the truth as often as they say, and are the published ones."""

import math

import numpy as np
import pytest
from scipy.stats import binomtest
from sklearn import metrics

from monitoring.drift.rule import Rule
from monitoring.quality.calibration import calibration, gap
from monitoring.quality.findings import Interval
from monitoring.quality.intervals import hanley_mcneil, intervals, wilson
from monitoring.quality.scores import LabelledRow, realised
from monitoring.tests.test_scores import counted
from monitoring.watched import Watched

_DRAWS = 400
_EDGES = tuple(place / 20 for place in range(21))


def drawn(seed: int, rows: int, shift: float = 0.0) -> list[LabelledRow]:
    """Labelled rows of a model whose probabilities are true, or ``shift`` too low."""
    generator = np.random.default_rng(seed)
    probabilities = generator.beta(2, 5, rows).round(6)
    truth = (generator.random(rows) < np.clip(probabilities + shift, 0, 1)).astype(int)
    return counted(truth.tolist(), probabilities.tolist())


def covered(found: Interval, truth: float) -> bool:
    """Whether it holds the truth."""
    return found[0] <= truth <= found[1]


@pytest.mark.parametrize(("successes", "trials"), [(0, 10), (3, 10), (10, 10), (740, 1000)])
def test_wilsons_interval_is_scipys(successes: int, trials: int) -> None:
    """Without the correction for continuity; of no trials nothing is known."""
    expected = binomtest(successes, trials).proportion_ci(method="wilson")
    assert wilson(successes, trials) == pytest.approx((expected.low, expected.high))
    assert wilson(0, 0) == (0, 1)


def test_the_interval_of_an_area_is_the_papers() -> None:
    """Hanley and McNeil's own example: an area of 0.893 of 51 and 58 images has a standard error of 0.032."""
    low, high = hanley_mcneil(0.893, 51, 58)
    assert (0.893 - low) / 1.96 == pytest.approx(0.032, abs=0.001)
    assert high <= 1


def test_intervals_hold_the_truth_as_often_as_they_say(flights: Watched) -> None:
    """Nineteen of twenty, more or less, of windows of 800 labels; the truth is that of two million."""
    generator = np.random.default_rng(0)
    probabilities = generator.beta(2, 5, 2_000_000)
    truth = (generator.random(len(probabilities)) < probabilities).astype(int)
    called = (probabilities >= 0.25).astype(int)
    whole = {
        "accuracy": metrics.accuracy_score(truth, called),
        "precision": metrics.precision_score(truth, called),
        "recall": metrics.recall_score(truth, called),
        "f1": metrics.f1_score(truth, called),
        "auc": metrics.roc_auc_score(truth, probabilities),
        "brier": metrics.brier_score_loss(truth, probabilities),
    }
    held = dict.fromkeys(whole, 0)
    for seed in range(_DRAWS):
        window = drawn(seed, 800)
        found = intervals(window, realised(window, flights.manifest).measures, 2)
        assert set(found) == set(whole)
        for name, interval in found.items():
            held[name] += covered(interval, whole[name])
    for name, count in held.items():
        assert 0.92 <= count / _DRAWS <= 0.985, name


def test_other_tasks_have_the_intervals_that_fit_them() -> None:
    """Accuracy alone of three classes, the mean error of a regression."""
    three = [LabelledRow(0, 0, -1, 30), LabelledRow(1, 2, -1, 10), LabelledRow(-2, 0, -1, 5)]
    assert intervals(three, {"accuracy": 0.75}, 3) == {"accuracy": pytest.approx(wilson(30, 40), abs=1e-6)}
    errors = [LabelledRow(0, 0, -1, 2, error_sum=6, square_error_sum=20)]
    found = intervals(errors, {"mean_absolute_error": 3, "root_mean_squared_error": math.sqrt(10)}, 0)
    assert found == {"mean_absolute_error": pytest.approx((3 - 1.96 / math.sqrt(2), 3 + 1.96 / math.sqrt(2)), abs=1e-4)}
    assert intervals([], {}, 2) == {}


def test_a_calibrated_model_is_off_by_chance_alone() -> None:
    """The error of many draws is its noise on average; of one that is 5 points too low it is far more, and told bin by bin."""
    errors, noises = [], []
    for seed in range(100):
        found = calibration(drawn(seed, 2000), _EDGES)
        assert found is not None
        errors.append(found.error)
        noises.append(found.noise)
    assert np.mean(errors) == pytest.approx(np.mean(noises), rel=0.05)
    off = calibration(drawn(1, 20_000, shift=0.05), _EDGES)
    assert off is not None
    assert off.error == pytest.approx(0.05, abs=0.01)
    assert off.noise < 0.02
    assert sum(one.rows for one in off.bins) == 20_000
    large = [one for one in off.bins if one.rows > 1000]
    assert all(one.low <= one.predicted <= one.high and covered(one.interval, one.observed) for one in large)
    assert all(one.observed > one.predicted for one in large)
    assert calibration([], _EDGES) is None


def test_a_gap_is_drift_only_where_it_is_more_than_chance_and_matters() -> None:
    """A calibrated model has none in any of many windows; one whose world has changed has."""
    found = [gap(drawn(seed, 1000), Rule()) for seed in range(_DRAWS)]
    assert not any(one.is_drift for one in found if one)
    assert 0.92 <= np.mean([covered(one.interval, 0.0) for one in found if one]) <= 0.985
    changed = gap(drawn(1, 5000, shift=-0.25), Rule())
    assert changed is not None
    assert changed.is_drift
    assert changed.difference == pytest.approx(changed.realised - changed.estimated, abs=1e-5)
    assert changed.interval[1] < 0
    trivial = gap(
        [LabelledRow(0, 0, 100, 895_000, 89_500, 8_950), LabelledRow(0, 1, 100, 105_000, 10_500, 1_050)], Rule()
    )
    assert trivial is not None
    assert trivial.p < 1e-9
    assert not trivial.is_drift
    assert gap([], Rule()) is None
