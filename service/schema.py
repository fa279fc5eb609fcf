"""What a model takes: the manifest's features compiled into a decoder, and explained where the input does not fit.

The decoder is msgspec's and decides in under a microsecond. Only input that it refuses is read a second time, slowly,
to say field by field what came and what was expected.
"""

import types
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from operator import attrgetter, getitem
from typing import Annotated, Any, TypeAlias, Union

import msgspec
import numpy as np
import numpy.typing as npt
from msgspec import Meta
from msgspec.structs import astuple

from model_files.manifest import Manifest
from service.features import feature_error, field_type, fits, normal
from service.invalid_input import MAX_ERRORS, Absent, cut, escape, invalid_input, read_json, shown
from service.problem import FieldError, Problem

Codes: TypeAlias = npt.NDArray[np.int64]
Numbers: TypeAlias = npt.NDArray[np.float32]

_NONE: Mapping[str, int] = types.MappingProxyType({})

Id = Annotated[str, Meta(min_length=1, max_length=128)]


class Batch(msgspec.Struct, frozen=True, gc=False):
    """Valid input of one request: ``n`` instances as structs, and row by row as the ONNX graph takes them.

    ``codes`` is int64 ``[n, categorical features]`` and ``numbers`` float32 ``[n, other features]``, arrays or (for a
    single row, where making an array costs more than the rest) lists; one that would have no columns is None.
    ``ids`` are the caller's own, or None. ``unseen`` counts categories never seen, by feature.
    """

    rows: Sequence[msgspec.Struct]
    ids: Sequence[str] | None
    codes: Any
    numbers: Any
    unseen: Mapping[str, int]


