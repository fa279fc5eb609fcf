"""Instances as tensors of the Open Inference Protocol."""

import struct

from load_tests import tensors
from load_tests.tests.test_bodies import manifest
from model_files.manifest import Feature

WANTED = manifest(
    Feature(name="OPERA", type="categorical", categories=("A", "É")),
    Feature(name="MES", type="categorical", categories=(1, 2)),
    Feature(name="late", type="boolean"),
    Feature(name="km", type="number"),
)
ROWS = [{"OPERA": "A", "MES": 1, "late": True, "km": 1.5}, {"OPERA": "É", "MES": 2, "late": False, "km": -2.0}]


def test_each_feature_is_a_tensor() -> None:
    """Name, shape and datatype are the protocol's; the data are a column."""
    assert tensors.as_json(ROWS, WANTED) == [
        {"name": "OPERA", "shape": [2], "datatype": "BYTES", "data": ["A", "É"]},
        {"name": "MES", "shape": [2], "datatype": "INT64", "data": [1, 2]},
        {"name": "late", "shape": [2], "datatype": "BOOL", "data": [True, False]},
        {"name": "km", "shape": [2], "datatype": "FP64", "data": [1.5, -2.0]},
    ]


def test_binary_tensors_follow_in_order() -> None:
    """Texts are prefixed by their length, numbers are little endian, and the sizes say where each tensor ends."""
    inputs, tail = tensors.as_binary(ROWS, WANTED)
    sizes = [tensor["parameters"]["binary_data_size"] for tensor in inputs]
    assert sizes == [4 + 1 + 4 + 2, 16, 2, 16]
    assert tail == b"\x01\0\0\0A\x02\0\0\0\xc3\x89" + struct.pack("<qq??dd", 1, 2, True, False, 1.5, -2.0)
