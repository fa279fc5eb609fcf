"""Mutations work on whatever earlier ones have left."""

import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from load_tests.mutations import BYTES, REQUEST, TREE, Dice, Draft

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner, max_size=4),
    max_leaves=15,
)


@given(tree=JSON, seed=st.integers(0, 2**32), names=st.lists(st.sampled_from([*TREE, *REQUEST]), max_size=6))
def test_any_tree_can_be_mutated(tree: Any, seed: int, names: list[str]) -> None:
    """No mutation fails on a tree of any shape, and what comes out can be sent."""
    dice = Dice(seed)
    draft = Draft("/v1/predict", tree)
    for name in names:
        {**TREE, **REQUEST}[name](dice, draft)
    assert isinstance(draft.encode(), bytes)
    f"{draft.method} {draft.path} {draft.content_type} {draft.headers}".encode("latin-1")


@given(body=st.binary(max_size=200), seed=st.integers(0, 2**32), name=st.sampled_from(list(BYTES)))
def test_any_bytes_can_be_mutated(body: bytes, seed: int, name: str) -> None:
    """No mutation fails on bytes of any kind, the empty body included."""
    assert isinstance(BYTES[name](Dice(seed), body), bytes)


def test_literals_are_written_as_they_are() -> None:
    """What JSON has no value for is still sent."""
    draft = Draft("/", {})
    draft.tree = {"a": draft.literal(b"NaN"), "b": [draft.literal(b"[[1]]")]}
    assert draft.encode() == b'{"a":NaN,"b":[[[1]]]}'


def test_a_duplicate_key_is_still_json() -> None:
    """The refusal must come from the key, not from the syntax."""
    pairs: list[list[tuple[str, Any]]] = []
    body = BYTES["duplicate key"](Dice(1), b'{"instances":[]}')
    json.loads(body, object_pairs_hook=pairs.append)
    assert [name for name, _ in pairs[-1]] == ["instances", "instances"]
