"""The table of contenders."""

import pytest

from load_tests import contenders
from load_tests.contenders import CONTENDERS


def test_every_ceiling_is_a_contender_of_the_same_load() -> None:
    """A ratio is only of what was measured in the same run with the same requests."""
    known = {one.key: one for one in CONTENDERS}
    assert len(known) == len(CONTENDERS)
    for one in CONTENDERS:
        if one.ceiling is not None:
            assert known[one.ceiling].bare
            assert known[one.ceiling].load == one.load


def test_loads_of_one_key_are_one_load() -> None:
    """A load's key names its file."""
    assert len({one.load for one in CONTENDERS}) == len({one.load.key for one in CONTENDERS})


def test_choosing_brings_the_ceiling_along() -> None:
    """In the table's order, whatever order was asked for."""
    assert [one.key for one in contenders.choose(("batch", "granian"))] == ["ceiling-granian", "granian", "batch"]
    assert contenders.choose(()) == CONTENDERS
    with pytest.raises(ValueError, match="no contender 'flask', expected one of ceiling, shipped"):
        contenders.choose(("flask",))
