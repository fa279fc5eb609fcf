"""skl2onnx, asked for exactly what the graph needs, with what it gets wrong put right."""

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import onnx
import skl2onnx
from onnx import helper
from skl2onnx.common import _container
from skl2onnx.common.data_types import DoubleTensorType, FloatTensorType, Int64TensorType, StringTensorType
from skl2onnx.operator_converters import random_forest
from sklearn.impute import SimpleImputer
from sklearn.pipeline import Pipeline

from model_files.graph import ML_OPSET, OPSET, Graph

_TYPES = {"float": FloatTensorType, "double": DoubleTensorType, "integer": Int64TensorType, "text": StringTensorType}

# One input of a step: its name, float, integer or text, its width, and the value that feeds it.
Input = tuple[str, str, int, str]


def write(graph: Graph, step: Any, inputs: list[Input], prefix: str) -> list[str]:
    """Convert a fitted step with skl2onnx and write its nodes into a graph.

    Args:
        graph: Where to write.
        step: Any estimator that skl2onnx knows.
        inputs: What it is fed; a single matrix may have any name.
        prefix: Put before the names of the values that are made.

    Returns:
        The values that are its outputs: of a classifier the label and then the probabilities.
    """
    with _corrected(), warnings.catch_warnings():
        # skl2onnx 1.20 reads attributes that scikit-learn 1.9 is about to drop.
        warnings.simplefilter("ignore", FutureWarning)
        model = skl2onnx.to_onnx(
            step,
            initial_types=[(name, _TYPES[kind]([None, width])) for name, kind, width, _ in inputs],
            target_opset={"": OPSET, "ai.onnx.ml": ML_OPSET},
            options={"zipmap": False} if hasattr(step, "predict_proba") else None,
        )
    return graph.absorb(model, {name: value for name, _, _, value in inputs}, prefix)


def write_matrix(graph: Graph, step: Any, matrix: str, width: int, *, wide: bool = False) -> str:
    """Write a fitted transformer of one matrix of numbers.

    Args:
        graph: Where to write.
        step: A transformer, or a pipeline of some.
        matrix: A value of float32 [n, width].
        width: Its columns.
        wide: Compute in float64 as scikit-learn does: slower, and needed where a tree follows that splits between two
            neighbouring numbers.

    Returns:
        A value of float32.
    """
    if step == "passthrough":
        return matrix
    prefix = graph.free(type(step).__name__.lower()) + "_"
    if not wide:
        output = write(graph, step, [("matrix", "float", width, matrix)], prefix)[0]
        return graph.node("Cast", [output], f"{prefix}float", {"to": onnx.TensorProto.FLOAT})
    value = graph.node("Cast", [matrix], f"{prefix}double", {"to": onnx.TensorProto.DOUBLE})
    for position, part in enumerate([part for _, part in step.steps] if type(step) is Pipeline else [step]):
        if type(part) is SimpleImputer and not part.add_indicator and np.isnan(part.missing_values):
            # onnxruntime has no Imputer for float64.
            missing = graph.node("IsNaN", [value], f"{prefix}missing")
            fill = graph.constant(f"{prefix}fill", np.asarray(part.statistics_, dtype=np.float64))
            value = graph.node("Where", [missing, fill, value], f"{prefix}filled")
        elif part != "passthrough":
            inner = [("matrix", "double", int(part.n_features_in_), value)]
            value = write(graph, part, inner, f"{prefix}{position}_")[0]
    return graph.node("Cast", [value], f"{prefix}float", {"to": onnx.TensorProto.FLOAT})


@contextmanager
def _corrected() -> Iterator[None]:
    """Put right what skl2onnx 1.20 gets wrong for histogram gradient boosting.

    It gives ``make_node`` booleans and NumPy scalars, where onnx 1.23 takes only Python's own numbers in a list; and it
    rounds thresholds to the nearest float32, which sends a value just above one down the wrong branch (its trees for
    random forests are rounded down).
    """

    def make_node(kind: str, inputs: list[str], outputs: list[str], **attributes: Any) -> onnx.NodeProto:
        plain: dict[str, Any] = {
            name: [*map(_plain, value)] if isinstance(value, list) else value for name, value in attributes.items()
        }
        return helper.make_node(kind, inputs, outputs, **plain)

    def add_tree(*args: Any, dtype: Any = None) -> None:
        *others, _round_down = args
        original_add_tree(*others, True, dtype=dtype)

    original_make_node, original_add_tree = (
        _container.make_node,
        random_forest.add_tree_to_attribute_pairs_hist_gradient_boosting,
    )
    _container.make_node = make_node
    random_forest.add_tree_to_attribute_pairs_hist_gradient_boosting = add_tree
    try:
        yield
    finally:
        _container.make_node = original_make_node
        random_forest.add_tree_to_attribute_pairs_hist_gradient_boosting = original_add_tree


def _plain(value: Any) -> Any:
    plain = value.item() if isinstance(value, np.generic) else value
    return int(plain) if isinstance(plain, bool) else plain
