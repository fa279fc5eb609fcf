"""From a fitted estimator to the ONNX graph that is served: a table, a lowered pipeline, or skl2onnx's own.

The graph's signature is the manifest's: ``codes`` and ``numbers`` in, one output out. Which way is taken is a matter
of speed only; :func:`difference` holds every result against scikit-learn.
"""

from typing import Any

import numpy as np
import numpy.typing as npt
import onnx
import onnxruntime
import pandas as pd
from sklearn.compose import ColumnTransformer
from sklearn.pipeline import Pipeline

from model_files import converters, lowering, table
from model_files.estimator import Nature, answers, columns, nature
from model_files.graph import Graph
from model_files.manifest import Feature
from model_files.schema import rounded, tensors

MOST_ONE_HOT = 2000  # columns; beyond, the multiplication costs more than the nodes that it saves

# Of probabilities, or relative of larger values: float32 is good for a hundredth of it.
TOLERANCE = 1e-4


class ConversionError(ValueError):
    """An estimator that does not convert, or whose graph answers otherwise; the message says which and why."""


def convert(estimator: Any, features: tuple[Feature, ...], frame: pd.DataFrame, *, unseen: bool) -> tuple[bytes, float]:
    """Convert a fitted estimator, and hold the graph against it.

    What comes before the answer is computed in float32, or in float64 where that differs too much from scikit-learn.

    Args:
        estimator: A fitted classifier or regressor; of a search, the best estimator is taken.
        features: Its features in order.
        frame: Rows that conform to the features.
        unseen: Whether it answers for values that are no category.

    Returns:
        The graph, and its largest difference from scikit-learn over the rows.

    Raises:
        ConversionError: if some part of it does not convert, or no graph answers within :data:`TOLERANCE`.
    """
    graph = draw(estimator, features, unseen=unseen)
    largest = difference(graph, estimator, frame, features)
    if largest > TOLERANCE:
        graph = draw(estimator, features, unseen=unseen, wide=True)
        largest = difference(graph, estimator, frame, features)
    if not largest <= TOLERANCE:
        raise ConversionError(
            f"{type(estimator).__name__}: the ONNX graph's answers differ from scikit-learn's by up to {largest:.2g}, "
            f"expected at most {TOLERANCE:g}"
        )
    return graph, largest


def draw(estimator: Any, features: tuple[Feature, ...], *, unseen: bool, wide: bool = False) -> bytes:
    """Draw a fitted estimator's graph, unverified: a table if small enough, or else lowered nodes and skl2onnx's.

    Raises:
        ConversionError: if some part of it does not convert.
    """
    kind = nature(estimator)
    if table.fits(features, len(kind.classes) if kind.output == "probabilities" else 1):
        return bytes(table.build(estimator, features, unseen=unseen).SerializeToString())
    try:
        return bytes(_Conversion(features, kind, unseen=unseen, wide=wide).run(estimator).SerializeToString())
    except Exception as error:
        # skl2onnx raises whatever its converters meet: all of it means that this estimator does not convert.
        lines = str(error).strip().splitlines() or [type(error).__name__]
        hint = (
            " (beside categories, what converts best is a pipeline: a ColumnTransformer first, all else after it)"
            if any(feature.type == "categorical" for feature in features)
            else ""
        )
        raise ConversionError(f"{type(estimator).__name__} does not convert to ONNX: {lines[0]}{hint}") from error


def difference(graph: bytes, estimator: Any, frame: pd.DataFrame, features: tuple[Feature, ...]) -> float:
    """The largest difference between a graph's answers and scikit-learn's.

    It is absolute below 1 and relative above, so that probabilities and large values are measured alike; for
    ``label_index`` it is the share of rows whose labels differ.

    Args:
        graph: The ONNX graph.
        estimator: The estimator that it was made from.
        frame: Rows that conform to the features.
        features: The features in order.

    Raises:
        ConversionError: if onnxruntime refuses the graph or the rows, or answers in another shape.
    """
    if not len(frame):
        return 0.0
    return distance(run(graph, frame, features), answers(estimator, rounded(frame, features)))


