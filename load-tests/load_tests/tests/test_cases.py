"""Random requests: the same again with the same seed, and of every kind."""

from collections import Counter

import pytest

from load_tests import flights, mutations
from load_tests.cases import Case, Cases
from load_tests.connection import HEAD_LIMIT
from load_tests.oracle import Oracle

MOST_BYTES = 1 << 16


@pytest.fixture(scope="module")
def cases(flight_delay: Oracle, one_hot: Oracle) -> Cases:
    """The cases of one seed."""
    return Cases(1, [flight_delay.manifest, one_hot.manifest], flights.read(), MOST_BYTES)


@pytest.fixture(scope="module")
def some(cases: Cases) -> list[Case]:
    """The first few thousand of them."""
    return [cases[number] for number in range(4000)]


def _split(request: bytes) -> tuple[str, dict[str, str], bytes]:
    head, _, body = request.partition(b"\r\n\r\n")
    first, *rest = head.decode("latin-1").split("\r\n")
    return first, {name: value for name, _, value in (line.partition(": ") for line in rest)}, body


def test_a_case_is_the_same_again(cases: Cases, some: list[Case], flight_delay: Oracle, one_hot: Oracle) -> None:
    """By its number alone, in any order; another seed gives others."""
    again = Cases(1, [flight_delay.manifest, one_hot.manifest], flights.read(), MOST_BYTES)
    assert [again[number] for number in (3999, 7, 0)] == [some[3999], some[7], some[0]]
    other = Cases(2, [flight_delay.manifest, one_hot.manifest], flights.read(), MOST_BYTES)
    assert sum(other[number].request == cases[number].request for number in range(200)) < 5


def test_every_mutation_and_route_is_there(some: list[Case]) -> None:
    """Nothing in the tables is dead, and good requests are among them."""
    seen = Counter(name for case in some for name in case.mutations)
    assert set(seen) == {*mutations.TREE, *mutations.REQUEST, *mutations.BYTES, "oversized"}
    assert {case.route for case in some} == {"predict", "labels", "infer"}
    assert sum(not case.mutations for case in some) > 400


def test_the_framing_is_always_good(some: list[Case]) -> None:
    """Only what is inside is bad: the length is the body's, so that the next request begins where it should."""
    for case in some:
        first, headers, body = _split(case.request)
        assert first.endswith(" HTTP/1.1")
        assert first.count(" ") == 2
        assert len(case.request) - len(body) < HEAD_LIMIT
        if "transfer-encoding" in headers:
            assert body.endswith(b"0\r\n\r\n")
            assert "content-length" not in headers
        else:
            assert int(headers["content-length"]) == len(body)


def test_the_oversized_exceed_the_limit(some: list[Case]) -> None:
    """They are just over it, not under."""
    oversized = [case for case in some if "oversized" in case.mutations]
    assert oversized
    assert all(len(_split(case.request)[2]) > MOST_BYTES for case in oversized)
