"""What a run asks of Prometheus, with one whose answers are known."""

import time
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import count

import pytest

from load_tests.scenarios import agreement, prometheus
from load_tests.scenarios.prometheus import Prometheus, PrometheusError


@dataclass(frozen=True)
class Known(Prometheus):
    """Answers from a table of ``(part of the query, moment) -> value``."""

    table: dict[tuple[str, float], float]

    def value(self, query: str, at: float) -> float | None:
        """The first entry that fits."""
        return next((value for (part, moment), value in self.table.items() if part in query and moment == at), None)


@dataclass(frozen=True)
class Growing(Prometheus):
    """Gives one value after another, whatever is asked."""

    values: Iterator[float]

    def value(self, query: str, at: float) -> float | None:
        """The next."""
        del query, at
        return next(self.values)


def test_counts_are_differences_of_two_looks() -> None:
    """A series that begins within the run counts from 0; without a series at the end there is nothing to say."""
    known = Known("", {("a", 1): 10, ("a", 2): 15, ("new", 2): 7, ("gone", 1): 3})
    assert known.counted("a", 1, 2) == 5
    assert known.counted("new", 1, 2) == 7
    assert known.counted("gone", 1, 2) is None


def test_what_is_slower_than_a_limit_is_all_but_what_is_in_the_bucket() -> None:
    """No 5xx is 0 where requests are known, and nothing where they are not."""
    table = {
        ('requests_total{route="predict"}', 2.0): 100.0,
        ("seconds_count", 2.0): 100.0,
        ('le="0.4"', 2.0): 90.0,
        ('le="1.0"', 2.0): 99.0,
    }
    found = agreement.count(Known("", table), 1, 2)
    assert found.requests == 100
    assert found.server_errors == 0
    assert found.slower == {0.4: 10, 1.0: 1}
    nothing = agreement.count(Known("", {}), 1, 2)
    assert (nothing.requests, nothing.server_errors) == (None, None)


def test_a_count_is_settled_once_it_stands_still(monkeypatch: pytest.MonkeyPatch) -> None:
    """And one that never does is told."""
    monkeypatch.setattr(time, "sleep", lambda _: None)
    values = iter([1.0, 2.0, 2.0, 3.0, *[3.0] * 4, 4.0])
    Growing("", values).settle(0)
    assert next(values) == 4
    monkeypatch.setattr(prometheus, "SETTLE_SECONDS", 0.05)
    with pytest.raises(PrometheusError, match="still grew"):
        Growing("", map(float, count())).settle(0)
