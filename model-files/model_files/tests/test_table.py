"""Tables: a model over categories is its answers, whatever the estimator."""

import numpy as np
import pandas as pd
import pytest
from sklearn.ensemble import GradientBoostingRegressor, HistGradientBoostingClassifier
from sklearn.neighbors import NearestCentroid
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder

from model_files import table
from model_files.conversion import difference, run
from model_files.manifest import Feature

CITY = Feature("city", "categorical", ("Arica", "Lima", "Quito"))
MONTH = Feature("month", "categorical", (1, 2, 3, 4), calendar="month")
FEATURES = (CITY, MONTH)
GRID = pd.MultiIndex.from_product([CITY.categories, MONTH.categories], names=["city", "month"]).to_frame(index=False)
ENCODER = OneHotEncoder(handle_unknown="ignore", sparse_output=False)


@pytest.mark.parametrize(
    ("estimator", "target"),
    [
        (HistGradientBoostingClassifier(min_samples_leaf=1, max_iter=5), np.arange(12) % 2),
        (HistGradientBoostingClassifier(min_samples_leaf=1, max_iter=5), np.array(["a", "b", "c"] * 4)),
        (GradientBoostingRegressor(n_estimators=5), np.arange(12.0) ** 2),
        (NearestCentroid(), np.arange(12) % 3),
    ],
)
def test_a_table_answers_as_the_estimator_for_every_combination(estimator: object, target: np.ndarray) -> None:
    """One node, for every task, also where skl2onnx knows no converter; an unseen city is answered too."""
    model = make_pipeline(ENCODER, estimator).fit(GRID, target)
    graph = table.build(model, FEATURES, unseen=True)
    assert [node.op_type for node in graph.graph.node] == ["GatherND"]
    rows = pd.concat([GRID, GRID.assign(city="elsewhere")])
    assert difference(graph.SerializeToString(), model, rows, FEATURES) < 1e-6


def test_what_is_refused_has_no_answer() -> None:
    """A month that is none, or any stranger where strangers are refused, reads NaN rather than a neighbour's answer."""
    model = make_pipeline(ENCODER, GradientBoostingRegressor(n_estimators=5)).fit(GRID, np.arange(12.0))
    stranger = pd.DataFrame({"city": ["elsewhere", "Lima"], "month": [1, 13]})
    open_ = run(table.build(model, FEATURES, unseen=True).SerializeToString(), stranger, FEATURES)
    closed = run(table.build(model, FEATURES, unseen=False).SerializeToString(), stranger, FEATURES)
    assert np.isnan(open_).ravel().tolist() == [False, True]
    assert np.isnan(closed).all()


def test_only_small_spaces_of_categories_are_tables() -> None:
    """A number has no codes, and a large space no table."""
    assert table.cells(FEATURES) == 20
    assert table.fits(FEATURES)
    assert not table.fits((*FEATURES, Feature("age", "number")))
    assert not table.fits(FEATURES, width=1001)


def test_a_stranger_is_none_of_the_categories() -> None:
    """Even when somebody has a category named like one."""
    assert table.stranger(Feature("f", "categorical", ("?", "??"))) == "???"
    assert table.stranger(MONTH) == 5
