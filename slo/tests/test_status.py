"""How the objectives stand: figures, verdict, and whether a release may go out."""

from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal

import pytest

from slo import status
from slo.__main__ import main
from slo.policy import Policies, Release
from slo.spec import Spec
from slo.status import Sample, Status, StatusError, refusals, statuses

NAME = "gateway-availability"


def _answers(**values: float | None) -> status.Ask:
    """A Prometheus whose answer to a query is the first value whose name is in it."""

    def ask(query: str) -> list[Sample]:
        if query.startswith("ALERTS"):
            firing = "GatewayAvailabilityAbsent" if values.get("absent") else "GatewayAvailabilityBudgetPage"
            return [Sample({"alertname": firing}, (0, "1"))] if values.get("firing") else []
        if query.startswith("count("):
            return [Sample({}, (0, str(values.get("measured", query.count("|") + 1))))]
        for name, value in values.items():
            if name in query and value is not None:
                return [Sample({"slo": NAME}, (0, str(value)))]
        return []

    return ask


Given = Callable[..., Status]


@pytest.fixture
def given(specs: dict[str, Spec], policies: Policies) -> Given:
    """How an objective stands where a Prometheus has these values."""

    def given(name: str = NAME, **values: float | None) -> Status:
        (one,) = statuses([specs[name]], _answers(**values), policies)
        return one

    return given


def test_a_healthy_objective(given: Given) -> None:
    """A quarter of the budget gone; at twice the pace the rest lasts for 11 days."""
    one = given(remaining=0.75, ratio_rate30d=0.000125, ratio_rate1h=2, sum_over_time=100, days=30)
    assert (one.sli, one.budget_left, one.budget_left_events) == (0.999875, 0.75, 100)
    assert one.exhausted_in_seconds == pytest.approx(0.75 * 30 * 86_400 / 2)
    assert (one.verdict, one.level, one.releases) == ("healthy", "normal", ("normal", "low-risk"))
    assert status.rows([one])[0][3:5] == ("75.0%", "100")
    assert status.rows([one])[0][8:] == ("11.2 d", "normal", "healthy")


@pytest.mark.parametrize(
    ("values", "verdict", "released"),
    [
        ({"remaining": 0.5}, "healthy", True),
        ({"remaining": 0.5, "firing": 1}, "burning", True),
        ({"remaining": -0.1, "firing": 1}, "exhausted", False),
        ({"remaining": 0}, "exhausted", False),
        ({}, "no data", False),
        ({"remaining": float("nan")}, "no data", False),
        ({"remaining": float("inf")}, "no data", False),
        ({"remaining": 0.5, "measured": 0}, "no data", False),
        ({"remaining": 0.5, "measured": 0, "firing": 1, "absent": 1}, "no data", False),
        ({"remaining": -0.1, "measured": 0}, "exhausted", False),
    ],
)
def test_verdicts(given: Given, values: dict[str, float], verdict: str, released: bool) -> None:
    """What is not known is not healthy, and lets no release out."""
    one = given(**values)
    assert one.verdict == verdict
    assert (refusals([one], Decimal(0)) == []) is released


def test_what_is_not_measured_now_lets_no_release_out(given: Given) -> None:
    """Of a composite, not even where one part is not; the row says so, and which alert fires."""
    one = given(remaining=0.9, measured=0, firing=1, absent=1)
    assert refusals([one], Decimal(0)) == [f"{NAME}: it is not measured now, whatever was left of its budget"]
    assert status.rows([one])[0][-1] == "no data: GatewayAvailabilityAbsent"
    assert [given("platform", remaining=0.9, measured=parts).verdict for parts in (2, 3)] == ["no data", "healthy"]


@pytest.mark.parametrize("least", ["abc", "nan", "100", "-1", "inf"])
def test_what_has_to_be_left_is_percent(capsys: pytest.CaptureFixture[str], least: str) -> None:
    """Anything else is refused before anybody is asked: a gate that compares with nothing lets everything out."""
    with pytest.raises(SystemExit):
        main(["status", f"--least={least}"])
    assert "expected percent" in capsys.readouterr().err


def test_a_target_is_exact(given: Given) -> None:
    """99.95 % is not 100 %, nor is 99.999 %."""
    assert status.rows([given()])[0][1] == "99.95%"
    assert status.rows([replace(given(), objective=0.99999)])[0][1] == "99.999%"


