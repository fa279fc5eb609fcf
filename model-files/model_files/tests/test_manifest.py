"""Manifests: read as they were written, and refused when they contradict themselves."""

from typing import Any

import msgspec
import pytest

from model_files.manifest import Feature, Manifest, ManifestError, decode, encode

GOOD = Manifest(
    name="parcel",
    version="1",
    task="binary",
    features=(Feature("city", "categorical", ("Arica", "Lima")), Feature("age", "number", nullable=True)),
    target="late",
    classes=("no", "yes"),
    output="probability",
    threshold=0.5,
    example={"city": "Lima", "age": None},
    files={"model.onnx": "0" * 64},
    training_data={"rows": 10},
    libraries={},
    metrics={},
    onnx_max_difference=0.0,
)


def test_a_manifest_is_read_as_it_was_written() -> None:
    """Through JSON and back."""
    assert decode(encode(GOOD)) == GOOD


def test_features_are_told_apart_by_the_input_that_they_go_into() -> None:
    """Categories into codes, all others into numbers."""
    assert [feature.name for feature in GOOD.categorical] == ["city"]
    assert [feature.name for feature in GOOD.numeric] == ["age"]


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"features": ()}, "features: none"),
        ({"features": (GOOD.features[1], GOOD.features[1])}, "'age' is there 2 times"),
        ({"features": (Feature("age", "categorical"),)}, "'age' is categorical with 0 categories"),
        ({"features": (Feature("age", "number", ("a",)),)}, "'age' is number with 1 categories"),
        ({"features": (Feature("age", "categorical", ("a", "a")),)}, "'age' names a category twice"),
        ({"features": (Feature("age", "categorical", ("a", 1)),)}, "'age' has categories that are text and some"),
        ({"features": (Feature("age", "boolean", nullable=True),)}, "only a number may be missing"),
        ({"features": (Feature("age", "number", range=(5, 1)),)}, "expected low <= high"),
        ({"output": "value"}, "output: 'value' for a binary model, expected 'probability' or 'label_index'"),
        ({"classes": ("no",)}, "classes: 1 for a binary model"),
        ({"threshold": None}, "threshold: None with the output 'probability'"),
        ({"threshold": 1.5}, r"Expected `float` <= 1.0 - at `\$\.threshold`"),
        ({"name": "No Name"}, r"Expected `str` matching regex.*\$\.name"),
        ({"version": "../1"}, r"Expected `str` matching regex.*\$\.version"),
        ({"files": {}}, "files: model.onnx is not listed"),
        ({"files": {"model.onnx": "0" * 64, "../x": "0" * 64}}, "is a path, expected a plain file name"),
        ({"files": {"model.onnx": "short"}}, r"files"),
        ({"example": {"city": "Lima"}}, r"example: it has \['city'\]"),
    ],
)
def test_a_manifest_that_contradicts_itself_is_refused(change: dict[str, Any], reason: str) -> None:
    """The message names the field and what was expected."""
    with pytest.raises(ManifestError, match=reason):
        decode(encode(msgspec.structs.replace(GOOD, **change)))


@pytest.mark.parametrize("text", [b"", b"{", b"[]", b'{"name": "x"}', encode(GOOD).replace(b'"target"', b'"tarjet"')])
def test_what_is_no_manifest_is_refused(text: bytes) -> None:
    """Never a traceback of the JSON reader."""
    with pytest.raises(ManifestError, match=r"manifest\.json: "):
        decode(text)
