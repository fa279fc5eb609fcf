"""When a run is no good."""

from load_tests.measurement import Measurement, Pace, Second

PACE = Pace(rate=100, arrivals="fixed", scheduled=100, unsent=0, lag_ms={"p99": 0.2}, cpu_share=0.1)


def _measured(pace: Pace | None, p99: float = 3.0) -> Measurement:
    return Measurement(100, 1.0, 1, 0, 0, 0, 0, {200: 100}, {"p99": p99}, client_cpu_seconds=0.1, pace=pace)


def test_a_client_that_kept_up_is_no_problem() -> None:
    """A run at the rate asked for, by a client that was never late, is good; so is a closed loop."""
    assert _measured(PACE).problems() == []
    assert _measured(None).problems() == []


def test_a_client_that_was_late_makes_the_run_invalid() -> None:
    """What the client adds itself is not told as the server's latency."""
    late = Pace(100, "fixed", 100, 0, {"p99": 4.0}, 0.1)
    assert _measured(late).problems() == ["the client did not keep up: late by 4.00 ms at p99, bound 1.00 ms"]


def test_lateness_is_judged_by_the_latency() -> None:
    """Four milliseconds are nothing where answers take hundreds."""
    late = Pace(100, "fixed", 100, 0, {"p99": 4.0}, 0.1)
    assert _measured(late, p99=300.0).problems() == []


def test_a_client_without_cpu_left_makes_the_run_invalid() -> None:
    """A client that uses its whole core may read answers late without knowing it."""
    busy = Pace(100, "fixed", 100, 0, {"p99": 0.2}, 0.99)
    assert _measured(busy).problems() == ["the client did not keep up: used 99% of a core, bound 95%"]


def test_requests_that_were_never_sent_are_told() -> None:
    """A server that is slower than the rate leaves some waiting."""
    unsent = Pace(100, "fixed", 100, 40, {"p99": 0.2}, 0.1)
    assert _measured(unsent).problems() == ["40 of 100 requests were still waiting for a connection at the end"]


def test_a_short_second_has_the_rate_of_its_width() -> None:
    """Fifty answers in half a second are a hundred a second."""
    assert Second(0.0, 0.5, {200: 40, 503: 10}).requests_per_second == 100
