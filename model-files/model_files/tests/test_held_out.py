"""Held-out rows: few, different, and with scikit-learn's answers."""

import numpy as np
import pandas as pd
from sklearn.linear_model import LinearRegression

from model_files import held_out
from model_files.manifest import Feature

FEATURES = (Feature("x", "number", nullable=True), Feature("n", "integer"))


def test_no_two_rows_are_alike_and_there_are_not_too_many() -> None:
    """Evenly through the data, so that sorted data is covered too."""
    frame = pd.DataFrame({"x": np.repeat(np.arange(2000.0), 2), "n": 1})
    model = LinearRegression().fit(frame, frame["x"])
    kept = held_out.sample(model, frame, FEATURES)
    assert len(kept.instances) == held_out.MOST_ROWS
    assert len(set(kept.instances)) == len(kept.instances)
    assert (kept.instances[0], kept.instances[-1]) == ((0.0, 1), (1996.0, 1))


def test_rows_and_answers_survive_the_file() -> None:
    """Missing numbers are null there."""
    rows = held_out.HeldOut(("x", "n"), ((None, 3), (0.5, 4)), ((0.25,), (0.75,)))
    again = held_out.decode(held_out.encode(rows))
    assert again == rows
    assert np.isnan(again.frame()["x"].iloc[0])
    assert again.expected().tolist() == [[0.25], [0.75]]


def test_label_indices_stay_integers() -> None:
    """They are compared as labels, not as numbers."""
    rows = held_out.decode(held_out.encode(held_out.HeldOut(("n",), ((3,),), (2,))))
    assert rows.expected().dtype.kind == "i"
