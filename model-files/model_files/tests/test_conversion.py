"""Conversion: whatever becomes a graph answers as scikit-learn does, and what cannot is refused."""

from typing import Any

import numpy as np
import onnx
import pandas as pd
import pytest
from sklearn.base import clone
from sklearn.calibration import CalibratedClassifierCV
from sklearn.compose import ColumnTransformer
from sklearn.datasets import load_breast_cancer, load_diabetes, load_iris
from sklearn.ensemble import (
    GradientBoostingClassifier,
    HistGradientBoostingClassifier,
    HistGradientBoostingRegressor,
    RandomForestClassifier,
    RandomForestRegressor,
)
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.model_selection import GridSearchCV
from sklearn.neighbors import KNeighborsClassifier, NearestCentroid
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, OrdinalEncoder, PolynomialFeatures, StandardScaler
from sklearn.svm import SVC, LinearSVC

from model_files import schema
from model_files.conversion import ConversionError, convert, difference, draw
from model_files.manifest import Feature
from model_files.tests.packages import mixed_rows

NUMERIC: list[tuple[str, Any, int]] = [
    ("iris", LogisticRegression(max_iter=1000), 2),
    ("iris", make_pipeline(StandardScaler(), LogisticRegression()), 4),
    ("iris", RandomForestClassifier(10, random_state=0), 1),
    ("iris", HistGradientBoostingClassifier(max_iter=5), 1),
    ("iris", KNeighborsClassifier(), 30),
    ("iris", SVC(), 5),
    (
        "iris",
        GridSearchCV(make_pipeline(StandardScaler(), LogisticRegression()), {"logisticregression__C": [0.1, 1]}),
        4,
    ),
    ("cancer", make_pipeline(StandardScaler(), PolynomialFeatures(2), LogisticRegression(C=0.01)), 6),
    ("cancer", LinearSVC(random_state=0), 4),
    ("cancer", make_pipeline(StandardScaler(), MLPClassifier((4,), random_state=0, tol=1e-2)), 20),
    ("cancer", CalibratedClassifierCV(RandomForestClassifier(5, random_state=0), cv=2, ensemble=False), 20),
    ("diabetes", Ridge(), 1),
    ("diabetes", make_pipeline(StandardScaler(), PolynomialFeatures(2), Ridge(100)), 5),
    ("diabetes", HistGradientBoostingRegressor(max_iter=10), 1),
    ("diabetes", RandomForestRegressor(10, random_state=0), 2),
]
ONE_HOT = OneHotEncoder(handle_unknown="ignore", sparse_output=False)
ORDINAL = OrdinalEncoder(handle_unknown="use_encoded_value", unknown_value=-1)
MIXED: list[tuple[Any, Any]] = [
    (ONE_HOT, LogisticRegression()),
    (ONE_HOT, make_pipeline(PolynomialFeatures(2), LogisticRegression(C=0.01, max_iter=2000))),
    (ORDINAL, HistGradientBoostingClassifier(max_iter=10)),
    (make_pipeline(SimpleImputer(strategy="most_frequent"), ONE_HOT), RandomForestClassifier(10, random_state=0)),
    (ONE_HOT, CalibratedClassifierCV(GradientBoostingClassifier(n_estimators=5), cv=2, ensemble=False)),
]


def _data(name: str) -> pd.DataFrame:
    loaded = {
        "iris": load_iris(as_frame=True),
        "cancer": load_breast_cancer(as_frame=True),
        "diabetes": load_diabetes(as_frame=True, scaled=False),
    }[name]
    frame: pd.DataFrame = loaded.frame
    return frame


def _columns(encoder: Any) -> ColumnTransformer:
    numbers = make_pipeline(SimpleImputer(), StandardScaler())
    return ColumnTransformer(
        [("city", encoder, ["city"]), ("numbers", numbers, ["age", "stops"])], remainder="passthrough"
    )


@pytest.mark.parametrize(("name", "estimator", "nodes"), NUMERIC)
@pytest.mark.parametrize("named", [True, False])
def test_numeric_models_answer_as_scikit_learn(name: str, estimator: Any, nodes: int, named: bool) -> None:
    """Fitted on a data frame or an array, in no more nodes than there were."""
    data = _data(name)
    rows = data.drop(columns="target")
    model = clone(estimator).fit(rows if named else rows.to_numpy(), data["target"])
    features = schema.infer(data, "target").features
    graph, largest = convert(model, features, schema.conform(data, features), unseen=False)
    assert largest < 1e-5
    assert len(onnx.load_model_from_string(graph).graph.node) <= nodes


