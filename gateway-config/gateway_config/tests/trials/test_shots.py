"""Shots are what they say: a right request that a harmless trick leaves right, and of the others who they still are."""

from importlib.resources import files
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory

import pytest

from gateway_config.keys.store import make_key
from gateway_config.policy.model import Policy
from gateway_config.policy.reading import read_policy
from gateway_config.trials.shots import KEY, SOURCES, TRICKS, Arms, Shot, hidden_request, make_shot


def storm_policy() -> Policy:
    """The storm's policy."""
    with TemporaryDirectory() as folder:
        path = Path(folder) / "policy.yaml"
        path.write_text(files("gateway_config.trials").joinpath("storm.yaml").read_text())
        return read_policy(path)


POLICY = storm_policy()


def arms() -> Arms:
    """The storm's policy and a key for each of its clients."""
    return Arms(POLICY, {name: make_key() for name in POLICY.clients})


def right(made: Arms, client: str = "wide") -> Shot:
    """A right request."""
    key = made.keys[client].encode()
    return Shot(
        number="0.0",
        method=b"POST",
        target=b"/v1/predict",
        key=key,
        holder=client,
        good=True,
        key_fields=[(KEY, key)],
        body=b"body",
    )


def test_good_shots_are_right() -> None:
    """A good shot carries exactly its client's key, comes from its network, and asks what its client is granted."""
    made = arms()
    good = 0
    for number in range(3000):
        random = Random(number)  # noqa: S311 - to be had again
        source = random.choice(SOURCES)
        shot = make_shot(str(number), source, random, made)
        if not shot.good or shot.target.startswith(b"/health"):
            continue
        good += 1
        assert shot.holder is not None
        assert shot.key_fields == [(KEY, made.keys[shot.holder].encode())]
        client = POLICY.clients[shot.holder]
        assert shot.holder not in ("late", "gone")
        if shot.holder == "near":
            assert source in ("127.0.0.8", "127.0.0.9", "127.0.0.11")
        if client.models != "all" and shot.target.startswith(b"/v1/models/"):
            assert shot.target.split(b"/")[3].partition(b"?")[0].decode() in client.models
    assert good > 300


@pytest.mark.parametrize("name", sorted(TRICKS))
def test_trick(name: str) -> None:
    """Every trick changes something, and whatever it does to a key that still counts, it says so."""
    made, changed = arms(), 0
    for number in range(30):
        shot = right(made)
        before = repr(shot)
        TRICKS[name](shot, Random(number), made)  # noqa: S311 - to be had again
        changed += repr(shot) != before
        exact = shot.key_fields == [(KEY, shot.key)]
        if name.startswith("key: ") and name != "key: padded" and not exact:
            assert shot.holder is None
        if shot.holder is not None and name != "key: padded":
            assert exact
            assert made.keys[shot.holder].encode() == shot.key
        assert not (shot.good and shot.rough)
    assert changed > 0


def test_hidden_request_is_nobodys() -> None:
    """The request hidden in a body has a number of its own, and no key."""
    hidden = hidden_request("3.1")
    assert b"x-case: 3.1s\r\n" in hidden
    assert b"x-api-key" not in hidden


def test_control_characters_are_rough() -> None:
    """A shot with a byte that ends a line, or that no header may hold, has its connection for itself."""
    shot = right(arms())
    assert not shot.bytes_that_end_lines
    shot.fields.append((b"x", b"a\nb"))
    assert shot.bytes_that_end_lines
