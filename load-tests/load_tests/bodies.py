"""Request bodies for the models: what the load tests and wrk send."""

import json
from collections.abc import Iterable
from itertools import islice
from pathlib import Path
from typing import Any, Literal

from load_tests.flights import Flight, Flights
from model_files.manifest import Manifest

# How many different bodies a load cycles through: enough that nothing on the way can answer from one cached body.
DIFFERENT = 256
SEED = 20261121

Layout = Literal["object", "array"]
Instance = dict[str, Any]


class BodyError(ValueError):
    """A model that flights cannot be turned into; the message names the model and the feature."""


def instance(flight: Flight, manifest: Manifest) -> Instance:
    """Turn a flight into an instance of a model: its raw columns, or one-hot columns named ``<column>_<value>``.

    Raises:
        BodyError: if a feature is neither a column of the flights nor one of its values.
    """
    built: Instance = {}
    for feature in manifest.features:
        if feature.name in flight:
            built[feature.name] = flight[feature.name]
            continue
        column, _, value = feature.name.partition("_")
        if column not in flight or not value:
            raise BodyError(
                f"{manifest.name}: {feature.name!r} cannot be made from a flight, "
                f"expected one of {', '.join(flight)} or <column>_<value>"
            )
        hot = str(flight[column]) == value
        built[feature.name] = hot if feature.type == "boolean" else int(hot)
    return built


def encode(instances: Iterable[Instance], ids: Iterable[str] | None = None, layout: Layout = "object") -> bytes:
    """Write one request body, compact and on one line; an instance is an object, or an array in feature order."""
    rows = [list(row.values()) if layout == "array" else row for row in instances]
    body: dict[str, Any] = {"instances": rows}
    if ids is not None:
        body["ids"] = list(ids)
    return json.dumps(body, separators=(",", ":"), ensure_ascii=False).encode()


def batches(flights: Flights, manifest: Manifest, *, rows: int, count: int, seed: int = SEED) -> list[list[Instance]]:
    """Draw ``count`` batches of ``rows`` instances each."""
    stream = flights.stream(seed)
    return [[instance(flight, manifest) for flight in islice(stream, rows)] for _ in range(count)]


def lines(bodies: Iterable[bytes], path: str | None = None) -> bytes:
    """Lay bodies out as the lines that ``wrk/predict.lua`` reads; with ``path``, each line names where it goes."""
    prefix = b"" if path is None else path.encode() + b"\t"
    return b"".join(prefix + body + b"\n" for body in bodies)


def write(path: Path, content: bytes) -> Path:
    """Write a file of bodies, making its folder."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return path
