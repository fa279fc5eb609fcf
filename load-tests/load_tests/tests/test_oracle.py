"""The oracle, against a graph whose answers can be worked out by hand."""

import hashlib
import json
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from load_tests import oracle
from load_tests.oracle import Oracle, OracleError
from model_files import manifest
from model_files.manifest import Feature, Manifest

ROWS = [{"colour": "red", "size": 0.25}, {"colour": "blue", "size": 0.5}, {"colour": "unheard of", "size": 2.0}]


def _graph() -> bytes:
    """Probability = size + code / 10: codes int64 [n, 1], numbers float32 [n, 1]."""
    nodes = [
        helper.make_node("Cast", ["codes"], ["code"], to=TensorProto.FLOAT),
        helper.make_node("Mul", ["code", "tenth"], ["part"]),
        helper.make_node("Add", ["part", "numbers"], ["probability"]),
    ]
    graph = helper.make_graph(
        nodes,
        "tiny",
        [
            helper.make_tensor_value_info("codes", TensorProto.INT64, [None, 1]),
            helper.make_tensor_value_info("numbers", TensorProto.FLOAT, [None, 1]),
        ],
        [helper.make_tensor_value_info("probability", TensorProto.FLOAT, [None, 1])],
        [numpy_helper.from_array(np.array([0.1], dtype=np.float32), "tenth")],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)
    onnx.checker.check_model(model)
    return bytes(model.SerializeToString())


def _write(folder: Path, version: str = "1") -> Path:
    path = folder / "tiny" / version
    path.mkdir(parents=True)
    graph = _graph()
    (path / manifest.MODEL_FILE).write_bytes(graph)
    described = Manifest(
        name="tiny",
        version=version,
        task="binary",
        features=(
            Feature(name="colour", type="categorical", categories=("blue", "red")),
            Feature(name="size", type="number"),
        ),
        target="big",
        classes=("no", "yes"),
        output="probability",
        threshold=0.4,
        example={"colour": "red", "size": 1.0},
        files={manifest.MODEL_FILE: hashlib.sha256(graph).hexdigest()},
        training_data={},
        libraries={},
        metrics={},
        onnx_max_difference=0.0,
    )
    (path / manifest.MANIFEST_FILE).write_bytes(manifest.encode(described))
    return path


@pytest.fixture
def tiny(tmp_path: Path) -> Oracle:
    """The oracle of the tiny package."""
    return Oracle(_write(tmp_path))


def _answer(*pairs: tuple[str, float]) -> bytes:
    return json.dumps({"predictions": [{"id": "x", "label": label, "probability": p} for label, p in pairs]}).encode()


def test_codes_and_numbers_reach_the_graph(tiny: Oracle) -> None:
    """A category is its index, one never seen is -1, and the label is the threshold's."""
    assert [one.label for one in tiny.predict(ROWS)] == ["no", "yes", "yes"]
    assert [one.probability for one in tiny.predict(ROWS)] == pytest.approx([0.35, 0.5, 1.9], abs=1e-6)


def test_a_right_answer_agrees(tiny: Oracle) -> None:
    """The probability may be rounded as the service rounds it."""
    assert tiny.disagreement(ROWS[:2], _answer(("no", 0.35), ("yes", 0.500001))) is None


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (_answer(("no", 0.36)), "expected 'no' at 0.35"),
        (_answer(("yes", 0.35)), "expected 'no' at 0.35"),
        (_answer(("no", 0.35), ("yes", 0.5)), "2 predictions for 1 instances"),
        (b'{"predictions":[{}]}', "no list of predictions"),
        (b"oops", "no list of predictions"),
        (b"[]", "no list of predictions"),
    ],
)
def test_a_wrong_answer_is_told_in_words(tiny: Oracle, answer: bytes, said: str) -> None:
    """Probability, label, number of rows and shape are each compared."""
    assert said in (tiny.disagreement(ROWS[:1], answer) or "")


def test_the_newest_version_is_the_default(tmp_path: Path) -> None:
    """Version 10 comes after version 9."""
    for version in ("9", "10", "2"):
        _write(tmp_path, version)
    assert oracle.newest(tmp_path, "tiny").name == "10"
    with pytest.raises(OracleError, match="no package of the model 'huge'"):
        oracle.newest(tmp_path, "huge")
