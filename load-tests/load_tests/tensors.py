"""Instances as tensors of the Open Inference Protocol v2, one per feature, in JSON and in the binary extension.

Protocol: https://github.com/kserve/open-inference-protocol; binary extension as in Triton's ``binary_data``.
"""

import struct
from collections.abc import Sequence
from typing import Any

from load_tests.bodies import Instance
from model_files.manifest import Feature, Manifest

_PACKED = {"INT64": "<q", "FP64": "<d", "BOOL": "<?"}

Tensor = dict[str, Any]


def datatype(feature: Feature) -> str:
    """The datatype of a feature's tensor."""
    if feature.type == "categorical":
        return "INT64" if all(isinstance(category, int) for category in feature.categories) else "BYTES"
    return {"integer": "INT64", "number": "FP64", "boolean": "BOOL"}[feature.type]


def as_json(rows: Sequence[Instance], manifest: Manifest) -> list[Tensor]:
    """The inputs of a request, their data in the JSON."""
    return [{**_head(rows, feature), "data": [row[feature.name] for row in rows]} for feature in manifest.features]


def as_binary(rows: Sequence[Instance], manifest: Manifest) -> tuple[list[Tensor], bytes]:
    """The inputs of a request and the bytes that follow the JSON."""
    inputs, tail = [], b""
    for feature in manifest.features:
        data = b"".join(_pack(row[feature.name], datatype(feature)) for row in rows)
        inputs.append({**_head(rows, feature), "parameters": {"binary_data_size": len(data)}})
        tail += data
    return inputs, tail


def _head(rows: Sequence[Instance], feature: Feature) -> Tensor:
    return {"name": feature.name, "shape": [len(rows)], "datatype": datatype(feature)}


def _pack(value: Any, kind: str) -> bytes:
    if kind == "BYTES":
        text = str(value).encode()
        return struct.pack("<I", len(text)) + text
    return struct.pack(_PACKED[kind], value)