def test_a_release_may_need_more(given: Given) -> None:
    """A part of every budget."""
    one = given(remaining=0.2)
    assert refusals([one], Decimal("0.25")) == [f"{NAME}: 20.0% of its budget is left, expected more than 25.0%"]
    assert refusals([one], Decimal("0.1")) == []


@pytest.mark.parametrize(
    ("left", "kind", "released"),
    [(0.3, "normal", True), (0.2, "normal", False), (0.2, "low-risk", True), (-0.1, "low-risk", False)],
)
def test_its_policy_tells_what_may_go_out(given: Given, left: float, kind: Release, released: bool) -> None:
    """By what is left; who is refused is told the level and what follows."""
    said = refusals([given(remaining=left)], Decimal(-1), kind)
    assert (said == []) is released
    if (left, kind) == (0.2, "normal"):
        follows = (
            "Only what can be taken back in minutes and touches no request's path. The next work is on this objective."
        )
        assert said == [f"{NAME}: 20.0% of its budget is left (low-risk only): {follows}"]


@pytest.mark.parametrize("name", ["drift", "quality", "label-arrival"])
@pytest.mark.parametrize("left", [-1.0, None])
def test_no_release_waits_for_a_model_or_for_labels(given: Given, name: str, left: float | None) -> None:
    """An objective whose policy is about something else says its level, and lets everything out."""
    one = given(name, remaining=left)
    assert refusals([one], Decimal(0), "normal") == []
    assert (one.level is None) is (left is None)


@pytest.mark.parametrize(("seconds_left", "told"), [(20 * 86_400, 15 * 86_400), (10 * 86_400, None)])
def test_a_month_is_full_again_when_it_turns(given: Given, seconds_left: float, told: float | None) -> None:
    """A budget that lasts longer than its month is not gone at any time."""
    one = given("platform", remaining=0.5, ratio_month=0.001, ratio_rate1h=1, period=30, day_of_month=seconds_left)
    assert (one.sli, one.exhausted_in_seconds) == (0.999, told)


def test_nothing_known_is_a_dash(given: Given) -> None:
    """Never 100 %, never NaN."""
    row = status.rows([given()])[0]
    assert row[2:10] == ("-",) * 8
    assert "NaN" not in status.document([given()])


VECTOR = b'{"status":"success","data":{"resultType":"vector","result":[{"metric":{"slo":"a"},"value":[1.5,"%s"]}]}}'


@pytest.mark.parametrize("written", [b"0.25", b"-1e-05", b"NaN", b"+Inf"])
def test_an_answer_is_read(written: bytes) -> None:
    """Numbers as Prometheus writes them."""
    (one,) = status.read_answer(VECTOR % written)
    assert one.metric == {"slo": "a"}
    assert str(one.number) == str(float(written))


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (b'{"status":"error","errorType":"execution","error":"too many samples"}', "too many samples"),
        (b'{"status":"success"}', "no data"),
        (b'{"status":"success","data":{"resultType":"scalar","result":[1,"2"]}}', "scalar"),
        (VECTOR % b"abc", "regex"),
        (b"[]", "Expected `object`"),
        (b"<html>", "malformed"),
        (b"\xff\xfe\x00", "malformed"),
    ],
)
def test_what_is_no_answer_is_refused(body: bytes, said: str) -> None:
    """A Prometheus' own words, or what came instead."""
    with pytest.raises((StatusError, ValueError), match=said):
        status.read_answer(body)


def test_who_does_not_answer_is_named() -> None:
    """With the query."""
    with pytest.raises(StatusError, match="http://127.0.0.1:1: no answer of a Prometheus to up"):
        status.prometheus("http://127.0.0.1:1", timeout=1)("up")


@pytest.mark.parametrize(("left", "code"), [(0.9, 0), (0.2, 1)])
def test_the_command_tells_and_refuses(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], specs: dict[str, Spec], left: float, code: int
) -> None:
    """A line an objective on standard output; why a release has to wait, and its exit code."""
    monkeypatch.setattr(status, "prometheus", lambda _: _answers(remaining=left))
    assert main(["status", "--release", "normal"]) == code
    told = capsys.readouterr()
    assert [line.split()[0] for line in told.out.splitlines()] == ["objective", *specs]
    assert (
        "a release has to wait:\n  drift-freshness: 20.0% of its budget is left (low-risk only)" in told.err
    ) is bool(code)
    assert main(["status", "--release", "low-risk", "--json"]) == 0
    assert '"level": ' in capsys.readouterr().out
