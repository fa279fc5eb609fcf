"""Calibration: folding changes nothing but the numbers, and errors are measured as defined."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import PolynomialFeatures, StandardScaler

from model_files.calibration import Platt, expected_error, fold, platt, reliability

GENERATOR = np.random.default_rng(3)
ROWS = GENERATOR.normal(size=(200, 3))
TARGET = (ROWS[:, 0] + ROWS[:, 1] * ROWS[:, 2] + GENERATOR.normal(size=200) > 0).astype(np.int64)
MODEL = make_pipeline(StandardScaler(), PolynomialFeatures(2), LogisticRegression()).fit(ROWS, TARGET)


@given(st.floats(0.05, 5), st.floats(-5, 5))
@settings(max_examples=50)
def test_a_folded_sigmoid_is_the_sigmoid(slope: float, intercept: float) -> None:
    """The copy's probabilities are the sigmoid of the original's decision values, and the original stays."""
    before = MODEL.decision_function(ROWS)
    sigmoid = Platt(slope, intercept)
    folded = fold(MODEL, sigmoid)
    np.testing.assert_allclose(folded.predict_proba(ROWS)[:, 1], sigmoid(before), rtol=0, atol=1e-12)
    np.testing.assert_array_equal(MODEL.decision_function(ROWS), before)


def test_platt_finds_the_sigmoid_that_made_the_data() -> None:
    """From enough rows, slope and intercept come back."""
    decisions = GENERATOR.normal(size=200_000) * 2
    target = (GENERATOR.random(200_000) < Platt(0.6, -0.9)(decisions)).astype(np.int64)
    found = platt(decisions, target)
    assert (found.slope, found.intercept) == pytest.approx((0.6, -0.9), abs=0.02)


@given(st.lists(st.sampled_from([0.1, 0.2, 0.35, 0.7, 0.9]), min_size=1, max_size=60))
def test_bins_hold_every_row_once_and_keep_equal_probabilities_together(given_: list[float]) -> None:
    """Nothing is lost, and no probability is in two bins."""
    probabilities = np.array(given_)
    bins = reliability(probabilities, np.zeros(len(given_), dtype=np.int64))
    assert sum(bin_.rows for bin_ in bins) == len(given_)
    assert sum(bin_.rows * bin_.probability for bin_ in bins) == pytest.approx(sum(given_))
    assert len(bins) <= len(set(given_))


def test_the_expected_error_is_the_mean_gap_by_rows() -> None:
    """Three quarters of the rows are 0.1 off, one quarter is right."""
    probabilities = np.array([0.4] * 30 + [0.9] * 10)
    target = np.array([1] * 15 + [0] * 15 + [1] * 9 + [0], dtype=np.int64)
    assert expected_error(reliability(probabilities, target)) == pytest.approx(0.075)
