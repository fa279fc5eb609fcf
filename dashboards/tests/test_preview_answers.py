"""What queries are asked, and what becomes of their answers."""

import math

import pytest

from dashboards.preview.answers import ask, marks, outstanding
from dashboards.preview.model import Annotation, Dashboard
from dashboards.preview.prometheus import Exemplar, PrometheusError, Samples, duration
from dashboards.preview.reduction import reduce
from dashboards.preview.variables import Scope
from dashboards.tests.canned import PERIOD, Canned, answered, board, only, panel, samples


def test_queries_are_asked_with_their_interval() -> None:
    """A rate's window is at least four scrapes; an instant query is asked once, now."""
    drawn = panel("timeseries", {"expr": "rate(a[$__rate_interval])"}, {"expr": "b", "instant": True})
    source = Canned({"b": [samples(1.0, 2.0)]})
    answer = ask(drawn, Scope(), source, PERIOD)
    assert source.asked == ["rate(a[20s])", "b"]
    assert only(answer).times == (PERIOD.end,)


def test_series_are_named_by_their_template() -> None:
    """Or by the one label that they have, or by all of them; an override may rename them."""
    found = [samples(1.0, __name__="up", code="200")]
    assert only(answered(panel("timeseries", {"expr": "a", "legendFormat": "{{code}}!"}), found)).name == "200!"
    assert only(answered(panel("timeseries", {"expr": "a", "legendFormat": "__auto"}), found)).name == 'up{code="200"}'
    assert only(answered(panel("timeseries", {"expr": "a"}), [samples(1.0, code="200")])).name == "200"
    assert only(answered(panel("timeseries", {"expr": "a"}), [samples(1.0)])).name == "a"
    named = {"defaults": {"displayName": "code ${__field.labels.code}"}}
    assert only(answered(panel("timeseries", {"expr": "a"}, fieldConfig=named), found)).name == "code 200"


def test_exemplars_come_with_the_query_that_wants_them() -> None:
    """And with no other."""
    seen = [Exemplar(PERIOD.start, 0.1, {"trace_id": "abc"}, {})]
    assert answered(panel("timeseries", {"expr": "a", "exemplar": True}), [], exemplars=seen).exemplars == tuple(seen)
    assert answered(panel("timeseries", {"expr": "a"}), [], exemplars=seen).exemplars == ()


def test_exemplars_that_stand_out_are_kept() -> None:
    """Of each step the highest, and what is far from it; thousands of dots would hide the chart."""
    values = (0.1, 0.11, 0.12, 9.0, 0.1, 0.13)
    times = (0, 1, 2, 3, 12, 13)
    seen = [Exemplar(PERIOD.start + time, value, {}, {}) for time, value in zip(times, values, strict=True)]
    assert [one.value for one in outstanding(seen, 10.0)] == [9.0, 0.12, 0.13]
    assert list(outstanding([], 10.0)) == []


@pytest.mark.parametrize(("values", "empty"), [((), True), ((math.nan,), True), ((math.nan, 0.0), False)])
def test_nothing_but_nan_is_no_data(values: tuple[float, ...], empty: bool) -> None:
    """A zero is."""
    assert answered(panel("stat", {"expr": "a"}), [samples(*values)]).empty() is empty
    assert answered(panel("stat", {"expr": "a"}), []).empty()


def test_a_query_that_fails_is_an_error() -> None:
    """Whoever draws says so in the panel."""
    with pytest.raises(PrometheusError, match="parse error"):
        ask(panel("stat", {"expr": "a"}), Scope(), Canned({"a": PrometheusError("parse error")}), PERIOD)


def annotated(annotation: Annotation, *found: Samples) -> list[tuple[str, float, float]]:
    """Title, begin and end of what an annotation marks, in seconds from the period's start."""
    made = Dashboard("x", "x", "x", "", (), annotations=(annotation,))
    told = marks(made, Scope(), Canned({annotation.expr: found}), PERIOD)
    return [(mark.title, mark.start - PERIOD.start, mark.end - PERIOD.start) for mark in told]


def test_annotations_mark_from_when_to_when() -> None:
    """A gap, a zero and NaN end it."""
    alerts = Annotation("Alerts", "ALERTS", title="{{alertname}}", step="5s")
    assert annotated(alerts, samples(1, 1, 1, 0, 1, math.nan, 1, alertname="X")) == [
        ("X", 0, 10),
        ("X", 20, 20),
        ("X", 30, 30),
    ]


def test_annotations_whose_value_is_the_time() -> None:
    """Milliseconds; what was before the period is left out."""
    started = Annotation("Restarts", "started", title="restart", step="10s", value_is_time=True)
    when = (PERIOD.start + 30) * 1000
    assert annotated(started, samples(when, when, 0.0)) == [("restart", 30, 30)]


def test_annotations_are_read_from_the_dashboard() -> None:
    """Those that are switched on."""
    listed = [
        {"name": "Alerts", "expr": "ALERTS", "iconColor": "red", "titleFormat": "{{a}}", "step": "60s"},
        {"name": "Off", "enable": False, "expr": "x"},
        {"name": "Grafana's own", "builtIn": 1},
    ]
    assert board(annotations={"list": listed}).annotations == (Annotation("Alerts", "ALERTS", "{{a}}", "red", "60s"),)


@pytest.mark.parametrize(
    ("how", "number"),
    [
        ("lastNotNull", 2),
        ("firstNotNull", 3),
        ("mean", 2),
        ("min", 1),
        ("max", 3),
        ("sum", 6),
        ("count", 3),
        ("range", 2),
        ("diff", -1),
    ],
)
def test_a_series_as_one_number(how: str, number: float) -> None:
    """What is NaN does not count; nothing gives none."""
    assert reduce([3.0, math.nan, 1.0, 2.0, math.nan], how) == number
    assert reduce([math.nan], how) is None
    assert reduce([], how) is None


def test_last_is_the_last_even_if_nobody_knows_it() -> None:
    """That is what tells it from lastNotNull; a calculation that is not known is said."""
    assert math.isnan(reduce([1.0, math.nan], "last") or 0.0)
    with pytest.raises(ValueError, match="variance"):
        reduce([1.0], "variance")


@pytest.mark.parametrize(
    ("text", "seconds"), [("15m", 900), ("1h30m", 5400), ("5s", 5), ("100ms", 0.1), ("1.5h", 5400)]
)
def test_durations(text: str, seconds: float) -> None:
    """As Prometheus writes them."""
    assert duration(text) == seconds


@pytest.mark.parametrize("text", ["", "15", "m15", "15 m", "now-15m"])
def test_what_is_no_duration_is_said(text: str) -> None:
    """With what would be one."""
    with pytest.raises(ValueError, match="no duration such as"):
        duration(text)
