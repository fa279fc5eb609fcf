"""How the objectives stand: figures, verdict, and whether a release may go out."""

from decimal import Decimal
from typing import Any

import pytest

from slo import status
from slo.spec import Spec
from slo.status import Status, StatusError, allows_release, statuses

NAME = "gateway-availability"


def _answers(**values: float | None) -> status.Ask:
    """A Prometheus whose answer to a query is the first value whose name is in it."""

    def ask(query: str) -> list[dict[str, Any]]:
        if query.startswith("ALERTS"):
            return [{"metric": {"alertname": "GatewayAvailabilityBudgetPage"}}] if values.get("firing") else []
        for name, value in values.items():
            if name in query and value is not None:
                return [{"metric": {"slo": NAME}, "value": [0, str(value)]}]
        return []

    return ask


def _status(specs: dict[str, Spec], **values: float | None) -> Status:
    (one,) = statuses([specs[NAME]], _answers(**values))
    return one


def test_a_healthy_objective(specs: dict[str, Spec]) -> None:
    """A quarter of the budget gone; at twice the pace the rest lasts for 11 days."""
    one = _status(specs, remaining=0.75, ratio_rate30d=0.000125, ratio_rate1h=2, sum_over_time=100)
    assert (one.sli, one.budget_left, one.budget_left_events) == (0.999875, 0.75, 100)
    assert one.exhausted_in_seconds == pytest.approx(0.75 * 30 * 86_400 / 2)
    assert one.verdict == "healthy"
    assert status.rows([one])[0][3:5] == ("75.0%", "100")
    assert status.rows([one])[0][8:] == ("11.2 d", "healthy")


@pytest.mark.parametrize(
    ("values", "verdict", "released"),
    [
        ({"remaining": 0.5}, "healthy", True),
        ({"remaining": 0.5, "firing": 1}, "burning", True),
        ({"remaining": -0.1, "firing": 1}, "exhausted", False),
        ({"remaining": 0}, "exhausted", False),
        ({}, "no data", False),
        ({"remaining": float("nan")}, "no data", False),
    ],
)
def test_verdicts(specs: dict[str, Spec], values: dict[str, float], verdict: str, released: bool) -> None:
    """What is not known is not healthy, and lets no release out."""
    one = _status(specs, **values)
    assert one.verdict == verdict
    assert allows_release([one], Decimal(0)) is released


def test_a_release_may_need_more(specs: dict[str, Spec]) -> None:
    """A part of every budget."""
    one = _status(specs, remaining=0.2)
    assert not allows_release([one], Decimal("0.25"))
    assert allows_release([one], Decimal("0.1"))


def test_nothing_known_is_a_dash(specs: dict[str, Spec]) -> None:
    """Never 100 %, never NaN."""
    row = status.rows([_status(specs)])[0]
    assert row[2:9] == ("-",) * 7
    assert "NaN" not in status.document([_status(specs)])


def test_who_does_not_answer_is_named() -> None:
    """With the query."""
    with pytest.raises(StatusError, match="http://127.0.0.1:1: no answer of a Prometheus to up"):
        status.prometheus("http://127.0.0.1:1", timeout=1)("up")
