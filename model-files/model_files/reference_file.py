"""What ``reference.json`` says: the training data in counts. Plain data, read by the drift job too.

Counts add up and lose nothing that a drift score needs, so nothing heavier than msgspec is imported.
"""

from typing import Literal

import msgspec

REFERENCE_FILE = "reference.json"

Value = str | int | float | bool


class Values(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag_field="kind", tag="values"):
    """Rows by value: ``counts[i]`` rows hold ``values[i]``."""

    values: tuple[Value, ...]
    counts: tuple[int, ...]
    missing: int = 0


class Histogram(
    msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True, tag_field="kind", tag="histogram"
):
    """Rows by bin: bin i is from ``edges[i]``, included, to ``edges[i + 1]``, which only the last bin includes.

    ``buckets`` are the same rows by bucket (:mod:`model_files.buckets`); packages made before there were any have none.
    """

    edges: tuple[float, ...]
    counts: tuple[int, ...]
    missing: int = 0
    buckets: dict[int, int] = {}


class Probabilities(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Rows by the probability of the second class, or of the predicted one of more; and the sum of them in each bin."""

    edges: tuple[float, ...]
    counts: tuple[int, ...]
    sums: tuple[float, ...]


class Cells(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Combinations of values that occur: ``values[i]`` in the order of ``features``, and sums over their rows."""

    features: tuple[str, ...]
    values: tuple[tuple[Value, ...], ...]
    rows: tuple[int, ...]
    positives: tuple[int, ...]
    probability_sums: tuple[float, ...]
    predicted_positives: tuple[int, ...]


class Reference(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True, kw_only=True):
    """What ``reference.json`` says of the training split.

    ``labels`` and ``predictions`` are by class for a classifier, in bins for a regression; ``cells`` is there for a
    binary model with probabilities.
    """

    schema: Literal[1] = 1
    rows: int
    features: dict[str, Values | Histogram]
    labels: Values | Histogram
    predictions: Values | Histogram
    probability: Probabilities | None = None
    cells: Cells | None = None


def encode(reference: Reference) -> bytes:
    """Write a reference as JSON with a final newline."""
    return msgspec.json.encode(reference) + b"\n"


def decode(text: bytes) -> Reference:
    """Read a reference from JSON.

    Raises:
        msgspec.DecodeError: if it is not one.
    """
    return msgspec.json.decode(text, type=Reference)
