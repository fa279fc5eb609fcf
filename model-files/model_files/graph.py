"""Building ONNX graphs: nodes, constants and other graphs put together under one signature."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import onnx
from onnx import TensorProto, helper, numpy_helper

from model_files.estimator import Nature
from model_files.manifest import Feature

# The newest sets that skl2onnx writes and every onnxruntime since 1.15 runs.
OPSET = 18
ML_OPSET = 3
_IR_VERSION = 8


class Graph:
    """A graph in the making. Values have names; every method gives back the names of the values that it made."""

    def __init__(self) -> None:
        self._nodes: list[onnx.NodeProto] = []
        self._constants: dict[str, onnx.TensorProto] = {}
        self._domains = {"": OPSET}

    def constant(self, name: str, value: npt.NDArray[Any]) -> str:
        """Hold an array (text as ``object``); a name that is taken is given a number."""
        name = self.free(name)
        if value.dtype == object:
            flat = np.array([str(item).encode() for item in value.ravel()], dtype=object)
            self._constants[name] = helper.make_tensor(name, TensorProto.STRING, value.shape, flat)
        else:
            self._constants[name] = numpy_helper.from_array(np.ascontiguousarray(value), name)
        return name

    def node(
        self,
        operator: str,
        inputs: Sequence[str],
        output: str,
        attributes: Mapping[str, Any] | None = None,
        domain: str = "",
    ) -> str:
        """Add an operator with one output."""
        output = self.free(output)
        if domain:
            self._domains[domain] = ML_OPSET
        node = helper.make_node(operator, list(inputs), [output], name=output, domain=domain)
        node.attribute.extend(helper.make_attribute(name, value) for name, value in (attributes or {}).items())
        self._nodes.append(node)
        return output

    def call(self, value: str, name: str) -> None:
        """Give a value that a node made another name."""
        for node in self._nodes:
            for names in (node.input, node.output):
                names[:] = [name if known == value else known for known in names]

    def absorb(self, model: onnx.ModelProto, inputs: Mapping[str, str], prefix: str) -> list[str]:
        """Take another model's nodes in, its inputs fed with values of this graph.

        Args:
            model: A model of the same opsets.
            inputs: Its inputs' names, each with the value that feeds it.
            prefix: Put before the name of every other value in it.

        Returns:
            The values that are its outputs, in order.
        """
        graph = onnx.GraphProto()
        graph.CopyFrom(model.graph)
        _rename(graph, inputs, prefix)
        self._nodes.extend(graph.node)
        self._constants.update({tensor.name: tensor for tensor in graph.initializer})
        self._domains.update({opset.domain: opset.version for opset in model.opset_import if opset.domain})
        return [prefix + output.name for output in model.graph.output]

    def model(self, features: tuple[Feature, ...], nature: Nature) -> onnx.ModelProto:
        """Finish: only what the one output needs stays, under the signature that the manifest describes.

        The output is the value of the name ``nature.output``.
        """
        needed: set[str] = {nature.output}
        kept: list[onnx.NodeProto] = []
        for node in reversed(self._nodes):
            if needed.intersection(node.output):
                needed.update(_read(node))
                kept.append(node)
        categorical = sum(feature.type == "categorical" for feature in features)
        numeric = len(features) - categorical
        inputs = []
        if categorical:
            inputs.append(helper.make_tensor_value_info("codes", TensorProto.INT64, ["n", categorical]))
        if numeric:
            inputs.append(helper.make_tensor_value_info("numbers", TensorProto.FLOAT, ["n", numeric]))
        shapes: dict[str, list[str | int]] = {
            "probability": ["n", 1],
            "probabilities": ["n", len(nature.classes)],
            "label_index": ["n"],
            "value": ["n", 1],
        }
        kind = TensorProto.INT64 if nature.output == "label_index" else TensorProto.FLOAT
        graph = helper.make_graph(
            kept[::-1],
            "model",
            inputs,
            [helper.make_tensor_value_info(nature.output, kind, shapes[nature.output])],
            [tensor for name, tensor in self._constants.items() if name in needed],
        )
        opsets = [helper.make_opsetid(domain, version) for domain, version in sorted(self._domains.items())]
        model = helper.make_model(graph, opset_imports=opsets, ir_version=_IR_VERSION, producer_name="model_files")
        onnx.checker.check_model(model)
        return model

    def free(self, name: str) -> str:
        """The name itself, or with a number where it is taken."""
        taken = set(self._constants).union(*(node.output for node in self._nodes))
        free, number = name, 2
        while free in taken:
            free, number = f"{name}_{number}", number + 1
        return free


def _rename(graph: onnx.GraphProto, inputs: Mapping[str, str], prefix: str) -> None:
    def renamed(name: str) -> str:
        return inputs.get(name, prefix + name if name else name)

    for node in graph.node:
        node.name = prefix + node.name
        for names in (node.input, node.output):
            names[:] = [renamed(name) for name in names]
        for attribute in node.attribute:
            for inner in [attribute.g, *attribute.graphs]:
                _rename(inner, inputs, prefix)
    for tensor in graph.initializer:
        tensor.name = renamed(tensor.name)
    for value in [*graph.input, *graph.output, *graph.value_info]:
        value.name = renamed(value.name)


def _read(node: onnx.NodeProto) -> set[str]:
    """The values that a node reads, also inside its own graphs."""
    inner = [graph for attribute in node.attribute for graph in [attribute.g, *attribute.graphs]]
    return set(node.input).union(*(_read(step) for graph in inner for step in graph.node))
