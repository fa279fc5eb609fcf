"""Packaging: any estimator of scikit-learn with its data becomes a package, or is refused in one line."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
import pandas as pd
import pytest
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.compose import make_column_transformer
from sklearn.datasets import load_iris
from sklearn.dummy import DummyClassifier
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder

from model_files import schema
from model_files.estimator import EstimatorError
from model_files.manifest import Feature, ManifestError
from model_files.package import read
from model_files.packaging import Draft, package
from model_files.schema import Schema, SchemaError
from model_files.tests import packages
from model_files.tests.packages import mixed_pipeline, mixed_rows, no_chapters
from model_files.threshold import Costs
from model_files.verification import verify


def _draft(**changes: Any) -> Draft:
    return Draft(**{"name": "m", "version": "1", "target": "outcome", "tell": no_chapters, **changes})


def _fitted() -> tuple[Any, pd.DataFrame]:
    rows = mixed_rows()
    return mixed_pipeline().fit(rows.drop(columns="outcome"), rows["outcome"]), rows


@pytest.mark.parametrize(
    ("build", "task", "output"),
    [
        (packages.iris, "multiclass", "probabilities"),
        (packages.wine, "multiclass", "label_index"),
        (packages.diabetes, "regression", "value"),
        (packages.mixed, "binary", "probability"),
    ],
)
def test_models_of_every_task_are_packaged(
    tmp_path: Path, build: Callable[[Path], Path], task: str, output: str
) -> None:
    """The manifest says what the graph takes and gives, and the graph runs on the manifest's own example."""
    found = read(build(tmp_path))
    manifest = found.manifest
    assert (manifest.task, manifest.output) == (task, output)
    assert manifest.onnx_max_difference < 1e-5
    frame = schema.conform(pd.DataFrame([manifest.example]), manifest.features)
    session = onnxruntime.InferenceSession(found.graph, providers=["CPUExecutionProvider"])
    (answer,) = session.run([output], schema.tensors(frame, manifest.features))
    assert len(answer) == 1


def test_a_package_has_all_that_the_design_asks_for(tmp_path: Path) -> None:
    """Files, digests, training data, versions, metrics and the confusion matrix."""
    path = packages.mixed(tmp_path)
    manifest = read(path).manifest
    names = {"model.onnx", "model.skops", "reference.json", "held-out.json", "card.md"}
    assert set(manifest.files) == names
    assert {entry.name for entry in path.iterdir()} == {*names, "manifest.json"}
    assert manifest.classes == ("early", "late")
    assert manifest.training_data == {"rows": 400, "held_out_rows": 0}
    assert {"python", "scikit-learn", "onnxruntime"} <= set(manifest.libraries)
    assert sum(map(sum, manifest.confusion_matrix)) == 400
    assert 0.6 < manifest.metrics["roc_auc"] <= 1


def test_metrics_are_taken_on_held_out_rows_where_there_are_some(tmp_path: Path) -> None:
    """And the card says which; the schema covers both."""
    rows = mixed_rows()
    train, test = rows[:300], rows[300:]
    model = mixed_pipeline().fit(train.drop(columns="outcome"), train["outcome"])
    path = package(model, train, _draft(), tmp_path, test=test)
    manifest = read(path).manifest
    assert manifest.training_data == {"rows": 300, "held_out_rows": 100}
    assert sum(map(sum, manifest.confusion_matrix)) == 100
    assert "Measured on 100 rows that the model was not fitted on." in (path / "card.md").read_text()


def test_costs_set_the_threshold(tmp_path: Path) -> None:
    """A miss that costs four false alarms is called from one fifth on."""
    model, rows = _fitted()
    assert read(package(model, rows, _draft(costs=Costs(4, 1)), tmp_path)).manifest.threshold == 0.2


def test_the_same_package_twice_is_the_same_bytes(tmp_path: Path) -> None:
    """With its pictures."""
    model, rows = _fitted()
    draft = Draft(name="m", version="1", target="outcome")
    first = package(model, rows, draft, tmp_path / "a")
    second = package(model, rows, draft, tmp_path / "b")
    assert read(first).sha256 == read(second).sha256
    assert (first / "roc.png").exists()


def test_a_reviewed_schema_is_used(tmp_path: Path) -> None:
    """A person knows that the stops are categories, and that ages may be 0 to 120."""
    rows = mixed_rows()[["age", "stops", "outcome"]].dropna()
    features = (
        Feature("age", "number", range=(0, 120)),
        Feature("stops", "categorical", (0, 1, 2, 3, 4)),
    )
    encoder = OneHotEncoder(categories=[[0, 1, 2, 3, 4]], handle_unknown="ignore")
    columns = make_column_transformer((encoder, ["stops"]), remainder="passthrough")
    model = make_pipeline(columns, LogisticRegression(max_iter=1000)).fit(rows[["age", "stops"]], rows["outcome"])
    manifest = read(package(model, rows, _draft(), tmp_path, reviewed=Schema("outcome", features))).manifest
    assert manifest.features == features


