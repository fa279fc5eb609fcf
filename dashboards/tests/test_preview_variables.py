"""Variables, and what queries become with them."""

from typing import Any

import pytest

from dashboards.preview.period import Period
from dashboards.preview.variables import Scope, resolve
from dashboards.tests.canned import PERIOD, Canned, board, samples

SERIES = [
    {"__name__": "up", "job": "service", "instance": "a:1"},
    {"__name__": "up", "job": "gateway", "instance": "b:2"},
]


def variable(name: str, query: Any, **more: Any) -> dict[str, Any]:
    """One whose values a query finds."""
    return {"name": name, "type": "query", "query": query, **more}


def resolved(*variables: dict[str, Any], source: Canned | None = None, **asked: str) -> Scope:
    """The scope of a dashboard with these variables."""
    made = board(templating={"list": list(variables)})
    return resolve(made, source or Canned(labels=SERIES), PERIOD, asked)


def test_values_come_from_the_series_there_are() -> None:
    """label_values of a selector, of a label alone, and as an object with a query; sorted, the first one is chosen."""
    for query in ("label_values(up, job)", {"query": 'label_values(up{a="b,c"}, job)'}, "label_values(job)"):
        scope = resolved(variable("job", query))
        assert scope.choices["job"].options == ("gateway", "service")
        assert scope.fill('{job="$job"}') == '{job="gateway"}'


def test_all_is_the_all_value_or_every_value() -> None:
    """As Prometheus needs it: a regular expression."""
    plain = variable("job", "label_values(up, job)", multi=True, includeAll=True)
    assert resolved(plain).fill("$job") == "(gateway|service)"
    assert resolved(plain | {"allValue": ".+"}).fill("${job} ${job:csv}") == ".+ gateway,service"
    assert resolved(plain).choices["job"].text() == "All"


def test_a_value_can_be_asked_for() -> None:
    """One, or with commas several of a multi-value one; what there isn't is said, with what there is."""
    many = variable("job", "label_values(up, job)", multi=True, includeAll=True)
    assert resolved(many, job="service").fill("$job") == "service"
    assert resolved(many, job="service,gateway").fill("$job") == "(service|gateway)"
    with pytest.raises(ValueError, match="--var job: there is no moon; there are: gateway, service"):
        resolved(many, job="moon")


def test_later_variables_may_use_earlier_ones() -> None:
    """The instances of the chosen job are asked for."""
    source = Canned(labels=SERIES)
    resolved(
        variable("job", "label_values(up, job)"), variable("i", 'label_values(up{job="$job"}, instance)'), source=source
    )
    assert source.asked == ["up", 'up{job="gateway"}']


def test_regular_expressions_choose_and_cut() -> None:
    """A group is the value, as in Grafana."""
    assert resolved(variable("port", "label_values(up, instance)", regex="/.*:(\\d+)/")).choices["port"].options == (
        "1",
        "2",
    )
    named = variable("host", "label_values(up, instance)", regex="(?<value>[a-z]):1")
    assert resolved(named).choices["host"].options == ("a",)


def test_query_results_are_written_out() -> None:
    """Labels, value and time, for the expression to cut."""
    source = Canned({"slo:info": [samples(1.0, __name__="slo:info", slo="latency")]})
    found = resolved(variable("slo", "query_result(slo:info)", regex='.*slo="(.*?)".*'), source=source)
    assert found.choices["slo"].options == ("latency",)


def test_custom_constant_and_textbox() -> None:
    """Their values stand in the file; what the file has chosen is chosen."""
    scope = resolved(
        {"name": "window", "type": "custom", "query": "1d, 7d : 7d,28d", "current": {"value": "7d"}},
        {"name": "heavy", "type": "textbox", "query": "100"},
        {"name": "datasource", "type": "datasource", "query": "prometheus"},
        heavy="5",
    )
    assert scope.fill("$window ${heavy} ${datasource} $unknown") == "7d 5 Prometheus $unknown"


def test_special_characters_are_escaped() -> None:
    """In a regular expression inside a PromQL string, and in a plain string."""
    source = Canned(labels=[{"path": '/v1/"x".*'}])
    one = variable("path", "label_values(path)")
    assert resolved(one, source=source).fill("$path") == '/v1/\\"x\\".*'
    assert resolved(one | {"multi": True}, source=source).fill("$path") == '\\\\/v1\\\\/"x"\\\\.\\\\*'


def test_intervals_are_those_of_grafana() -> None:
    """max(step + scrape, 4 x scrape); the range in seconds."""
    scope = Scope().within(Period(0, 900), 5.0, 5.0)
    assert scope.fill("[$__rate_interval] $__interval ${__range} $__range_s") == "[20s] 5s 900s 900"
    assert Scope().within(Period(0, 900), 60.0, 5.0).fill("$__rate_interval") == "65s"


def test_unknown_kinds_are_said() -> None:
    """Rather than left empty."""
    with pytest.raises(ValueError, match="kind adhoc"):
        resolved({"name": "filters", "type": "adhoc"})
    with pytest.raises(ValueError, match="guess"):
        resolved(variable("x", "guess(what)"))