class Schema:
    """The input of one model, compiled."""

    def __init__(self, manifest: Manifest, *, unseen: str | None = None, max_instances: int = 10_000) -> None:
        """``unseen`` is "reject" or "count", and overrides the manifest's policy."""
        self._features = manifest.features
        self._names = frozenset(feature.name for feature in manifest.features)
        self.counts_unseen = (unseen or manifest.unseen) == "count"
        self.max_instances = max_instances
        fields = [(f"f{index}", field_type(feature)) for index, feature in enumerate(self._features)]
        self.row_type = msgspec.defstruct(
            "Instance",
            fields,
            rename={f"f{index}": feature.name for index, feature in enumerate(self._features)},
            forbid_unknown_fields=True,
            gc=False,
        )
        as_array = types.GenericAlias(tuple, tuple(kind for _, kind in fields))
        request_type = msgspec.defstruct(
            "PredictRequest",
            [
                ("instances", types.GenericAlias(list, (Union[self.row_type, as_array],))),  # noqa: UP007 - made at run time
                ("ids", list[Id] | None, None),
            ],
            forbid_unknown_fields=True,
        )
        self._rows_type = types.GenericAlias(list, (self.row_type,))
        decoder: msgspec.json.Decoder[Any] = msgspec.json.Decoder(request_type)
        self._decode = decoder.decode
        self._codes = [
            (column, feature, {category: code for code, category in enumerate(feature.categories)})
            for column, feature in enumerate(self._features)
            if feature.type == "categorical"
        ]
        self._indexes = [index for _, _, index in self._codes]
        numeric = [column for column, feature in enumerate(self._features) if feature.type != "categorical"]
        self._categories = _getter([column for column, _, _ in self._codes], len(fields))
        self._numbers = _getter(numeric, len(fields))

    def decode(self, body: bytes) -> Batch:
        """Read ``{"instances": [...], "ids": [...]}``, an instance an object or an array in feature order.

        Raises:
            Problem: 400 where the body is not JSON, 422 where it does not fit, naming every field at fault.
        """
        try:
            request = self._decode(body)
        except msgspec.ValidationError as error:
            return self._read_slowly(body, error)
        except (ValueError, RecursionError) as error:
            raise Problem(400, f"the body is not JSON: {error}", reason="malformed") from error
        return self._batch(request.instances, request.ids, request.instances)

    def check(self, rows: list[dict[str, Any]], ids: list[str] | None) -> Batch:
        """The same for instances that another protocol has decoded already.

        Raises:
            Problem: 422, naming every field at fault.
        """
        try:
            structs = msgspec.convert(rows, self._rows_type)
        except msgspec.ValidationError as error:
            errors = self._instance_errors(rows)
            if errors:
                raise invalid_input(errors, "invalid") from error
            structs = self._normalized(rows)
        return self._batch(structs, ids, rows)

    def _batch(self, rows: list[Any], ids: list[str] | None, instances: Sequence[Any]) -> Batch:
        """Rows that fit, as arrays; ``instances`` are the rows as they came, to point at."""
        count = len(rows)
        if not 0 < count <= self.max_instances:
            expected = f"1 to {self.max_instances} instances"
            raise invalid_input([FieldError("/instances", "instances", f"{count} instances", expected)], "batch_size")
        if ids is not None and (len(ids) != count or len(set(ids)) != count):
            raise invalid_input(_id_errors(ids, count), "ids")
        try:
            if count == 1:
                return self._one(rows, ids)
            return self._many(self._structs(rows), ids)
        except KeyError:  # a category never seen
            return self._many(self._structs(rows), ids, instances)

    def _structs(self, rows: list[Any]) -> list[msgspec.Struct]:
        """Rows that may have come as arrays, as structs."""
        if tuple in set(map(type, rows)):
            return [self.row_type(*row) if type(row) is tuple else row for row in rows]
        return rows

    def _one(self, rows: list[Any], ids: Sequence[str] | None) -> Batch:
        row = rows[0]
        if type(row) is tuple:
            row = self.row_type(*row)
            rows = [row]
        codes = [list(map(getitem, self._indexes, self._categories(row)))] if self._categories else None
        numbers = [self._numbers(row)] if self._numbers else None
        return Batch(rows, ids, codes, numbers, _NONE)

    def _many(
        self, rows: list[msgspec.Struct], ids: Sequence[str] | None, instances: Sequence[Any] | None = None
    ) -> Batch:
        codes = numbers = None
        unseen = _NONE
        count = len(rows)
        if instances is not None:
            coded, unseen = self._code_unseen(list(zip(*map(astuple, rows), strict=True)), instances)
            codes = np.array(coded, np.int64).T
        elif self._categories:
            columns = [(attrgetter(f"f{column}"), index.__getitem__) for column, _, index in self._codes]
            codes = np.stack(
                [np.fromiter(map(lookup, map(get, rows)), np.int64, count) for get, lookup in columns], axis=1
            )
        if self._numbers:
            numbers = np.array(list(map(self._numbers, rows)), np.float32)
        return Batch(rows, ids, codes, numbers, unseen)

    def _code_unseen(
        self, columns: Sequence[Sequence[Any]], instances: Sequence[Any]
    ) -> tuple[list[list[int]], Mapping[str, int]]:
        errors: list[FieldError] = []
        unseen: Counter[str] = Counter()
        coded = []
        for column, feature, index in self._codes:
            coded.append([index.get(value, -1) for value in columns[column]])
            for row, code in enumerate(coded[-1]):
                if code == -1:
                    unseen[feature.name] += 1
                    if not self.counts_unseen or feature.calendar:
                        as_array = isinstance(instances[row], list | tuple)
                        where = f"/instances/{row}/{column}" if as_array else f"/instances/{row}"
                        errors.append(feature_error(where, feature, columns[column][row], at_field=as_array))
        if errors:
            raise invalid_input(sorted(errors, key=_row), "unseen_category", unseen)
        return coded, dict(unseen)

    def _read_slowly(self, body: bytes, error: msgspec.ValidationError) -> Batch:
        """Explain what the decoder refused, or accept what only it refuses: 7.0 is a whole number in JSON Schema."""
        try:
            request = read_json(body)
        except (ValueError, RecursionError) as malformed:
            raise Problem(400, f"the body is not JSON: {cut(str(malformed))}", reason="malformed") from error
        errors = self._request_errors(request)
        if errors:
            raise invalid_input(errors, "invalid") from error
        return self._batch(self._normalized(request["instances"]), request.get("ids"), request["instances"])

    def _request_errors(self, request: Any) -> list[FieldError]:
        if not isinstance(request, dict):
            return [FieldError("", "body", shown(request), 'an object with "instances"')]
        errors = [
            FieldError(f"/{escape(name)}", cut(name), shown(value), 'no field besides "instances" and "ids"')
            for name, value in request.items()
            if name not in {"instances", "ids"}
        ]
        instances = request.get("instances", Absent)
        if isinstance(instances, list):
            errors += self._instance_errors(instances)
        else:
            errors.append(FieldError("/instances", "instances", shown(instances), "an array of instances"))
        if request.get("ids") is not None:
            errors += _id_errors(request["ids"], len(instances) if isinstance(instances, list) else 0)
        return errors

    def _normalized(self, instances: Sequence[Any]) -> list[msgspec.Struct]:
        """The rows that the decoder would have made: a whole number is an int, any other number a float."""
        names = [feature.name for feature in self._features]
        rows = []
        for instance in instances:
            values = [instance[name] for name in names] if isinstance(instance, dict) else instance
            rows.append(self.row_type(*map(normal, self._features, values)))
        return rows

    def _instance_errors(self, instances: Sequence[Any]) -> list[FieldError]:
        errors: list[FieldError] = []
        for row, instance in enumerate(instances):
            pointer = f"/instances/{row}"
            if isinstance(instance, list):
                if len(instance) != len(self._features):
                    expected = f"{len(self._features)} values: {', '.join(f.name for f in self._features)}"
                    errors.append(FieldError(pointer, "instances", f"{len(instance)} values", expected))
                    continue
                values = zip(self._features, instance, strict=True)
                errors += [
                    feature_error(f"{pointer}/{column}", feature, value, at_field=True)
                    for column, (feature, value) in enumerate(values)
                    if not fits(feature, value)
                ]
            elif isinstance(instance, dict):
                errors += [
                    feature_error(pointer, feature, instance.get(feature.name, Absent))
                    for feature in self._features
                    if feature.name not in instance or not fits(feature, instance[feature.name])
                ]
                errors += [
                    FieldError(f"{pointer}/{escape(name)}", cut(name), shown(value), "no such feature")
                    for name, value in instance.items()
                    if name not in self._names
                ]
            else:
                errors.append(FieldError(pointer, "instances", shown(instance), "an object or an array"))
            if len(errors) > MAX_ERRORS:
                break
        return errors


