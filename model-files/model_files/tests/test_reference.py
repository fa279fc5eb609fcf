"""References: counts that lose nothing, of training rows alone."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from model_files import reference, reference_file, schema
from model_files.estimator import Nature
from model_files.evaluation import Evaluation
from model_files.manifest import Feature
from model_files.package import read
from model_files.reference_file import Cells, Histogram, Reference, Values
from model_files.tests import packages
from model_files.threshold import Costs

BINARY = Nature("binary", ("no", "yes"), "probability")


def _reference(data: pd.DataFrame, features: tuple[Feature, ...], probabilities: list[float]) -> Reference:
    frame = schema.conform(data, features)
    answers = np.array(probabilities)[:, None]
    return reference.build(frame, features, Evaluation(BINARY, data["y"].to_numpy(float), answers, Costs()))


def test_features_are_counted_by_value_or_between_quantiles() -> None:
    """Categories that never occurred count zero, and missing numbers are counted apart."""
    data = pd.DataFrame(
        {
            "city": ["b", "b", "c", "b"],
            "stops": [1, 1, 0, 5],
            "member": [True, False, True, True],
            "age": [1.0, 2.0, np.nan, 4.0],
            "y": [0, 1, 1, 0],
        }
    )
    features = (
        Feature("city", "categorical", ("a", "b", "c")),
        Feature("stops", "integer"),
        Feature("member", "boolean"),
        Feature("age", "number", nullable=True),
    )
    built = _reference(data, features, [0.1, 0.9, 0.5, 0.51])
    assert built.features["city"] == Values(("a", "b", "c"), (0, 3, 1))
    assert built.features["stops"] == Values((0, 1, 5), (1, 2, 1))
    assert built.features["member"] == Values((False, True), (1, 3))
    age = built.features["age"]
    assert isinstance(age, Histogram)
    assert (age.edges[0], age.edges[-1], sum(age.counts), age.missing) == (1.0, 4.0, 3, 1)
    assert built.labels == Values(("no", "yes"), (2, 2))
    assert built.predictions == Values(("no", "yes"), (1, 3))
    assert built.cells is None
    assert reference_file.decode(reference_file.encode(built)) == built


def test_probabilities_are_counted_on_fixed_edges_with_their_sums() -> None:
    """Twenty bins of 0.05; 1 belongs to the last."""
    data = pd.DataFrame({"x": [1.0, 2.0, 3.0, 4.0], "y": [0, 0, 1, 1]})
    built = _reference(data, (Feature("x", "number"),), [0.0, 0.05, 0.07, 1.0]).probability
    assert built is not None
    assert built.edges[:3] == (0.0, 0.05, 0.1)
    assert (built.counts[0], built.counts[1], built.counts[-1], sum(built.counts)) == (1, 2, 1, 4)
    assert (built.sums[1], built.sums[-1]) == (0.12, 1.0)


def test_discrete_combinations_are_counted_as_cells() -> None:
    """Rows, positives, the sum of probabilities and what was called, by combination."""
    data = pd.DataFrame({"city": ["a", "b", "a"], "stops": [1, 0, 1], "y": [1, 0, 0]})
    features = (Feature("city", "categorical", ("a", "b")), Feature("stops", "integer"))
    assert _reference(data, features, [0.6, 0.2, 0.7]).cells == Cells(
        features=("city", "stops"),
        values=(("a", 1), ("b", 0)),
        rows=(2, 1),
        positives=(1, 0),
        probability_sums=(1.3, 0.2),
        predicted_positives=(2, 0),
    )


@given(
    st.lists(st.floats(-1e6, 1e6) | st.just(float("nan")), min_size=1, max_size=200).filter(
        lambda v: not np.isnan(v).all()
    )
)
def test_a_histogram_holds_every_number_once(numbers: list[float]) -> None:
    """Inside of its edges, which rise; what is missing is counted apart."""
    found = reference.histogram(np.array(numbers))
    assert sum(found.counts) + found.missing == len(numbers)
    assert len(found.edges) == len(found.counts) + 1
    assert list(found.edges) == sorted(found.edges)
    present = [number for number in numbers if not np.isnan(number)]
    assert (found.edges[0], found.edges[-1]) == (min(present), max(present))


@pytest.mark.parametrize("build", [packages.iris, packages.wine, packages.diabetes])
def test_every_task_has_a_reference(tmp_path: object, build: object) -> None:
    """Labels and predictions add up to the rows; a regression's are in bins."""
    path = build(tmp_path)  # type: ignore[operator] # one of the three above
    built = reference_file.decode((path / "reference.json").read_bytes())
    rows = read(path).manifest.training_data["rows"]
    assert built.rows == rows == sum(built.labels.counts) == sum(built.predictions.counts)
    assert all(sum(feature.counts) == rows for feature in built.features.values())
