"""Parts of a pipeline written by hand, in far fewer nodes than skl2onnx needs.

onnxruntime costs about a microsecond a node for one row, and skl2onnx writes a node for every product of
``PolynomialFeatures`` and a chain of nodes for every column of an encoder. Two observations replace them:

- A linear model over products of pairs is a quadratic form, ``b + w.x + x'Wx``, so ``Gemm, Mul, Gemm`` compute it.
- An encoder that treats each categorical column by itself is a sum of rows, one row per code, so a one-hot of all
  codes at once (three nodes) times one matrix is its output, whatever the encoder does inside.

Nothing here is trusted: every conversion is compared with scikit-learn before it is written.
"""

from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from onnx import TensorProto
from sklearn.linear_model import (
    ElasticNet,
    Lasso,
    LinearRegression,
    LogisticRegression,
    LogisticRegressionCV,
    Ridge,
    RidgeCV,
)
from sklearn.preprocessing import PolynomialFeatures

from model_files.estimator import Nature
from model_files.graph import Graph
from model_files.manifest import Feature
from model_files.table import stranger

_CLASSIFIERS = (LogisticRegression, LogisticRegressionCV)
_REGRESSORS = (LinearRegression, Ridge, RidgeCV, Lasso, ElasticNet)
_SQUARE = 2

Array = npt.NDArray[np.float64]


def linear_tail(steps: list[Any], nature: Nature) -> int:
    """How many of a pipeline's last steps :func:`write_tail` can write: 2 with the products, 1 without, 0 for none."""
    final = type(steps[-1])
    if final not in (_REGRESSORS if nature.output == "value" else _CLASSIFIERS):
        return 0
    single = np.atleast_2d(steps[-1].coef_).shape[0] == 1
    if not single and nature.output != "probabilities":
        return 0
    if (
        single
        and len(steps) > 1
        and type(steps[-2]) is PolynomialFeatures
        and steps[-2].powers_.sum(axis=1).max() <= _SQUARE
    ):
        return 2
    return 1


def write_tail(graph: Graph, features: str, steps: list[Any], nature: Nature) -> None:
    """Write a linear or logistic regression, with or without products of pairs before it.

    Args:
        graph: Where to write.
        features: A value of float32 [n, d].
        steps: The one or two last steps, as :func:`linear_tail` counted them.
        nature: What the model answers; its output is the value that is written last.
    """
    model = steps[-1]
    weights, intercept = np.atleast_2d(model.coef_), np.atleast_1d(np.asarray(model.intercept_, dtype=np.float64))
    if len(steps) > 1:
        constant, linear, products = quadratic(steps[0].powers_, weights[0])
        pulled = graph.node(
            "Gemm", [features, _constant(graph, "products", products), _constant(graph, "linear", linear)], "pulled"
        )
        terms = graph.node("Mul", [features, pulled], "terms")
        ones = np.ones((len(linear), 1))
        inputs = [terms, _constant(graph, "ones", ones), _constant(graph, "intercept", intercept + constant)]
    else:
        inputs = [features, _constant(graph, "weights", weights.T), _constant(graph, "intercept", intercept)]
    link = {"value": "", "probability": "Sigmoid", "probabilities": "Softmax"}[nature.output]
    decision = graph.node("Gemm", inputs, "decision" if link else nature.output)
    if link:
        graph.node(link, [decision], nature.output, {"axis": 1} if link == "Softmax" else None)


def quadratic(powers: npt.NDArray[np.int64], weights: Array) -> tuple[float, Array, Array]:
    """Turn weights of monomials of degree two or less into a quadratic form.

    Args:
        powers: The exponents, [terms, d], as ``PolynomialFeatures.powers_`` has them.
        weights: One weight a term.

    Returns:
        b, w [d] and W [d, d] (upper triangular), so that the weighted sum is ``b + w.x + x'Wx``.
    """
    size = powers.shape[1]
    constant, linear, products = 0.0, np.zeros(size), np.zeros((size, size))
    for exponents, weight in zip(powers, weights, strict=True):
        columns = np.repeat(np.arange(size), exponents)
        if len(columns) == 0:
            constant += float(weight)
        elif len(columns) == 1:
            linear[columns[0]] += weight
        else:
            products[columns[0], columns[1]] += weight
    return constant, linear, products


def one_hot(graph: Graph, features: tuple[Feature, ...]) -> str:
    """Write the one-hot of all codes: float32 [n, all categories]; a code of -1 is zero everywhere.

    The codes are spread to one column per category by a product with a selection, and compared with each column's own
    code.
    """
    widths = [len(feature.categories) for feature in features]
    spread = np.repeat(np.eye(len(features), dtype=np.int64), widths, axis=1)
    own = np.concatenate([np.arange(width, dtype=np.int64) for width in widths])
    columns = graph.node("MatMul", ["codes", graph.constant("spread", spread)], "spread_codes")
    same = graph.node("Equal", [columns, graph.constant("own_codes", own)], "is_category")
    return graph.node("Cast", [same], "one_hot", {"to": TensorProto.FLOAT})


def encoder_rows(encoder: Any, features: tuple[Feature, ...], *, unseen: bool) -> tuple[Array, Array] | None:
    """Read an encoder of categorical columns as a sum: an output of its own, plus one row for each code.

    Args:
        encoder: A fitted transformer of just these columns.
        features: The columns, all categorical.
        unseen: Whether it takes a value that is no category.

    Returns:
        The output [d] where nothing is known and the rows [all categories, d] that are added to it, or none where
        the encoder lets columns act on each other.
    """
    base = [stranger(f) if unseen and f.calendar is None else f.categories[0] for f in features]
    changed = [
        [*base[:position], category, *base[position + 1 :]]
        for position, feature in enumerate(features)
        for category in feature.categories
    ]
    generator = np.random.default_rng(0)
    picks = [generator.choice(len(feature.categories), 64) for feature in features]
    mixed = [[feature.categories[pick[i]] for feature, pick in zip(features, picks, strict=True)] for i in range(64)]
    output = transform(encoder, [base, *changed, *mixed], features)
    constant, rows = output[0], output[1 : 1 + len(changed)] - output[0]
    starts = np.cumsum([0, *(len(feature.categories) for feature in features[:-1])])
    summed = constant + sum(rows[start + pick] for start, pick in zip(starts, picks, strict=True))
    return (constant, rows) if np.allclose(summed, output[1 + len(changed) :], rtol=0, atol=1e-9) else None


def transform(encoder: Any, instances: list[list[Any]], features: tuple[Feature, ...]) -> Array:
    """An encoder's output for rows of values, dense float64 [n, d]."""
    frame = pd.DataFrame(instances, columns=[feature.name for feature in features])
    output = encoder.transform(frame if hasattr(encoder, "feature_names_in_") else frame.to_numpy())
    return np.asarray(output.toarray() if hasattr(output, "toarray") else output, dtype=np.float64)


def _constant(graph: Graph, name: str, value: Array) -> str:
    return graph.constant(name, np.asarray(value, dtype=np.float32))