def distance(got: npt.NDArray[Any], expected: npt.NDArray[Any]) -> float:
    """How far answers are from the expected ones, as :func:`difference` measures it; label indices are integers.

    Raises:
        ConversionError: if they are not of one shape.
    """
    if got.shape != expected.shape:
        raise ConversionError(f"the graph answers {list(got.shape)}, expected {list(expected.shape)}")
    if expected.dtype.kind == "i":
        return float((got != expected).mean())
    return float((np.abs(got - expected) / np.maximum(1, np.abs(expected))).max())


def run(graph: bytes, frame: pd.DataFrame, features: tuple[Feature, ...]) -> npt.NDArray[Any]:
    """Run a graph over rows that conform, in one thread.

    Raises:
        ConversionError: if onnxruntime refuses the graph or the rows.
    """
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.log_severity_level = 3
    try:
        session = onnxruntime.InferenceSession(graph, options, providers=["CPUExecutionProvider"])
        output: npt.NDArray[Any] = session.run(None, tensors(frame, features))[0]
    except Exception as error:
        # onnxruntime's errors share no base of their own.
        raise ConversionError(f"onnxruntime refuses the graph: {str(error).splitlines()[0]}") from error
    return output


class _Conversion:
    """One conversion: the graph in the making, and what each feature is."""

    def __init__(self, features: tuple[Feature, ...], kind: Nature, *, unseen: bool, wide: bool) -> None:
        self.graph = Graph()
        self.features = features
        self.categorical = tuple(feature for feature in features if feature.type == "categorical")
        self.numeric = tuple(feature for feature in features if feature.type != "categorical")
        self.kind = kind
        self.unseen = unseen
        self.wide = wide
        self._one_hot: str | None = None

    def run(self, estimator: Any) -> onnx.ModelProto:
        """Write the head that turns the features into one matrix, and the tail that answers from it."""
        estimator = getattr(estimator, "best_estimator_", estimator)
        steps = [estimator]
        if type(estimator) is Pipeline:
            steps = [step for _, step in estimator.steps if step not in (None, "passthrough")]
        by_name = {feature.name: feature for feature in self.features}
        fitted_on = tuple(by_name[name] for name in columns(estimator) or by_name)
        matrix, rest = self._head(steps, fitted_on)
        if matrix is None:
            self._answer(converters.write(self.graph, estimator, self._each(fitted_on), "model_"))
        else:
            self._tail(matrix, rest)
        return self.graph.model(self.features, self.kind)

    def _head(self, steps: list[Any], features: tuple[Feature, ...]) -> tuple[str | None, list[Any]]:
        """Write what comes before the first matrix of numbers; it, if that can be done, and the steps that remain."""
        if isinstance(steps[0], ColumnTransformer):
            blocks = [self._block(step, chosen) for step, chosen in _parts(steps[0], features)]
            known = [block for block in blocks if block is not None]
            if len(known) < len(blocks):
                return None, steps
            return known[0] if len(known) == 1 else self.graph.node("Concat", known, "encoded", {"axis": 1}), steps[1:]
        if not self.categorical:
            return self._numbers(features), steps
        return (self._block(steps[0], features), steps[1:]) if len(steps) > 1 else (None, steps)

    def _block(self, step: Any, features: tuple[Feature, ...]) -> str | None:
        """Write one transformer of some features, if they are all categories or all numbers."""
        if all(feature.type == "categorical" for feature in features):
            return None if step == "passthrough" else self._encoder(step, features)
        if any(feature.type == "categorical" for feature in features):
            return None
        return converters.write_matrix(self.graph, step, self._numbers(features), len(features), wide=self.wide)

    def _encoder(self, step: Any, features: tuple[Feature, ...]) -> str | None:
        """Write an encoder of categories as a product of the one-hot of all codes."""
        widths = {feature.name: len(feature.categories) for feature in self.categorical}
        if sum(widths.values()) > MOST_ONE_HOT:
            return None
        found = lowering.encoder_rows(step, features, unseen=self.unseen)
        if found is None:
            return None
        constant, own = found
        starts = dict(zip(widths, np.cumsum([0, *widths.values()]), strict=False))
        places = [starts[feature.name] + code for feature in features for code in range(widths[feature.name])]
        rows = np.zeros((sum(widths.values()), own.shape[1]))
        rows[places] = own
        if self._one_hot is None:
            self._one_hot = lowering.one_hot(self.graph, self.categorical)
        if not constant.any() and np.array_equal(rows, np.eye(*rows.shape)) and rows.shape[0] == rows.shape[1]:
            return self._one_hot
        matrix = self.graph.constant("encoding", rows.astype(np.float32))
        base = self.graph.constant("unknown", constant.astype(np.float32))
        return self.graph.node("Gemm", [self._one_hot, matrix, base], "encoded_categories")

    def _tail(self, matrix: str, steps: list[Any]) -> None:
        """Write the steps that start from one matrix of numbers and end in the answer."""
        count = lowering.linear_tail(steps, self.kind)
        for step in steps[: -count or -1]:
            matrix = converters.write_matrix(self.graph, step, matrix, int(step.n_features_in_), wide=self.wide)
        if count:
            lowering.write_tail(self.graph, matrix, steps[-count:], self.kind)
        else:
            inner = [("matrix", "float", int(steps[-1].n_features_in_), matrix)]
            self._answer(converters.write(self.graph, steps[-1], inner, "model_"))

    def _answer(self, outputs: list[str]) -> None:
        """Make the one output that the manifest names out of skl2onnx's: label and probabilities, or the value."""
        output = self.kind.output
        if output == "probability":
            second = self.graph.constant("second_class", np.array([1], dtype=np.int64))
            self.graph.node("Gather", [outputs[1], second], output, {"axis": 1})
        elif output == "label_index":
            self._label_index(outputs[0])
        else:
            self.graph.call(outputs[1 if output == "probabilities" else 0], output)

    def _label_index(self, label: str) -> None:
        text = [str(name) for name in self.kind.classes if isinstance(name, str)]
        if not text:
            label = self.graph.node("Cast", [label], "whole_label", {"to": onnx.TensorProto.INT64})
        keys = {"keys_strings": text} if text else {"keys_int64s": list(self.kind.classes)}
        places = {"values_int64s": list(range(len(self.kind.classes)))}
        self.graph.node("LabelEncoder", [label], "label_index", {**keys, **places}, "ai.onnx.ml")

    def _numbers(self, features: tuple[Feature, ...]) -> str:
        """The columns of ``numbers`` that these features are."""
        if features == self.numeric:
            return "numbers"
        places = np.array([self.numeric.index(feature) for feature in features], dtype=np.int64)
        return self.graph.node("Gather", ["numbers", self.graph.constant("columns", places)], "selected", {"axis": 1})

    def _each(self, features: tuple[Feature, ...]) -> list[converters.Input]:
        """Every feature as a column of its own, as skl2onnx wants a data frame."""
        inputs: list[converters.Input] = []
        for feature in features:
            if feature.type != "categorical":
                inputs.append((feature.name, "float", 1, self._numbers((feature,))))
                continue
            place = self.graph.constant("column", np.array([self.categorical.index(feature)], dtype=np.int64))
            code = self.graph.node("Gather", ["codes", place], "code", {"axis": 1})
            kind = "text" if isinstance(feature.categories[0], str) else "integer"
            # The last one is for the code -1: Gather counts negative indices from the end.
            words = np.array(
                [*feature.categories, table.stranger(feature)], dtype=object if kind == "text" else np.int64
            )
            word = self.graph.node("Gather", [self.graph.constant("words", words), code], "word")
            inputs.append((feature.name, kind, 1, word))
        return inputs


def _parts(transformer: ColumnTransformer, features: tuple[Feature, ...]) -> list[tuple[Any, tuple[Feature, ...]]]:
    """A fitted ColumnTransformer's parts that give output, each with the features that it is given."""
    places = pd.DataFrame([range(len(features))], columns=[feature.name for feature in features])
    parts = []
    for _, step, chosen in transformer.transformers_:
        ends = [chosen.start, chosen.stop] if isinstance(chosen, slice) else np.atleast_1d(chosen)
        picked = (places.loc if any(isinstance(end, str) for end in ends) else places.iloc)[:, chosen]
        if np.size(picked) and step != "drop":
            parts.append((step, tuple(features[place] for place in np.ravel(picked))))
    return parts