def test_categories_that_differ_from_the_data_are_refused(tmp_path: Path) -> None:
    """The message names the feature, the value and the categories."""
    model, rows = _fitted()
    inferred = schema.infer(rows, "outcome").features
    wrong = (Feature("city", "categorical", ("Arica", "Lima")), *inferred[1:])
    with pytest.raises(SchemaError, match=r"'city' holds '(Calama|Punta Arenas)', expected one of its 2 categories"):
        package(model, rows, _draft(), tmp_path, reviewed=Schema("outcome", wrong))


def test_a_category_that_the_estimator_does_not_know_is_refused(tmp_path: Path) -> None:
    """A reviewed schema cannot promise what the estimator does not answer."""
    rows = mixed_rows()[["city", "stops", "outcome"]]
    columns = make_column_transformer((OneHotEncoder(), ["city"]), remainder="passthrough")
    model = make_pipeline(columns, LogisticRegression()).fit(rows[["city", "stops"]], rows["outcome"])
    cities = Feature("city", "categorical", (*sorted(rows["city"].unique()), "Quito"))
    reviewed = Schema("outcome", (cities, Feature("stops", "integer")))
    with pytest.raises(
        EstimatorError, match="'city': the estimator does not answer for all of its categories: .*Quito"
    ):
        package(model, rows, _draft(), tmp_path, reviewed=reviewed)
    with pytest.raises(EstimatorError, match="'city': the estimator does not answer for a value that it never saw"):
        package(model, rows, _draft(unseen="count"), tmp_path)


@pytest.mark.parametrize(
    ("features", "reason"),
    [
        (("city",), "it lacks 'age', 'member', 'stops'"),
        (("city", "age", "stops", "member", "weight"), "it has too many with 'weight'"),
    ],
)
def test_a_schema_of_other_columns_is_refused(tmp_path: Path, features: tuple[str, ...], reason: str) -> None:
    """The message says which are missing or too many."""
    model, rows = _fitted()
    reviewed = schema.infer(rows.assign(weight=1.0), "outcome", list(features))
    with pytest.raises(SchemaError, match=reason):
        package(model, rows, _draft(), tmp_path, reviewed=reviewed)


def test_an_estimator_of_another_width_is_refused(tmp_path: Path) -> None:
    """Fitted on an array, it has only a number of columns."""
    rows = load_iris(as_frame=True).frame
    model = LogisticRegression(max_iter=1000).fit(rows.iloc[:, :2].to_numpy(), rows["target"])
    with pytest.raises(SchemaError, match="the schema has 4 features, and the estimator was fitted on 2"):
        package(model, rows, _draft(target="target"), tmp_path)


def test_targets_that_are_none_of_the_classes_are_refused(tmp_path: Path) -> None:
    """And missing ones, and text for a regressor."""
    model, rows = _fitted()
    with pytest.raises(EstimatorError, match=r"'outcome' holds 'lost', which is none of the model's classes \['early'"):
        package(model, rows.assign(outcome="lost"), _draft(), tmp_path)
    with pytest.raises(EstimatorError, match="'outcome' misses 400 values"):
        package(model, rows.assign(outcome=None), _draft(), tmp_path)
    numbers = pd.DataFrame({"x": [1.0, 2.0], "outcome": ["a", "b"]})
    with pytest.raises(EstimatorError, match="'outcome' holds text, expected the numbers"):
        package(LinearRegression().fit(numbers[["x"]], [1, 2]), numbers, _draft(), tmp_path)


class Homemade(ClassifierMixin, BaseEstimator):  # type: ignore[misc] # scikit-learn has no types
    """A classifier that no library knows."""

    def fit(self, rows: Any, target: Any) -> "Homemade":
        """Remember the classes."""
        self.classes_ = np.unique(target)
        self.n_features_in_ = rows.shape[1]
        return self

    def predict(self, rows: Any) -> Any:
        """Say the first class."""
        return np.full(len(rows), self.classes_[0])


def test_an_estimator_of_ones_own_is_packaged_but_never_opened(tmp_path: Path) -> None:
    """Its few answers make a table; verifying holds the graph against the answers that were kept."""
    rows = pd.DataFrame({"city": ["a", "b"], "outcome": [0, 1]})
    path = package(Homemade().fit(rows[["city"]].to_numpy(), rows["outcome"]), rows, _draft(), tmp_path)
    findings = verify(path)
    assert all(finding.passed for finding in findings)
    assert "Homemade" in findings[3].detail


def test_a_name_that_is_none_is_refused_before_anything_is_written(tmp_path: Path) -> None:
    """Names become folders and addresses."""
    rows = pd.DataFrame({"city": ["a", "b"], "outcome": [0, 1]})
    model = DummyClassifier().fit(rows[["city"]], rows["outcome"])
    with pytest.raises(ManifestError, match=r"\$\.name"):
        package(model, rows, _draft(name="../up"), tmp_path)
    assert list(tmp_path.iterdir()) == []
