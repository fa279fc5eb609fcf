"""A model's inputs and outputs as tensors of the Open Inference Protocol.

A feature is an input of shape ``[n]`` or ``[n, 1]``. Where all features may have one datatype, a single input
``[n, features]`` of any other name holds them in the manifest's order, booleans as 0 and 1. A missing number is NaN, in
JSON null. Outputs are ``label`` ``[n]``, where the model gives them ``probability`` ``[n]`` and ``probabilities``
``[n, classes]``, and ``id`` ``[n]``, which the prediction log knows the predictions by.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Protocol

import msgspec

from model_files.manifest import Feature, Manifest
from service.features import expectation
from service.inference_protocol.message import InferenceRequest
from service.inference_protocol.tensors import DATATYPES, Datatype, Output, Tensor
from service.invalid_input import MAX_ERRORS, InvalidInput, cut, invalid_input
from service.model import Model
from service.prediction import Result
from service.problem import FieldError
from service.schema import Batch

_TEXT: tuple[Datatype, ...] = ("BYTES",)
_WHOLE: tuple[Datatype, ...] = ("INT64", "INT32", "INT16", "INT8", "UINT64", "UINT32", "UINT16", "UINT8")
_REAL: tuple[Datatype, ...] = ("FP64", "FP32", "FP16")
_INT64 = range(-(2**63), 2**63)
_TRUTH = {0: False, 1: True}
_MATRIX = 2  # dimensions
_LISTED = 40


class TensorMetadata(msgspec.Struct, frozen=True):
    """What a tensor is like; -1 is a size that varies."""

    name: str
    datatype: Datatype
    shape: tuple[int, ...]


class Signature:
    """The tensors of one model."""

    def __init__(self, model: Model) -> None:
        self._model = model
        self._features = {feature.name: feature for feature in model.manifest.features}
        self.inputs = tuple(
            TensorMetadata(name, _datatypes(feature)[0], (-1,)) for name, feature in self._features.items()
        )
        self.outputs = tuple(_outputs(model.manifest))

    def example(self) -> dict[str, Any]:
        """An inference request for the manifest's own example."""
        values = self._model.manifest.example
        inputs = [
            {"name": tensor.name, "datatype": tensor.datatype, "shape": [1], "data": [values[tensor.name]]}
            for tensor in self.inputs
        ]
        return {"inputs": inputs}

    def batch(self, tensors: Sequence[Tensor]) -> Batch:
        """The instances that inputs hold, checked as those of any other request are.

        Raises:
            Problem: 422, naming every input at fault, else every element.
        """
        layout = self._layout(tensors)
        errors = layout.errors()
        if errors:
            raise invalid_input(errors, "invalid")
        rows, most = tensors[0].shape[0], self._model.schema.max_instances
        if not 0 < rows <= most:  # before the data, which may be large, is unpacked
            where = f"{tensors[0].pointer}/shape"
            raise invalid_input([FieldError(where, "shape", f"{rows} rows", f"1 to {most} rows")], "batch_size")
        columns = map(_natural, self._features.values(), layout.columns())
        instances = [dict(zip(self._features, row, strict=True)) for row in zip(*columns, strict=True)]
        try:
            return self._model.schema.check(instances, None)
        except InvalidInput as invalid:
            located = [
                msgspec.structs.replace(error, pointer=layout.place(error.field, int(error.pointer.split("/")[2])))
                for error in invalid.errors
            ]
            raise invalid_input(located, invalid.reason or "invalid", invalid.unseen) from invalid

    def requested(self, request: InferenceRequest) -> list[tuple[str, bool]]:
        """The outputs that a request wants, each with whether as binary.

        Raises:
            Problem: 422, naming every one at fault.
        """
        binary = bool(request.parameters and request.parameters.binary_data_output)
        names = [output.name for output in self.outputs]
        if not request.outputs:
            return [(name, binary) for name in names]
        wanted: dict[str, bool] = {}
        errors: list[FieldError] = []
        for index, output in enumerate(request.outputs):
            where, name = f"/outputs/{index}", cut(output.name)
            if output.name not in names:
                errors.append(FieldError(f"{where}/name", name, name, f"one of {', '.join(names)}"))
            elif output.name in wanted:
                errors.append(FieldError(f"{where}/name", name, name, "each output once"))
            for parameter, value in output.refused():
                errors.append(FieldError(f"{where}/parameters/{parameter}", name, value, "none: not offered here"))
            wanted[output.name] = output.binary(otherwise=binary)
            if len(errors) >= MAX_ERRORS:
                break
        if errors:
            raise invalid_input(errors, "invalid")
        return list(wanted.items())

    def output(self, name: str, result: Result) -> Output:
        """One output of a result."""
        described = next(output for output in self.outputs if output.name == name)
        values: Sequence[Any]
        match name:
            case "label":
                values = result.labels
            case "probability":
                values = result.probabilities
            case "probabilities":
                each = self._model.probabilities(result.output)
                values = [] if each is None else each.ravel().tolist()
            case _:
                values = result.ids
        if described.datatype == "BYTES":
            values = list(map(str, values))
        return Output(name, described.datatype, [len(result.ids), *described.shape[1:]], values)

    def _layout(self, tensors: Sequence[Tensor]) -> "_Layout":
        if len(tensors) == 1 and tensors[0].name not in self._features and len(tensors[0].shape) == _MATRIX:
            accepted = _common(self._features)
            if accepted:
                return _Matrix(self._features, tensors[0], accepted)
        return _Columns(self._features, tensors)


class _Layout(Protocol):
    """How inputs hold the features."""

    def errors(self) -> list[FieldError]:
        """What is wrong with the inputs, their data aside."""

    def columns(self) -> list[list[Any]]:
        """The values of each feature; called only where there are no errors."""

    def place(self, feature: str, row: int) -> str:
        """The pointer to a value."""


