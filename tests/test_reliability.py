"""The promises that the measurements of `load-tests/` hold at length, held here briefly."""

import pytest

from load_tests import chaos, fuzz

pytestmark = [pytest.mark.platform, pytest.mark.slow]


def test_kills_lose_nothing_and_stops_fail_nobody() -> None:
    """Every answered prediction is in the log after SIGKILL; no request fails through SIGTERM."""
    rounds = chaos.run(chaos.Options(rounds=2, seconds=0.5), lambda _: None)
    for outcome in rounds:
        assert outcome.answered > 0
        assert (outcome.lost, outcome.problems) == (0, []), outcome


def test_random_requests_are_answered_in_the_one_shape() -> None:
    """Two thousand random requests: no 5xx, no broken connection, every refusal a problem document."""
    outcome = fuzz.run(fuzz.Options(requests=2_000), lambda *_: None)
    assert outcome.failed == 0, outcome.problems
