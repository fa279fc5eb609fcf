"""Small model packages whose every answer can be worked out by hand, among them ones that misbehave on purpose."""

import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any, TypeAlias

import msgspec
import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from model_files.manifest import MANIFEST_FILE, MODEL_FILE, Feature, Manifest, encode

Constants: TypeAlias = dict[str, np.ndarray[Any, Any]]

AIRLINES = ("Norte", "Sur", "Grupo Ñandú")
MONTHS = tuple(range(1, 13))
DELAYED = {"Norte": 0.125, "Sur": 0.5, "Grupo Ñandú": 0.75}  # a probability by airline, and half of it in winter
WINTER = frozenset((6, 7, 8))
UNSEEN = 0.0625


def delays(
    folder: Path, *, name: str = "delays", version: str = "1", unseen: str = "reject", threshold: float = 0.5
) -> Path:
    """Binary, two categorical features and one of the calendar: see ``delay_probability``."""
    # A code of -1 takes the last entry: ONNX counts a negative index from the end.
    airlines = np.array([*DELAYED.values(), UNSEEN], np.float32)
    months = np.array([0.5 if month in WINTER else 1.0 for month in MONTHS], np.float32)
    nodes = [
        helper.make_node("Gather", ["codes", "first"], ["airline"], axis=1),
        helper.make_node("Gather", ["codes", "third"], ["month"], axis=1),
        helper.make_node("Gather", ["airlines", "airline"], ["base"]),
        helper.make_node("Gather", ["months", "month"], ["factor"]),
        helper.make_node("Mul", ["base", "factor"], ["probability"]),
    ]
    constants: Constants = {
        "airlines": airlines,
        "months": months,
        "first": np.array([0], np.int64),
        "third": np.array([2], np.int64),
    }
    manifest = manifest_of(
        name=name,
        version=version,
        task="binary",
        features=(
            Feature("AIRLINE", "categorical", AIRLINES),
            Feature("KIND", "categorical", ("I", "N")),
            Feature("MONTH", "categorical", MONTHS, calendar="month"),
        ),
        classes=(0, 1),
        output="probability",
        threshold=threshold,
        unseen=unseen,
        example={"AIRLINE": "Sur", "KIND": "N", "MONTH": 7},
    )
    return write(folder, manifest, _graph(nodes, constants, "probability", TensorProto.FLOAT, codes=3))


def delay_probability(airline: str, month: int) -> float:
    """What ``delays`` answers."""
    return DELAYED.get(airline, UNSEEN) * (0.5 if month in WINTER else 1.0)


def total(folder: Path, *, name: str = "total") -> Path:
    """Regression: the sum of a number, a whole number from -10 to 10 and a truth; the first may be missing."""
    nodes = [
        helper.make_node("IsNaN", ["numbers"], ["missing"]),
        helper.make_node("Where", ["missing", "zero", "numbers"], ["filled"]),
        helper.make_node("ReduceSum", ["filled", "columns"], ["value"], keepdims=1),
    ]
    constants: Constants = {"zero": np.array(0, np.float32), "columns": np.array([1], np.int64)}
    manifest = manifest_of(
        name=name,
        task="regression",
        features=(
            Feature("weight", "number", nullable=True),
            Feature("steps", "integer", range=(-10, 10)),
            Feature("heavy", "boolean"),
        ),
        output="value",
        example={"weight": 1.5, "steps": 2, "heavy": True},
    )
    return write(folder, manifest, _graph(nodes, constants, "value", TensorProto.FLOAT, numbers=3))


def quotient(folder: Path) -> Path:
    """Regression: a number by another, which is not finite where the other is 0."""
    nodes = [
        helper.make_node("Split", ["numbers"], ["above", "below"], axis=1, num_outputs=2),
        helper.make_node("Div", ["above", "below"], ["value"]),
    ]
    manifest = manifest_of(
        name="quotient",
        task="regression",
        features=(Feature("above", "number"), Feature("below", "number")),
        output="value",
        example={"above": 1.0, "below": 2.0},
    )
    return write(folder, manifest, _graph(nodes, {}, "value", TensorProto.FLOAT, numbers=2))


