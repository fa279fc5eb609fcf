"""Rows counted once: they are the rows, whatever they are fitted as."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.base import clone
from sklearn.metrics import log_loss
from sklearn.model_selection import StratifiedKFold

from model_files.candidates import MOST_ROWS, Candidate, candidates, folds
from model_files.flights import Flights
from model_files.tally import Tally

COUNTS = st.lists(st.tuples(st.integers(0, 40), st.integers(0, 40)), min_size=1, max_size=12).filter(
    lambda counts: sum(map(sum, counts)) > 0
)


def tally(counts: list[tuple[int, int]]) -> Tally:
    """Cells named by number."""
    return Tally(pd.DataFrame({"cell": [f"c{place}" for place in range(len(counts))]}), np.array(counts))


@given(COUNTS, st.integers(0, 200))
def test_a_sample_weighs_what_the_rows_do(counts: list[tuple[int, int]], most: int) -> None:
    """No kind of row gains, loses or is left out, and there are at most so many rows more than asked as there are kinds."""
    sample = tally(counts).sample(most)
    weights = pd.Series(sample.weights).groupby([sample.frame["cell"], sample.target]).sum()
    expected = {(f"c{place}", side): count for place, pair in enumerate(counts) for side, count in enumerate(pair)}
    assert weights.to_dict() == pytest.approx({kind: count for kind, count in expected.items() if count})
    assert len(sample.weights) <= most + len(weights)


@given(COUNTS)
def test_few_rows_are_the_rows(counts: list[tuple[int, int]]) -> None:
    """One by one, in their order, each of weight 1."""
    found = tally(counts)
    sample = found.sample(sum(map(sum, counts)))
    assert sample.frame["cell"].tolist() == found.cells["cell"].iloc[found.places].tolist()
    np.testing.assert_array_equal(sample.target, found.target)
    assert set(sample.weights) == {1}


@given(COUNTS)
def test_folds_hold_every_row_once(counts: list[tuple[int, int]]) -> None:
    """What is measured on in one is fitted on in the others."""
    found = tally([(zero + 2, one + 2) for zero, one in counts])
    parts = list(found.folds(StratifiedKFold(2, shuffle=True, random_state=0)))
    assert sorted(np.concatenate([part.rows for part in parts])) == list(range(len(found.target)))
    np.testing.assert_array_equal(sum(part.test.counts for part in parts), found.counts)
    for part in parts:
        np.testing.assert_array_equal(part.train.counts + part.test.counts, found.counts)


@pytest.mark.parametrize("candidate", [c for c in candidates() if not c.most], ids=lambda candidate: candidate.name)
def test_cells_give_what_rows_give(flights: Flights, candidate: Candidate) -> None:
    """The same to 1e-6, of every candidate that is compared on cells: each probability, and the score of a fold.

    Each of flights such as it was fitted on: where trees may part these in two ways that are as good, a rounding decides
    which, and so what is said of others. The fold has some of them.
    """
    fold = next(flights.tally("train").folds(folds()))
    on_cells, on_rows = (fold.train.sample(most).fit(clone(candidate.pipeline)) for most in (0, MOST_ROWS))
    known = fold.train.sample().frame
    np.testing.assert_allclose(on_cells.predict_proba(known), on_rows.predict_proba(known), rtol=0, atol=1e-6)
    cells, rows = fold.test.sample(), fold.test.sample(MOST_ROWS)
    weighed = log_loss(cells.target, on_cells.predict_proba(cells.frame), sample_weight=cells.weights)
    assert weighed == pytest.approx(log_loss(rows.target, on_rows.predict_proba(rows.frame)), abs=1e-6)


def test_many_rows_cost_no_more_than_some(flights: Flights) -> None:
    """A thousand times as many flights are as many cells, and about as many rows as a model may take one by one."""
    few = flights.tally("train")
    many = Tally(few.cells, few.counts * 1000)
    assert len(many.sample().weights) == len(few.sample().weights)
    assert MOST_ROWS < len(many.sample(MOST_ROWS).weights) < 1.02 * MOST_ROWS