def _getter(columns: Sequence[int], width: int) -> Callable[[msgspec.Struct], tuple[Any, ...]] | None:
    """What gets the values of some columns from a row of ``width``; None for no column."""
    if len(columns) == width:
        return astuple
    if len(columns) == 1:
        get = attrgetter(f"f{columns[0]}")
        return lambda row: (get(row),)
    return attrgetter(*(f"f{column}" for column in columns)) if columns else None


def stack(batches: Sequence[Batch]) -> tuple[Codes | None, Numbers | None]:
    """The rows of some batches of one model as one pair of arrays, in order; a missing number becomes NaN."""
    first = batches[0]
    if len(batches) == 1:
        codes, numbers = first.codes, first.numbers
    elif set(map(type, [batch.numbers if batch.codes is None else batch.codes for batch in batches])) == {list}:
        codes = None if first.codes is None else [batch.codes[0] for batch in batches]
        numbers = None if first.numbers is None else [batch.numbers[0] for batch in batches]
    else:
        codes = None if first.codes is None else np.concatenate([batch.codes for batch in batches])
        numbers = None if first.numbers is None else np.concatenate([_floats(batch.numbers) for batch in batches])
    return (
        None if codes is None else np.asarray(codes, np.int64),
        None if numbers is None else _floats(numbers),
    )


def _floats(numbers: Any) -> Numbers:
    return np.asarray(numbers, np.float32)


def _row(error: FieldError) -> int:
    return int(error.pointer.split("/")[2])


def _id_errors(ids: Any, count: int) -> list[FieldError]:
    if not isinstance(ids, list):
        return [FieldError("/ids", "ids", shown(ids), "an array of text, one an instance")]
    errors = [
        FieldError(f"/ids/{row}", "ids", shown(value), "text of 1 to 128 characters")
        for row, value in enumerate(ids)
        if not isinstance(value, str) or not 1 <= len(value) <= 128  # noqa: PLR2004 - as Id says
    ]
    if len(ids) != count:
        errors.append(FieldError("/ids", "ids", f"{len(ids)} ids", f"{count}, one an instance"))
    seen: set[str] = set()
    for row, value in enumerate(ids):
        if isinstance(value, str):
            if value in seen:
                errors.append(
                    FieldError(f"/ids/{row}", "ids", shown(value), "an id that is not in the request already")
                )
            seen.add(value)
    return errors
