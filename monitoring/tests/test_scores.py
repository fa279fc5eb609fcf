"""Measures from counts are scikit-learn's from rows."""

from collections.abc import Sequence
from pathlib import Path

import msgspec
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn import metrics

from monitoring.counting.counts import PREDICTION, Counts
from monitoring.quality.labelled import GRID
from monitoring.quality.scores import LabelledRow, baseline, estimated, quantile, realised, seasonal
from monitoring.tests.draws import Draws
from monitoring.watched import Watched, read


def counted(truth: Sequence[int], probabilities: Sequence[float], threshold: float = 0.25) -> list[LabelledRow]:
    """Rows as the expression counts them, one each."""
    return [
        LabelledRow(int(p >= threshold), y, int(p * GRID), 1, p, p * p)
        for y, p in zip(truth, probabilities, strict=True)
    ]


def test_every_measure_is_scikit_learns(flights: Watched) -> None:
    """Of two classes with probabilities; the area to the grid's precision."""
    generator = np.random.default_rng(1)
    probabilities = generator.beta(2, 6, 5000)
    truth = (generator.random(5000) < probabilities).astype(int)
    called = (probabilities >= 0.25).astype(int)
    found = realised(counted(truth.tolist(), probabilities.tolist()), flights.manifest)
    assert found.labels == 5000
    assert found.measures["accuracy"] == pytest.approx(metrics.accuracy_score(truth, called))
    assert found.measures["precision"] == pytest.approx(metrics.precision_score(truth, called))
    assert found.measures["recall"] == pytest.approx(metrics.recall_score(truth, called))
    assert found.measures["f1"] == pytest.approx(metrics.f1_score(truth, called))
    assert found.measures["brier"] == pytest.approx(metrics.brier_score_loss(truth, probabilities))
    assert found.measures["auc"] == pytest.approx(metrics.roc_auc_score(truth, probabilities), abs=1e-4)


a_row = st.tuples(st.integers(-2, 1), st.floats(0, 1))


@given(st.lists(a_row, max_size=50))
def test_every_measure_is_a_share_and_no_row_is_lost(rows: list[tuple[int, float]]) -> None:
    """Whatever the labels are; a measure that can't be told is left out."""
    manifest = read(Path(__file__).parents[2] / "model-files/flight-delay/1").manifest
    found = realised(counted([y for y, _ in rows], [p for _, p in rows]), manifest)
    assert found.labels + found.strangers == len(rows)
    assert all(0 <= value <= 1 + 1e-9 for value in found.measures.values())
    assert ("auc" in found.measures) == ({0, 1} <= {y for y, _ in rows})
    assert bool(found.measures) == (found.labels > 0)


def test_a_package_is_its_own_baseline(flights: Watched) -> None:
    """F1, which the manifest does not tell, comes from its confusion matrix."""
    found = baseline(flights.manifest)
    assert found["accuracy"] == flights.manifest.metrics["accuracy"]
    assert found["auc"] == flights.manifest.metrics["roc_auc"]
    precision, recall = found["precision"], found["recall"]
    assert found["f1"] == pytest.approx(2 * precision * recall / (precision + recall), abs=1e-5)


def test_other_tasks_have_the_measures_that_fit_them(small_models: Path) -> None:
    """Accuracy for more than two classes, errors for a regression."""
    iris, diabetes = (read(small_models / name / "1") for name in ("iris", "diabetes"))
    rows = [LabelledRow(0, 0, 900, 3), LabelledRow(1, 2, 900, 1)]
    assert realised(rows, iris.manifest).measures == {"accuracy": 0.75}
    errors = [LabelledRow(0, 0, -1, 2, error_sum=6, square_error_sum=20)]
    found = realised(errors, diabetes.manifest).measures
    assert found == {"mean_absolute_error": 3, "root_mean_squared_error": pytest.approx(10**0.5)}
    assert set(found) <= set(baseline(diabetes.manifest))


def test_a_calibrated_model_knows_how_good_it_is(flights: Watched) -> None:
    """The estimate without labels is near what labels, drawn with the model's own probabilities, say."""
    draws = Draws(flights, seed=2)
    window = draws.window(200_000)
    found = estimated(window, flights.manifest)
    rows = window.subjects[PREDICTION]
    right = window.probability_sums[1] + rows[0] - window.probability_sums[0]
    assert found["accuracy"] == pytest.approx(right / window.rows)
    assert found["accuracy"] == pytest.approx(baseline(flights.manifest)["accuracy"], abs=0.02)
    assert found["f1"] == pytest.approx(baseline(flights.manifest)["f1"], abs=0.03)


def test_without_probabilities_or_rows_nothing_is_estimated(flights: Watched) -> None:
    """There is nothing to estimate it from."""
    assert estimated(Counts(0, 0, {PREDICTION: {}}, None), flights.manifest) == {}
    manifest = msgspec.structs.replace(flights.manifest, output="label_index", threshold=None)
    assert estimated(Draws(flights).window(100), manifest) == {}


def test_quantiles_of_counted_bins() -> None:
    """The first bin with so many rows up to it."""
    assert quantile({3: 1, 1: 5, 2: 4}, 0.5) == 1
    assert quantile({3: 1, 1: 5, 2: 4}, 0.9) == 2
    assert quantile({}, 0.5) is None


def test_the_season_changes_what_is_to_be_expected(flights: Watched) -> None:
    """July alone: its own accuracy and F1 on the training data, less the year's; the year itself changes nothing."""
    cells = flights.reference.cells
    assert cells is not None
    assert seasonal(cells, [1.0] * len(cells.rows)) == {"accuracy": 0, "f1": 0}
    weights = [float(values[2] == 7) for values in cells.values]
    found = seasonal(cells, weights)
    right = {True: 0.0, False: 0.0}
    rows = {True: 0, False: 0}
    for values, count, positives, called in zip(
        cells.values, cells.rows, cells.positives, cells.predicted_positives, strict=True
    ):
        for is_july in {values[2] == 7, False}:  # False: every month
            rows[is_july] += count
            right[is_july] += positives if called else count - positives
    assert found["accuracy"] == pytest.approx(right[True] / rows[True] - right[False] / rows[False])
    assert found["accuracy"] < -0.2
