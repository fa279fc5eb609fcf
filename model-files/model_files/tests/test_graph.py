"""Graphs: put together from parts without their names getting mixed up, and only what is needed."""

import numpy as np
import onnx
import pandas as pd
from onnx import TensorProto, helper, numpy_helper

from model_files.conversion import run
from model_files.estimator import Nature
from model_files.graph import ML_OPSET, OPSET, Graph
from model_files.manifest import Feature

VALUE = Nature("regression", (), "value")
X = (Feature("x", "number"),)


def _doubler() -> onnx.ModelProto:
    """A model that doubles, inside of a branch of its own, with names that anybody could have chosen."""
    branch = helper.make_graph(
        [helper.make_node("Mul", ["x", "two"], ["inner"])],
        "branch",
        [],
        [helper.make_tensor_value_info("inner", TensorProto.FLOAT, None)],
    )
    graph = helper.make_graph(
        [helper.make_node("If", ["yes"], ["value"], then_branch=branch, else_branch=branch)],
        "doubler",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, ["n", 1])],
        [helper.make_tensor_value_info("value", TensorProto.FLOAT, ["n", 1])],
        [numpy_helper.from_array(np.array(2, np.float32), "two"), numpy_helper.from_array(np.array(True), "yes")],
    )
    return helper.make_model(
        graph, opset_imports=[helper.make_opsetid("", OPSET), helper.make_opsetid("ai.onnx.ml", ML_OPSET)]
    )


def test_a_model_is_absorbed_twice_with_names_inside_of_names() -> None:
    """Doubling twice is times four, though both halves have the same names."""
    graph = Graph()
    (once,) = graph.absorb(_doubler(), {"x": "numbers"}, "first_")
    (twice,) = graph.absorb(_doubler(), {"x": once}, "second_")
    graph.call(twice, "value")
    frame = pd.DataFrame({"x": [1.0, 2.5]})
    assert run(graph.model(X, VALUE).SerializeToString(), frame, X).ravel().tolist() == [4.0, 10.0]


def test_only_what_the_output_needs_stays() -> None:
    """Labels that nobody asked for cost nothing."""
    graph = Graph()
    two, three = (graph.constant("number", np.array(n, np.float32)) for n in (2, 3))
    graph.node("Mul", ["numbers", three], "unused")
    graph.node("Mul", ["numbers", two], "value")
    model = graph.model(X, VALUE)
    assert [node.name for node in model.graph.node] == ["value"]
    assert [constant.name for constant in model.graph.initializer] == ["number"]


def test_taken_names_are_given_a_number() -> None:
    """Whoever asks first has the plain one."""
    graph = Graph()
    assert [graph.constant("w", np.zeros(1, np.float32)) for _ in range(3)] == ["w", "w_2", "w_3"]
    assert graph.node("Neg", ["w"], "w") == "w_4"
