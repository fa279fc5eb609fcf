"""Verifying packages: whether a folder is what its manifest says, and its graph still answers as its estimator does."""

from dataclasses import dataclass
from functools import partial
from pathlib import Path

import onnx
import pandas as pd

from model_files import conversion, estimator_file, held_out, reference_file, schema
from model_files.estimator import nature
from model_files.manifest import Manifest
from model_files.package import Package, PackageError, read
from model_files.packaging import versions

_EXACT = ("scikit-learn",)  # a fitted estimator is only promised to load in the minor version that wrote it


class VerificationError(ValueError):
    """A package that is not what it says; the message names what, what was found and what was expected."""


@dataclass(frozen=True)
class Finding:
    """One check's outcome: whether it passed, and what it saw."""

    check: str
    passed: bool
    detail: str


def verify(path: Path, data: pd.DataFrame | None = None) -> list[Finding]:
    """Check one package; it never raises for what is wrong with the package.

    Args:
        path: The folder ``<name>/<version>/``.
        data: Rows to hold the graph against the estimator on, instead of those in the package.

    Returns:
        The checks in order: digests first, and nothing is opened when they are off.
    """
    try:
        found = read(path)
    except PackageError as error:
        return [Finding("files", passed=False, detail=str(error))]
    checks = {
        "schema": partial(_schema, found),
        "answers": partial(_answers, found),
        "estimator": partial(_estimator, found, data),
        "libraries": partial(_libraries, found.manifest),
    }
    size = sum(entry.stat().st_size for entry in path.iterdir())
    findings = [
        Finding("files", passed=True, detail=f"{len(found.manifest.files)} digests match, {size / 1024:,.0f} kB")
    ]
    for name, check in checks.items():
        try:
            findings.append(Finding(name, passed=True, detail=check()))
        except ValueError as error:
            findings.append(Finding(name, passed=False, detail=str(error)))
    return findings


def _schema(found: Package) -> str:
    """The graph's signature and the reference are those of the manifest's features."""
    manifest = found.manifest
    graph = onnx.load_model_from_string(found.graph).graph
    signature = {value.name: _shape(value) for value in (*graph.input, *graph.output)}
    expected = _signature(manifest)
    if signature != expected:
        raise VerificationError(f"the graph's signature is {_listed(signature)}, expected {_listed(expected)}")
    counted = tuple(reference_file.decode((found.path / reference_file.REFERENCE_FILE).read_bytes()).features)
    names = tuple(feature.name for feature in manifest.features)
    if counted != names:
        raise VerificationError(f"{reference_file.REFERENCE_FILE} counts {list(counted)}, expected {list(names)}")
    return f"{len(names)} features, {_listed(signature)}"


def _answers(found: Package) -> str:
    """The graph answers as scikit-learn did at packaging."""
    manifest = found.manifest
    kept = held_out.decode((found.path / held_out.HELD_OUT_FILE).read_bytes())
    frame = schema.conform(kept.frame(), manifest.features, unseen=manifest.unseen == "count")
    answers = conversion.run(found.graph, frame, manifest.features)
    return _close(conversion.distance(answers, kept.expected()), len(frame), "as kept at packaging")


def _estimator(found: Package, data: pd.DataFrame | None) -> str:
    """The estimator is of the manifest's kind, and the graph answers as it does now, where it may be opened."""
    manifest = found.manifest
    try:
        estimator = estimator_file.load(found.path / estimator_file.ESTIMATOR_FILE)
    except estimator_file.UntrustedTypesError as error:
        if data is not None:
            raise
        return f"not opened, the answers kept at packaging stand for it: {str(error).partition(': ')[2]}"
    kind = nature(estimator)
    if (kind.task, kind.classes, kind.output) != (manifest.task, manifest.classes, manifest.output):
        raise VerificationError(
            f"{estimator_file.ESTIMATOR_FILE} is a {kind.task} model of {list(kind.classes)} that gives {kind.output}, "
            f"expected a {manifest.task} model of {list(manifest.classes)} that gives {manifest.output}"
        )
    rows = held_out.decode((found.path / held_out.HELD_OUT_FILE).read_bytes()).frame() if data is None else data
    frame = schema.conform(rows, manifest.features, unseen=manifest.unseen == "count")
    return _close(conversion.difference(found.graph, estimator, frame, manifest.features), len(frame), "as it is now")


def _close(largest: float, rows: int, which: str) -> str:
    if not largest <= conversion.TOLERANCE:
        raise VerificationError(
            f"over {rows:,} rows ONNX differs from scikit-learn {which} by up to {largest:.2g}, "
            f"expected at most {conversion.TOLERANCE:g}"
        )
    return f"{rows:,} rows, ONNX and scikit-learn {which} differ by at most {largest:.1e}"


def _libraries(manifest: Manifest) -> str:
    """scikit-learn is of the minor version that wrote the estimator; other differences are told."""
    here = versions()
    for name in _EXACT:
        if _minor(here[name]) != _minor(manifest.libraries.get(name, "")):
            raise VerificationError(
                f"{name} {here[name]} is installed, and the package was made with {manifest.libraries.get(name)}: "
                "the estimator is only promised to load there; package it again"
            )
    others = [
        f"{name} {here.get(name, 'none')} (was {was})"
        for name, was in manifest.libraries.items()
        if here.get(name) != was
    ]
    return "as packaged" + (f", but for {', '.join(others)}" if others else "")


def _signature(manifest: Manifest) -> dict[str, str]:
    inputs = {"codes": f"int64 [n, {len(manifest.categorical)}]"} if manifest.categorical else {}
    inputs |= {"numbers": f"float32 [n, {len(manifest.numeric)}]"} if manifest.numeric else {}
    outputs = {
        "probability": "float32 [n, 1]",
        "probabilities": f"float32 [n, {len(manifest.classes)}]",
        "label_index": "int64 [n]",
        "value": "float32 [n, 1]",
    }
    return {**inputs, manifest.output: outputs[manifest.output]}


def _shape(value: onnx.ValueInfoProto) -> str:
    tensor = value.type.tensor_type
    kind = {int(onnx.TensorProto.INT64): "int64", int(onnx.TensorProto.FLOAT): "float32"}.get(tensor.elem_type, "other")
    return f"{kind} [{', '.join(size.dim_param or str(size.dim_value) for size in tensor.shape.dim)}]"


def _listed(signature: dict[str, str]) -> str:
    return ", ".join(f"{name} {shape}" for name, shape in signature.items())


def _minor(version: str) -> str:
    return ".".join(version.split(".")[:2])