class _Columns:
    """An input for each feature."""

    def __init__(self, features: Mapping[str, Feature], tensors: Sequence[Tensor]) -> None:
        self._features = features
        self._tensors = tensors
        self._by_name = {tensor.name: tensor for tensor in tensors}

    def errors(self) -> list[FieldError]:
        errors: list[FieldError] = []
        for tensor in self._tensors:
            feature = self._features.get(tensor.name)
            if feature is None:
                errors.append(_error(tensor, "name", tensor.name, self._names()))
            elif tensor is not self._by_name[tensor.name]:
                errors.append(_error(tensor, "name", tensor.name, "each input once"))
            else:
                errors += self._misfits(tensor, feature)
            if len(errors) >= MAX_ERRORS:
                break
        return errors + [
            FieldError(
                "/inputs", name, "nothing", f"an input {name!r}, {_datatypes(feature)[0]}: {expectation(feature)}"
            )
            for name, feature in self._features.items()
            if name not in self._by_name
        ]

    def columns(self) -> list[list[Any]]:
        columns: list[list[Any]] = []
        errors: list[FieldError] = []
        for name in self._features:
            try:
                columns.append(self._by_name[name].values())
            except InvalidInput as invalid:
                errors += invalid.errors
        if errors:
            raise invalid_input(errors, "invalid")
        return columns

    def place(self, feature: str, row: int) -> str:
        return self._by_name[feature].place(row)

    def _misfits(self, tensor: Tensor, feature: Feature) -> Iterator[FieldError]:
        accepted = _datatypes(feature)
        if tensor.datatype not in accepted:
            expected = f"{' or '.join(accepted)}: {expectation(feature)}"
            yield _error(tensor, "datatype", tensor.datatype, expected)
        first = self._tensors[0]
        rows = first.shape[0] if first.shape and tensor is not first else "n"
        if (
            len(tensor.shape) not in {1, _MATRIX}
            or tensor.shape[1:] not in ([], [1])
            or rows not in {"n", tensor.shape[0]}
        ):
            yield _error(tensor, "shape", str(tensor.shape), f"[{rows}] or [{rows}, 1]")

    def _names(self) -> str:
        more = len(self._features) - _LISTED
        listed = ", ".join(list(self._features)[:_LISTED]) + (f" and {more} more" if more > 0 else "")
        matrix = f", or a single input [n, {len(self._features)}] for all of them" if _common(self._features) else ""
        return f"one of {listed}{matrix}"


class _Matrix:
    """One input for all features."""

    def __init__(self, features: Mapping[str, Feature], tensor: Tensor, accepted: Sequence[str]) -> None:
        self._places = {name: place for place, name in enumerate(features)}
        self._tensor = tensor
        self._accepted = accepted

    def errors(self) -> list[FieldError]:
        tensor, width = self._tensor, len(self._places)
        errors = []
        if tensor.datatype not in self._accepted:
            errors.append(_error(tensor, "datatype", tensor.datatype, f"one of {', '.join(self._accepted)}"))
        if tensor.shape[1] != width:
            errors.append(_error(tensor, "shape", str(tensor.shape), f"[n, {width}]: every feature, in order"))
        return errors

    def columns(self) -> list[list[Any]]:
        values, width = self._tensor.values(), len(self._places)
        return [values[place::width] for place in range(width)]

    def place(self, feature: str, row: int) -> str:
        return self._tensor.place(row * len(self._places) + self._places[feature])


def _datatypes(feature: Feature) -> tuple[Datatype, ...]:
    """The datatypes that a feature may come as, the first of them the one to announce."""
    match feature.type:
        case "boolean":
            return ("BOOL",)
        case "categorical":
            kinds = {type(category) for category in feature.categories}
            return (*_TEXT * (str in kinds), *(*_WHOLE, *_REAL) * (int in kinds))
        case "integer" if not feature.nullable:  # what may be missing needs NaN
            return (*_WHOLE, *_REAL)
        case _:
            return (*_REAL, *_WHOLE)


def _common(features: Mapping[str, Feature]) -> list[str]:
    """The datatypes that one input for all features may have."""
    taken = [
        {"BOOL", *_WHOLE, *_REAL} if feature.type == "boolean" else set(_datatypes(feature))
        for feature in features.values()
    ]
    return [datatype for datatype in DATATYPES if all(datatype in each for each in taken)]


def _natural(feature: Feature, values: list[Any]) -> list[Any]:
    """Elements as the JSON values that the schema knows: None for NaN, int for a float that is whole, bool for 0 and 1.

    What none of this fits stays as it came, for the schema to refuse.
    """
    if feature.type == "boolean":
        return [_TRUTH.get(value, value) for value in values]
    if feature.nullable:
        values = [None if value != value else value for value in values]  # noqa: PLR0124 - only NaN differs from itself
    if feature.type != "number":
        values = [int(value) if isinstance(value, float) and value.is_integer() else value for value in values]
    return values


def _outputs(manifest: Manifest) -> Iterator[TensorMetadata]:
    label: Datatype = (
        "INT64" if all(isinstance(label, int) and label in _INT64 for label in manifest.classes) else "BYTES"
    )
    yield TensorMetadata("label", label if manifest.classes else "FP64", (-1,))
    if manifest.output in {"probability", "probabilities"}:
        yield TensorMetadata("probability", "FP64", (-1,))
        yield TensorMetadata("probabilities", "FP64", (-1, len(manifest.classes)))
    yield TensorMetadata("id", "BYTES", (-1,))


def _error(tensor: Tensor, field: str, received: str, expected: str) -> FieldError:
    return FieldError(f"{tensor.pointer}/{field}", cut(tensor.name), cut(received), expected)
