"""Verifying: a good package passes every check, and each kind of harm fails the check that is made for it."""

import hashlib
from pathlib import Path

import msgspec
import numpy as np
import pandas as pd
import pytest
from sklearn.datasets import load_iris
from sklearn.linear_model import LogisticRegression, Ridge

from model_files import held_out, schema
from model_files.conversion import draw
from model_files.estimator_file import dump
from model_files.manifest import MANIFEST_FILE, Manifest, decode, encode
from model_files.package import read
from model_files.tests import packages
from model_files.verification import verify


def _failed(path: Path, data: pd.DataFrame | None = None) -> dict[str, str]:
    return {finding.check: finding.detail for finding in verify(path, data) if not finding.passed}


def _forge(path: Path, files: dict[str, bytes], **changes: object) -> None:
    """Change files and manifest and make the digests right again, as somebody who knows the format would."""
    manifest: Manifest = decode((path / MANIFEST_FILE).read_bytes())
    for name, content in files.items():
        (path / name).write_bytes(content)
    digests = {name: hashlib.sha256((path / name).read_bytes()).hexdigest() for name in manifest.files}
    (path / MANIFEST_FILE).write_bytes(encode(msgspec.structs.replace(manifest, files=digests, **changes)))


@pytest.fixture
def diabetes(tmp_path: Path) -> Path:
    """A package of a regression, a random forest, which skops does not trust."""
    return packages.diabetes(tmp_path)


@pytest.fixture
def iris(tmp_path: Path) -> Path:
    """A package of a logistic regression, which skops trusts."""
    return packages.iris(tmp_path)


@pytest.mark.parametrize("build", [packages.iris, packages.wine, packages.diabetes, packages.mixed])
def test_a_good_package_passes_every_check(tmp_path: Path, build: object) -> None:
    """In this order, digests first."""
    findings = verify(build(tmp_path))  # type: ignore[operator] # one of the four above
    assert [finding.check for finding in findings] == ["files", "schema", "answers", "estimator", "libraries"]
    assert all(finding.passed for finding in findings)


def test_a_tampered_file_fails_before_anything_is_opened(diabetes: Path) -> None:
    """Only the digests are looked at."""
    with (diabetes / "model.skops").open("ab") as file:
        file.write(b" ")
    (finding,) = verify(diabetes)
    assert not finding.passed
    assert "model.skops has the SHA-256" in finding.detail


def test_a_graph_of_another_model_fails_by_its_answers(diabetes: Path) -> None:
    """Even when its digest and its signature are right."""
    manifest = read(diabetes).manifest
    rows = pd.DataFrame([manifest.example, manifest.example])
    frame = schema.conform(rows, manifest.features)
    other = Ridge().fit(frame, [0, 1])
    _forge(diabetes, {"model.onnx": draw(other, manifest.features, unseen=False)})
    assert list(_failed(diabetes)) == ["answers"]
    assert "ONNX differs from scikit-learn as kept at packaging by up to" in _failed(diabetes)["answers"]


def test_a_graph_of_other_features_fails_by_its_signature(diabetes: Path) -> None:
    """The message says what it takes and what it should."""
    narrow = read(diabetes).manifest.features[:3]
    other = Ridge().fit([[0, 0, 0], [1, 1, 1]], [0, 1])
    _forge(diabetes, {"model.onnx": draw(other, narrow, unseen=False)})
    assert _failed(diabetes)["schema"] == (
        "the graph's signature is numbers float32 [n, 3], value float32 [n, 1], "
        "expected numbers float32 [n, 10], value float32 [n, 1]"
    )


def test_another_estimator_fails_by_its_answers(iris: Path) -> None:
    """The graph is not its own."""
    manifest = read(iris).manifest
    frame = held_out.decode((iris / "held-out.json").read_bytes()).frame().to_numpy()
    labels = np.resize(manifest.classes, len(frame))
    _forge(iris, {"model.skops": dump(LogisticRegression(max_iter=1000).fit(frame, labels))})
    assert list(_failed(iris)) == ["estimator"]
    assert "ONNX differs from scikit-learn as it is now by up to" in _failed(iris)["estimator"]


def test_an_estimator_of_another_kind_fails(diabetes: Path, iris: Path) -> None:
    """A package is one model, not two."""
    _forge(diabetes, {"model.skops": (iris / "model.skops").read_bytes()})
    assert "model.skops is a multiclass model" in _failed(diabetes)["estimator"]


def test_an_estimator_that_is_not_trusted_is_not_opened(diabetes: Path) -> None:
    """The answers that were kept stand for it, and the finding lists the types; with rows of one's own it fails."""
    detail = verify(diabetes)[3].detail
    assert detail.startswith("not opened")
    assert "sklearn.tree._tree.Tree" in detail
    own = held_out.decode((diabetes / "held-out.json").read_bytes()).frame()
    assert "types that skops does not trust" in _failed(diabetes, own)["estimator"]


def test_an_estimator_that_is_no_skops_file_fails(diabetes: Path) -> None:
    """With the reason, not a traceback."""
    _forge(diabetes, {"model.skops": b"\x80\x04nothing"})
    assert list(_failed(diabetes)) == ["estimator"]
    assert "it is a pickle" in _failed(diabetes)["estimator"]


def test_a_reference_of_other_features_fails(diabetes: Path, iris: Path) -> None:
    """Drift would compare apples with pears."""
    _forge(diabetes, {"reference.json": (iris / "reference.json").read_bytes()})
    assert _failed(diabetes)["schema"].startswith("reference.json counts ['sepal length")


@pytest.mark.parametrize("name", ["reference.json", "held-out.json"])
def test_a_side_file_that_is_no_such_file_fails(diabetes: Path, name: str) -> None:
    """Reading it says why."""
    _forge(diabetes, {name: b"{}"})
    assert any("missing required field" in detail for detail in _failed(diabetes).values())


def test_another_minor_version_of_scikit_learn_fails(diabetes: Path) -> None:
    """A fitted estimator is only promised to load where it was made; a patch or another library is only told."""
    manifest = read(diabetes).manifest
    _forge(diabetes, {}, libraries={**manifest.libraries, "scikit-learn": "1.2.0"})
    assert "the package was made with 1.2.0" in _failed(diabetes)["libraries"]
    _forge(diabetes, {}, libraries={**manifest.libraries, "numpy": "1.0.0"})
    assert _failed(diabetes) == {}
    assert "(was 1.0.0)" in verify(diabetes)[-1].detail


def test_rows_of_ones_own_may_be_given(iris: Path) -> None:
    """They are compared instead of those in the package, and refused when they do not fit."""
    rows = load_iris(as_frame=True).data
    assert verify(iris, rows)[3].detail.startswith("150 rows, ONNX and scikit-learn as it is now differ")
    assert "'sepal width (cm)' is not in the data" in _failed(iris, rows.iloc[:, :1])["estimator"]
