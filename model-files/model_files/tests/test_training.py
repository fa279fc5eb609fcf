"""Training: the shipped packages are what the code trains, and both models are one."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn.ensemble import GradientBoostingClassifier, HistGradientBoostingClassifier
from sklearn.metrics import log_loss
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import OneHotEncoder

from model_files import estimator_file, schema
from model_files.candidates import MOST_ROWS, Candidate, Score, candidates
from model_files.conversion import run
from model_files.flights import Flights
from model_files.package import read
from model_files.tally import Tally
from model_files.training import COSTS, Trained, fit, tell, write
from model_files.verification import verify

MODELS = ("flight-delay", "flight-delay-onehot")


def _cells(flights: Flights) -> pd.DataFrame:
    names = [feature.name for feature in flights.features]
    return pd.MultiIndex.from_product([f.categories for f in flights.features], names=names).to_frame(index=False)


def test_the_shipped_package_is_what_the_code_trains(flights: Flights, trained: Trained, room: Path) -> None:
    """The same probability for every airline, type and month, from the estimator and from the graph."""
    shipped = read(room / "flight-delay" / "1")
    cells = _cells(flights)
    expected = trained.pipeline.predict_proba(cells)[:, 1]
    estimator = estimator_file.load(shipped.path / "model.skops")
    np.testing.assert_allclose(estimator.predict_proba(cells)[:, 1], expected, rtol=0, atol=1e-6)
    np.testing.assert_allclose(run(shipped.graph, cells, flights.features)[:, 0], expected, rtol=0, atol=1e-6)
    assert shipped.manifest.features == flights.features
    assert shipped.manifest.training_data["sha256"] == flights.sha256


def test_both_shipped_models_answer_alike_for_every_flight(flights: Flights, room: Path) -> None:
    """Probability and label, whether the caller encodes or the service does."""
    plain, one_hot = (read(room / name / "1") for name in MODELS)
    cells = _cells(flights)
    first = run(plain.graph, cells, flights.features)
    second = run(one_hot.graph, flights.one_hot(cells), flights.one_hot_features)
    np.testing.assert_allclose(first, second, rtol=0, atol=5e-7)
    assert plain.manifest.threshold == one_hot.manifest.threshold == COSTS.threshold
    np.testing.assert_array_equal(first >= COSTS.threshold, second >= COSTS.threshold)


@pytest.mark.parametrize("name", MODELS)
def test_the_shipped_packages_verify(room: Path, name: str) -> None:
    """Every check, here and now."""
    assert [finding for finding in verify(room / name / "1") if not finding.passed] == []


def test_shipped_metrics_are_better_than_the_published_models(room: Path) -> None:
    """At the same costs a mistake costs less than with any of the three, and the probabilities are calibrated."""
    manifest = read(room / "flight-delay" / "1").manifest
    (negatives, alarms), (misses, hits) = manifest.confusion_matrix
    assert negatives + alarms + misses + hits == 22_508
    assert manifest.metrics["mean_cost"] == pytest.approx((alarms + 3 * misses) / 22_508, abs=1e-6)
    published = ((92, 3985), (7445, 1477), (8812, 1238))
    assert manifest.metrics["mean_cost"] < min((alarm + 3 * miss) / 22_508 for alarm, miss in published)
    assert manifest.metrics["expected_calibration_error"] < 0.01


def test_training_twice_writes_the_same_bytes(flights: Flights, trained: Trained, tmp_path: Path) -> None:
    """Model, pictures and card; and the shipped one-hot model is the other without its encoder."""
    scores = tuple(
        Score(c.name, *(tuple(0.1 * i + j for j in range(5)) for _ in range(3))) for i, c in enumerate(candidates())
    )
    story = tell(flights, COSTS, candidates()[3], scores, trained)
    first, second = (write("flight-delay", trained, story, tmp_path / name, "1") for name in ("a", "b"))
    assert read(first).sha256 == read(second).sha256
    one_hot = estimator_file.load(write("flight-delay-onehot", trained, story, tmp_path / "a", "1") / "model.skops")
    assert [name for name, _ in one_hot.steps] == [name for name, _ in trained.pipeline.steps[1:]]


@pytest.mark.parametrize(
    ("model", "most"),
    [
        (HistGradientBoostingClassifier(max_iter=5, random_state=0), MOST_ROWS),
        (GradientBoostingClassifier(n_estimators=20, random_state=0), 0),
    ],
)
def test_another_kind_of_model_is_calibrated_in_a_wrapper(flights: Flights, model: Any, most: int) -> None:
    """Trees have no coefficients to fold a sigmoid into; on rows or on cells, what comes out is calibrated."""
    train = flights.tally("train")
    tally = Tally(train.cells, train.counts // 20)
    pipeline = Pipeline([("one_hot", OneHotEncoder(handle_unknown="ignore", sparse_output=False)), ("model", model)])
    trained = fit(Candidate("trees", pipeline, most), tally)
    target = tally.target
    assert trained.sigmoid is None
    assert trained.after.shape == trained.before.shape == target.shape
    assert log_loss(target, trained.after) < log_loss(target, trained.before) + 1e-3
    answered = trained.pipeline.predict_proba(tally.cells)[tally.places, 1]
    assert log_loss(target, answered) < log_loss(target, trained.after)
    for probabilities in (trained.after, answered):
        assert abs(probabilities.mean() - target.mean()) < 2e-3
    assert [name for name, _ in trained.pipeline.steps] == ["one_hot", "calibrated"]


def test_an_airline_that_was_never_seen_could_be_answered(trained: Trained, flights: Flights) -> None:
    """The encoder ignores it, so that the policy may be changed without training again."""
    frame = schema.conform(
        pd.DataFrame({"OPERA": ["Aerolinea Nueva"], "TIPOVUELO": ["N"], "MES": [7]}), flights.features, unseen=True
    )
    assert 0.05 < trained.pipeline.predict_proba(frame)[0, 1] < 0.6
