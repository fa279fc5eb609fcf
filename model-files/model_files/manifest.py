"""The manifest of a model package: what the model wants, what it answers and what its files must be.

Plain data, read by the service, by the drift job and by people, so nothing heavier than msgspec is imported.
"""

from typing import Annotated, Literal

import msgspec
from msgspec import Meta

Category = str | int
Label = str | int
Name = Annotated[str, Meta(pattern=r"^[a-z0-9]([a-z0-9-]{0,62})$")]
Version = Annotated[str, Meta(pattern=r"^[0-9A-Za-z][0-9A-Za-z._-]{0,62}$")]
Digest = Annotated[str, Meta(pattern=r"^[0-9a-f]{64}$")]

MANIFEST_FILE = "manifest.json"
MODEL_FILE = "model.onnx"


class ManifestError(ValueError):
    """A manifest that cannot be believed; the message names the field, what came and what was expected."""


class Feature(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """One input column.

    ``categories`` are in code order: the ONNX graph is given the index, and -1 for a value that is none of them.
    ``range`` is inclusive. ``calendar`` says that the feature follows the calendar, so that drift compares like
    with like; a calendar feature is closed (there is no thirteenth month), whatever the unseen policy says.
    """

    name: Annotated[str, Meta(min_length=1, max_length=128)]
    type: Literal["categorical", "integer", "number", "boolean"]
    categories: tuple[Category, ...] = ()
    range: tuple[float, float] | None = None
    calendar: Literal["month", "weekday", "hour"] | None = None
    nullable: bool = False


class Manifest(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What ``manifest.json`` says.

    The ONNX graph has at most two inputs, ``codes`` int64 ``[n, categorical features]`` and ``numbers`` float32
    ``[n, other features]``, each in the order of ``features``; booleans are 0 and 1, a missing number is NaN.
    It has one output, named by ``output``:

    - ``probability`` float32 ``[n, 1]``: of ``classes[1]`` (binary), which is the label from ``threshold`` on;
    - ``probabilities`` float32 ``[n, classes]`` (multiclass);
    - ``label_index`` int64 ``[n]``: index into ``classes`` (a classifier that gives no probabilities);
    - ``value`` float32 ``[n, 1]`` (regression).

    ``onnx_max_difference`` is between the graph's answers and scikit-learn's: absolute below 1, relative above, and
    the share of other labels for ``label_index``.
    """

    schema: Literal[1] = 1
    name: Name
    version: Version
    description: str = ""
    task: Literal["binary", "multiclass", "regression"]
    features: tuple[Feature, ...]
    target: str
    classes: tuple[Label, ...] = ()
    output: Literal["probability", "probabilities", "label_index", "value"]
    threshold: Annotated[float, Meta(ge=0, le=1)] | None = None
    unseen: Literal["reject", "count"] = "reject"
    example: dict[str, str | int | float | bool | None]
    files: dict[str, Digest]
    training_data: dict[str, str | int]
    libraries: dict[str, str]
    metrics: dict[str, float]
    confusion_matrix: tuple[tuple[int, ...], ...] = ()
    onnx_max_difference: float

    @property
    def categorical(self) -> tuple[Feature, ...]:
        """The features that go into the graph's ``codes``, in order."""
        return tuple(f for f in self.features if f.type == "categorical")

    @property
    def numeric(self) -> tuple[Feature, ...]:
        """The features that go into the graph's ``numbers``, in order."""
        return tuple(f for f in self.features if f.type != "categorical")


def decode(text: bytes) -> Manifest:
    """Read a manifest from JSON.

    Raises:
        ManifestError: if it is not JSON, lacks a field, has one too many, or contradicts itself.
    """
    try:
        manifest = msgspec.json.decode(text, type=Manifest)
    except msgspec.DecodeError as error:
        raise ManifestError(f"{MANIFEST_FILE}: {error}") from error
    for problem in _contradictions(manifest):
        raise ManifestError(f"{MANIFEST_FILE}: {problem}")
    return manifest


def encode(manifest: Manifest) -> bytes:
    """Write a manifest as indented JSON, in the order of its fields, with a final newline."""
    return msgspec.json.format(msgspec.json.encode(manifest), indent=2) + b"\n"


_OUTPUTS = {
    "binary": ("probability", "label_index"),
    "multiclass": ("probabilities", "label_index"),
    "regression": ("value",),
}
_CLASSES = {"binary": range(2, 3), "multiclass": range(3, 1 << 20), "regression": range(1)}


def _contradictions(manifest: Manifest) -> list[str]:
    problems = [problem for feature in manifest.features for problem in _feature_contradictions(feature)]
    names = [feature.name for feature in manifest.features]
    problems += [
        f"features: {name!r} is there {names.count(name)} times, expected once"
        for name in sorted(set(names))
        if names.count(name) > 1
    ]
    if not names:
        problems.append("features: none, expected at least one")
    if manifest.output not in _OUTPUTS[manifest.task]:
        expected = " or ".join(map(repr, _OUTPUTS[manifest.task]))
        problems.append(f"output: {manifest.output!r} for a {manifest.task} model, expected {expected}")
    if len(manifest.classes) not in _CLASSES[manifest.task]:
        problems.append(f"classes: {len(manifest.classes)} for a {manifest.task} model")
    if (manifest.output == "probability") != (manifest.threshold is not None):
        problems.append(
            f"threshold: {manifest.threshold} with the output {manifest.output!r}, "
            "expected one with 'probability' and with no other"
        )
    if MODEL_FILE not in manifest.files:
        problems.append(f"files: {MODEL_FILE} is not listed")
    problems += [
        f"files: {name!r} is a path, expected a plain file name"
        for name in manifest.files
        if "/" in name or "\\" in name or name.startswith(".")
    ]
    if set(manifest.example) != set(names):
        problems.append(f"example: it has {sorted(manifest.example)}, expected every feature and no other")
    return problems


def _feature_contradictions(feature: Feature) -> list[str]:
    problems = []
    if (feature.type == "categorical") != bool(feature.categories):
        problems.append(f"features: {feature.name!r} is {feature.type} with {len(feature.categories)} categories")
    if len(set(feature.categories)) != len(feature.categories):
        problems.append(f"features: {feature.name!r} names a category twice")
    if len({type(category) for category in feature.categories}) > 1:
        problems.append(f"features: {feature.name!r} has categories that are text and some that are numbers")
    if feature.nullable and feature.type not in {"number", "integer"}:
        problems.append(f"features: {feature.name!r} is {feature.type}, and only a number may be missing")
    if feature.range is not None and not feature.range[0] <= feature.range[1]:
        problems.append(f"features: {feature.name!r} has the range {feature.range}, expected low <= high")
    return problems
