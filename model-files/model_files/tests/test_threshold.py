"""The threshold: the cheaper bet at every probability, whatever mistakes cost."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from model_files.threshold import CostError, Costs

COST = st.floats(0.01, 1000)


@given(COST, COST, st.floats(0, 1))
def test_calling_from_the_threshold_on_is_the_cheaper_bet(miss: float, false_alarm: float, probability: float) -> None:
    """Above it calling costs less on average, below it not calling does."""
    costs = Costs(miss, false_alarm)
    calling, leaving = (1 - probability) * false_alarm, probability * miss
    cheaper = calling if probability >= costs.threshold else leaving
    assert cheaper <= min(calling, leaving) + 1e-9 * max(miss, false_alarm)


def test_the_mean_cost_counts_both_mistakes() -> None:
    """One miss of 3 and one false alarm of 1 over four rows."""
    target, called = np.array([1, 0, 1, 0]), np.array([False, True, True, False])
    assert Costs(3, 1).mean(target, called) == 1


def test_the_curve_starts_with_calling_all_and_ends_with_calling_none() -> None:
    """Its ends are the two bets that need no model."""
    target, probabilities = np.array([1, 0, 0, 1]), np.array([0.9, 0.2, 0.4, 0.3])
    curve = Costs(3, 1).curve(target, probabilities, np.array([0.0, 0.95]))
    assert curve.tolist() == [0.5, 1.5]


@pytest.mark.parametrize("cost", [0, -1, float("nan"), float("inf")])
def test_costs_that_decide_nothing_are_refused(cost: float) -> None:
    """The message names the cost and what came."""
    with pytest.raises(CostError, match="the cost of a miss is"):
        Costs(miss=cost)
    with pytest.raises(CostError, match="the cost of a false alarm is"):
        Costs(false_alarm=cost)