def colours(folder: Path) -> Path:
    """Multiclass with probabilities: the three numbers that came are the probabilities of the three classes."""
    nodes = [helper.make_node("Identity", ["numbers"], ["probabilities"])]
    manifest = manifest_of(
        name="colours",
        task="multiclass",
        features=tuple(Feature(colour, "number", range=(0, 1)) for colour in ("red", "green", "blue")),
        classes=("red", "green", "blue"),
        output="probabilities",
        example={"red": 0.25, "green": 0.5, "blue": 0.25},
    )
    return write(folder, manifest, _graph(nodes, {}, "probabilities", TensorProto.FLOAT, numbers=3))


def grades(folder: Path) -> Path:
    """Multiclass without probabilities, unseen categories counted: low, middle and high are C, B and A; unseen is C."""
    nodes = [
        helper.make_node("Gather", ["codes", "first"], ["picked"], axis=1),
        helper.make_node("Max", ["picked", "zero"], ["kept"]),
        helper.make_node("Squeeze", ["kept", "columns"], ["label_index"]),
    ]
    constants: Constants = {
        "first": np.array([0], np.int64),
        "zero": np.array([[0]], np.int64),
        "columns": np.array([1], np.int64),
    }
    manifest = manifest_of(
        name="grades",
        task="multiclass",
        features=(
            Feature("mark", "categorical", ("low", "middle", "high")),
            Feature("MONTH", "categorical", MONTHS, calendar="month"),
            Feature("size", "number"),
        ),
        classes=("C", "B", "A"),
        output="label_index",
        unseen="count",
        example={"mark": "low", "MONTH": 1, "size": 1.0},
    )
    nodes.insert(0, helper.make_node("Identity", ["numbers"], ["unused"]))
    return write(folder, manifest, _graph(nodes, constants, "label_index", TensorProto.INT64, codes=2, numbers=1))


def fragile(folder: Path) -> Path:
    """Regression that fails while it runs, for the category "broken" only."""
    nodes = [helper.make_node("Gather", ["values", "codes"], ["value"])]
    manifest = manifest_of(
        name="fragile",
        task="regression",
        features=(Feature("part", "categorical", ("sound", "worn", "broken")),),
        output="value",
        example={"part": "sound"},
    )
    constants = {"values": np.array([1, 2], np.float32)}  # and none for "broken"
    return write(folder, manifest, _graph(nodes, constants, "value", TensorProto.FLOAT, codes=1))


def write(folder: Path, manifest: Manifest, graph: bytes) -> Path:
    """Write a package below a folder, replacing what was there; its path."""
    path = folder / manifest.name / manifest.version
    path.mkdir(parents=True, exist_ok=True)
    (path / MODEL_FILE).write_bytes(graph)
    digests = {MODEL_FILE: hashlib.sha256(graph).hexdigest()}
    (path / MANIFEST_FILE).write_bytes(encode(msgspec.structs.replace(manifest, files=digests)))
    return path


def manifest_of(**fields: Any) -> Manifest:
    """A manifest with what a test says of it; by default a regression."""
    common: dict[str, Any] = {
        "name": "test",
        "task": "regression",
        "output": "value",
        "example": {},
        "version": "1",
        "target": "outcome",
        "files": {},
        "training_data": {"rows": 1},
        "libraries": {},
        "metrics": {},
        "onnx_max_difference": 0.0,
    }
    return Manifest(**(common | fields))


def _graph(
    nodes: Sequence[onnx.NodeProto],
    constants: Constants,
    output: str,
    kind: int,
    *,
    codes: int = 0,
    numbers: int = 0,
) -> bytes:
    shapes: dict[str, list[str | int]] = {"probabilities": ["n", 3], "label_index": ["n"]}
    shape = shapes.get(output, ["n", 1])
    inputs = []
    if codes:
        inputs.append(helper.make_tensor_value_info("codes", TensorProto.INT64, ["n", codes]))
    if numbers:
        inputs.append(helper.make_tensor_value_info("numbers", TensorProto.FLOAT, ["n", numbers]))
    graph = helper.make_graph(
        nodes,
        "graph",
        inputs,
        [helper.make_tensor_value_info(output, kind, shape)],
        [numpy_helper.from_array(value, name) for name, value in constants.items()],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=9)
    onnx.checker.check_model(model)
    return bytes(model.SerializeToString())