@pytest.mark.parametrize(("encoder", "estimator"), MIXED)
def test_mixed_models_answer_as_scikit_learn(encoder: Any, estimator: Any) -> None:
    """Text, missing numbers, integers and booleans; a city that was never seen too, and no text in the graph."""
    data = mixed_rows()
    model = make_pipeline(_columns(encoder), estimator).fit(data.drop(columns="outcome"), data["outcome"])
    features = schema.infer(data, "outcome").features
    frame = schema.conform(data, features)
    graph, largest = convert(model, features, frame, unseen=True)
    assert largest < 1e-5
    assert difference(graph, model, frame.assign(city="elsewhere"), features) < 1e-5
    constants = onnx.load_model_from_string(graph).graph.initializer
    assert all(constant.data_type != onnx.TensorProto.STRING for constant in constants)


def test_an_encoder_of_text_and_numbers_together_goes_through_skl2onnx() -> None:
    """What cannot be lowered is still converted, its text looked up by code."""
    data = mixed_rows()
    columns = ColumnTransformer([("both", ONE_HOT, ["city", "stops"])])
    rows = data[["city", "stops"]]
    model = make_pipeline(columns, LogisticRegression()).fit(rows, data["outcome"])
    features = schema.infer(data, "outcome", ["city", "stops"]).features
    frame = schema.conform(rows, features)
    graph, largest = convert(model, features, frame, unseen=True)
    assert largest < 1e-5
    assert difference(graph, model, frame.assign(city="elsewhere"), features) < 1e-5


def test_columns_may_be_chosen_by_name_place_slice_or_mask() -> None:
    """A ColumnTransformer has many ways to say which."""
    data = mixed_rows()
    rows = data[["age", "stops", "city"]].fillna(40)
    columns = ColumnTransformer(
        [("a", "passthrough", [0]), ("b", StandardScaler(), slice(1, 2)), ("c", ONE_HOT, [False, False, True])]
    )
    model = make_pipeline(columns, LogisticRegression(max_iter=1000)).fit(rows, data["outcome"])
    features = schema.infer(rows.assign(outcome=0), "outcome").features
    assert convert(model, features, schema.conform(rows, features), unseen=True)[1] < 1e-5


def test_trees_after_a_scaler_are_computed_in_float64() -> None:
    """Trees split between neighbouring numbers, which a scaler in float32 may put on the other side."""
    generator = np.random.default_rng(2)
    data = pd.DataFrame({"x": generator.normal(40, 0.01, 3000).astype(np.float32).astype(float)})
    data["y"] = generator.integers(0, 2, 3000)
    model = make_pipeline(StandardScaler(), RandomForestClassifier(20, random_state=0)).fit(data[["x"]], data["y"])
    features = schema.infer(data, "y").features
    frame = schema.conform(data, features)
    narrow = draw(model, features, unseen=False)
    assert difference(narrow, model, frame, features) > 1e-3
    assert convert(model, features, frame, unseen=False)[1] < 1e-6


@pytest.mark.parametrize(
    ("estimator", "reason"),
    [
        (NearestCentroid(), "NearestCentroid does not convert to ONNX: Unable to find"),
        (make_pipeline(StandardScaler(), NearestCentroid()), "does not convert to ONNX"),
    ],
)
def test_a_model_that_does_not_convert_is_refused(estimator: Any, reason: str) -> None:
    """In one line that names the model and the reason."""
    data = _data("iris")
    model = estimator.fit(data.drop(columns="target"), data["target"])
    features = schema.infer(data, "target").features
    with pytest.raises(ConversionError, match=reason) as refusal:
        convert(model, features, schema.conform(data, features), unseen=False)
    assert "\n" not in str(refusal.value)


def test_a_graph_that_answers_otherwise_is_refused() -> None:
    """A table of somebody else's answers does not pass for this model's."""
    feature = Feature("x", "number")
    data = pd.DataFrame({"x": np.linspace(0, 1, 50), "y": np.linspace(0, 1, 50)})
    frame = schema.conform(data, (feature,))
    ours, other = Ridge(0).fit(data[["x"]], data["y"]), Ridge(0).fit(data[["x"]], -data["y"])
    assert difference(draw(other, (feature,), unseen=False), ours, frame, (feature,)) == pytest.approx(2, abs=1e-6)


def test_a_model_that_float32_cannot_hold_is_refused() -> None:
    """Small differences of large numbers are lost in float32, and the message says by how much."""
    feature = Feature("x", "integer")
    data = pd.DataFrame({"x": 16_000_000 + np.arange(50)})
    model = Ridge(0).fit(data, np.arange(50) / 3)
    with pytest.raises(ConversionError, match=r"differ from scikit-learn's by up to 0\.\d+, expected at most 0\.0001"):
        convert(model, (feature,), schema.conform(data, (feature,)), unseen=False)


def test_nonsense_is_not_run() -> None:
    """Bytes that are no graph are refused, not crashed on."""
    feature = Feature("x", "number")
    model = Ridge().fit(np.array([[0.0], [1.0]]), [0, 1])
    with pytest.raises(ConversionError, match="onnxruntime refuses the graph"):
        difference(b"no graph", model, pd.DataFrame({"x": [1.0]}), (feature,))
