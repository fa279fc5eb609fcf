"""Lowering: the nodes written by hand compute what scikit-learn computes."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.linear_model import LinearRegression, LogisticRegression, Ridge
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, OneHotEncoder, OrdinalEncoder, PolynomialFeatures, TargetEncoder

from model_files import lowering
from model_files.conversion import run
from model_files.estimator import Nature
from model_files.graph import Graph
from model_files.manifest import Feature

AIRLINE = Feature("airline", "categorical", ("A", "B", "C"))
MONTH = Feature("month", "categorical", tuple(range(1, 13)), calendar="month")


@given(st.integers(1, 5), st.booleans(), st.booleans(), st.integers(1, 2), st.integers(0, 2**32 - 1))
@settings(max_examples=60)
def test_a_quadratic_form_is_the_weighted_sum_of_the_products(
    width: int, interaction_only: bool, include_bias: bool, degree: int, seed: int
) -> None:
    """For any number of columns and any options of PolynomialFeatures up to degree two."""
    generator = np.random.default_rng(seed)
    rows = generator.normal(size=(8, width))
    products = PolynomialFeatures(degree, interaction_only=interaction_only, include_bias=include_bias).fit(rows)
    weights = generator.normal(size=products.n_output_features_)
    constant, linear, pairs = lowering.quadratic(products.powers_, weights)
    form = constant + rows @ linear + np.einsum("ni,ij,nj->n", rows, pairs, rows)
    np.testing.assert_allclose(form, products.transform(rows) @ weights, atol=1e-12)


@given(st.sampled_from(["logistic", "multinomial", "linear"]), st.booleans(), st.integers(0, 2**32 - 1))
@settings(max_examples=40, deadline=None)
def test_a_written_tail_answers_as_the_steps_do(kind: str, with_products: bool, seed: int) -> None:
    """Linear and logistic regressions, with products where there is one row of weights."""
    generator = np.random.default_rng(seed)
    rows = np.asarray(generator.normal(size=(40, 3)), dtype=np.float32).astype(np.float64)
    products = [PolynomialFeatures(2)] if with_products and kind != "multinomial" else []
    target = generator.integers(0, 3 if kind == "multinomial" else 2, 40)
    target[:3] = [0, 1, 2 if kind == "multinomial" else 1]
    model = make_pipeline(*products, Ridge() if kind == "linear" else LogisticRegression(max_iter=1000)).fit(
        rows, target
    )
    nature = {
        "logistic": Nature("binary", (0, 1), "probability"),
        "multinomial": Nature("multiclass", (0, 1, 2), "probabilities"),
        "linear": Nature("regression", (), "value"),
    }[kind]
    steps = [step for _, step in model.steps]
    assert lowering.linear_tail(steps, nature) == len(steps)
    graph, features = Graph(), tuple(Feature(f"x{i}", "number") for i in range(3))
    lowering.write_tail(graph, "numbers", steps, nature)
    found = run(
        graph.model(features, nature).SerializeToString(), pd.DataFrame(rows, columns=["x0", "x1", "x2"]), features
    )
    expected = {
        "logistic": lambda: model.predict_proba(rows)[:, 1:],
        "multinomial": lambda: model.predict_proba(rows),
        "linear": lambda: model.predict(rows)[:, None],
    }[kind]()
    np.testing.assert_allclose(found, expected, atol=2e-5)


@pytest.mark.parametrize(
    ("steps", "count"),
    [
        ([LogisticRegression()], 1),
        ([PolynomialFeatures(2), LogisticRegression()], 2),
        ([PolynomialFeatures(3), LogisticRegression()], 1),
        ([PolynomialFeatures(2), LinearRegression()], 0),
    ],
)
def test_only_what_can_be_written_is_counted(steps: list[object], count: int) -> None:
    """Products of three are left to skl2onnx, and a regressor does not answer a classifier's question."""
    rows, target = np.arange(12.0).reshape(6, 2), np.array([0, 1, 0, 1, 1, 0])
    fitted = [step for _, step in make_pipeline(*steps).fit(rows, target).steps]
    assert lowering.linear_tail(fitted, Nature("binary", (0, 1), "probability")) == count


def test_the_one_hot_of_codes_is_zero_for_what_is_no_category() -> None:
    """Each code sets its own column; -1 sets none."""
    graph, features = Graph(), (AIRLINE, MONTH)
    matrix = lowering.one_hot(graph, features)
    weights = graph.constant("weights", np.arange(15, dtype=np.float32)[:, None] + 1)
    graph.node("MatMul", [matrix, weights], "value")
    model = graph.model(features, Nature("regression", (), "value")).SerializeToString()
    frame = pd.DataFrame({"airline": ["A", "C", "?"], "month": [1, 12, 12]})
    assert run(model, frame, features).ravel().tolist() == [1 + 4, 3 + 15, 15]


@pytest.mark.parametrize(
    "encoder",
    [
        OneHotEncoder(handle_unknown="ignore"),
        OneHotEncoder(handle_unknown="infrequent_if_exist", min_frequency=3, sparse_output=False),
        OrdinalEncoder(handle_unknown="use_encoded_value", unknown_value=-1),
        TargetEncoder(cv=2),
    ],
)
def test_an_encoder_is_read_as_a_sum(encoder: object) -> None:
    """What nothing adds, plus what each code adds, is its output; for strangers too."""
    generator = np.random.default_rng(0)
    months = np.concatenate([np.arange(1, 13), generator.integers(1, 13, 38)])
    rows = pd.DataFrame({"airline": generator.choice(["A", "B", "C"], 50), "month": months})
    target = generator.integers(0, 2, 50)
    fitted = encoder.fit(rows, target)  # type: ignore[attr-defined] # scikit-learn has no types
    found = lowering.encoder_rows(fitted, (AIRLINE, Feature("month", "categorical", tuple(range(1, 13)))), unseen=True)
    assert found is not None
    constant, added = found
    instances = [["B", 7], ["A", 99], ["?", 12]]
    expected = lowering.transform(fitted, instances, (AIRLINE, MONTH))
    np.testing.assert_allclose(constant + added[1] + added[3 + 6], expected[0], atol=1e-12)
    np.testing.assert_allclose(constant + added[0], expected[1], atol=1e-12)
    np.testing.assert_allclose(constant + added[3 + 11], expected[2], atol=1e-12)


def test_an_encoder_whose_columns_act_on_each_other_is_not_a_sum() -> None:
    """It is left to skl2onnx."""
    rows = pd.DataFrame({"airline": ["A", "B", "C"], "month": [1, 2, 3]})
    crossing = make_pipeline(OneHotEncoder(sparse_output=False), PolynomialFeatures(2)).fit(rows)
    assert lowering.encoder_rows(crossing, (AIRLINE, Feature("month", "categorical", (1, 2, 3))), unseen=False) is None


def test_a_plain_function_is_fed_arrays_when_it_was_fitted_on_one() -> None:
    """Column names are for those who asked for them."""
    identity = FunctionTransformer().fit(np.array([[1], [2]]))
    assert lowering.transform(identity, [[5]], (MONTH,)).tolist() == [[5.0]]
