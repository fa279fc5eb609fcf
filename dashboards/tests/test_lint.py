"""The linter's rules: our dashboards keep them, and each finds a fault that is put into one."""

from collections.abc import Callable
from typing import Any

import pytest

from dashboards.expression import RATE_INTERVAL, parse, walk
from dashboards.lint.check import DASHBOARD_RULES, PANEL_RULES, TARGET_RULES, complaints
from dashboards.lint.exclusions import EXCLUSIONS

Document = dict[str, Any]
Break = Callable[[Document], object]


def variable(document: Document, name: str) -> Document:
    """A variable to break."""
    found: Document = next(one for one in document["templating"]["list"] if one["name"] == name)
    return found


def panel(document: Document) -> Document:
    """A chart to break: requests by code at the service."""
    found: Document = next(one for one in document["panels"] if one["title"] == "Requests by code")
    return found


def ask(document: Document, expr: str) -> None:
    """Let the chart ask something else."""
    panel(document)["targets"][0]["expr"] = expr


def loki(document: Document, expr: str) -> None:
    """Let the chart ask Loki."""
    ask(document, expr)
    panel(document)["targets"][0]["datasource"] = {"type": "loki", "uid": "${datasource}"}


SCOPE = '{job=~"$job",instance=~"$instance"}'
FAULTS: list[tuple[str, Break]] = [
    ("template-datasource-rule", lambda d: d["templating"]["list"].remove(variable(d, "datasource"))),
    ("template-datasource-rule", lambda d: variable(d, "datasource").update(name="source")),
    ("template-datasource-rule", lambda d: variable(d, "datasource").update(label="Source")),
    ("template-job-rule", lambda d: d["templating"]["list"].remove(variable(d, "job"))),
    ("template-job-rule", lambda d: variable(d, "job").update(allValue=".*")),
    ("template-job-rule", lambda d: variable(d, "job").update(label="job")),
    ("template-instance-rule", lambda d: variable(d, "instance").update(multi=False)),
    ("template-instance-rule", lambda d: variable(d, "instance").update(type="custom")),
    ("template-instance-rule", lambda d: variable(d, "instance")["datasource"].update(uid="prometheus")),
    ("template-label-promql-rule", lambda d: variable(d, "job")["query"].update(query="up")),
    ("template-label-promql-rule", lambda d: variable(d, "job")["query"].update(query="labels(up, job)")),
    ("template-label-promql-rule", lambda d: variable(d, "job")["query"].update(query="label_values(up{, job)")),
    ("template-on-time-change-reload-rule", lambda d: variable(d, "instance").update(refresh=1)),
    ("uneditable-dashboard", lambda d: d.update(editable=True)),
    ("uneditable-dashboard", lambda d: d.pop("editable")),
    ("panel-datasource-rule", lambda d: panel(d).update(datasource={"type": "prometheus", "uid": "prometheus"})),
    ("panel-datasource-rule", lambda d: panel(d)["targets"][0].update(datasource={"uid": "prometheus"})),
    ("panel-title-description-rule", lambda d: panel(d).update(description="")),
    ("panel-title-description-rule", lambda d: panel(d).update(title="")),
    ("panel-units-rule", lambda d: panel(d)["fieldConfig"]["defaults"].pop("unit")),
    ("panel-units-rule", lambda d: panel(d)["fieldConfig"]["defaults"].update(unit="requests")),
    (
        "panel-units-rule",
        lambda d: panel(d)["fieldConfig"].update(
            overrides=[{"matcher": {"options": "A"}, "properties": [{"id": "unit", "value": "%"}]}]
        ),
    ),
    ("panel-no-targets-rule", lambda d: panel(d).update(targets=[])),
    ("target-promql-rule", lambda d: ask(d, f"sum(rate(a{SCOPE}[$__rate_interval])")),
    ("target-rate-interval-rule", lambda d: ask(d, f"sum(rate(a{SCOPE}[5m]))")),
    ("target-rate-interval-rule", lambda d: ask(d, f"irate(a{SCOPE}[$__interval])")),
    ("target-job-rule", lambda d: ask(d, 'a{instance=~"$instance"}')),
    ("target-job-rule", lambda d: ask(d, 'a{job="$job",instance=~"$instance"}')),
    ("target-job-rule", lambda d: ask(d, f"a{SCOPE} / b")),
    ("target-instance-rule", lambda d: ask(d, 'a{job=~"$job"}')),
    ("target-instance-rule", lambda d: ask(d, 'a{job=~"$job",instance=~"web"}')),
    ("target-counter-agg-rule", lambda d: ask(d, f"a_total{SCOPE}")),
    ("target-counter-agg-rule", lambda d: ask(d, f"sum(a_total{SCOPE})")),
    ("target-counter-agg-rule", lambda d: ask(d, f"avg_over_time(a_total{SCOPE}[5m])")),
    ("target-logql-rule", lambda d: loki(d, 'sum(rate({job=~"$job"} [$__auto]))')),
    ("target-logql-auto-rule", lambda d: loki(d, 'sum(rate({job=~"$job"} [5m]))')),
]


def test_dashboards_keep_every_rule(documents: dict[str, Document]) -> None:
    """All seventeen, with what is excused in words."""
    assert [str(one) for document in documents.values() for one in complaints(document)] == []
    assert len({**DASHBOARD_RULES, **PANEL_RULES, **TARGET_RULES}) == 17


def test_every_excuse_is_needed_and_says_why(documents: dict[str, Document]) -> None:
    """Nothing is excused that nobody does."""
    for excuse in EXCLUSIONS:
        others = [one for one in EXCLUSIONS if one is not excuse]
        found = [one for document in documents.values() for one in complaints(document, others)]
        assert {one.rule for one in found} == set(excuse.rules)
        assert len(excuse.reason.split()) > 5


def test_every_rule_is_tried() -> None:
    """There is a fault for each."""
    assert {rule for rule, _ in FAULTS} == {*DASHBOARD_RULES, *PANEL_RULES, *TARGET_RULES}


@pytest.mark.parametrize(("rule", "broken"), FAULTS, ids=[f"{rule}-{i}" for i, (rule, _) in enumerate(FAULTS)])
def test_a_fault_is_found(documents: dict[str, Document], rule: str, broken: Break) -> None:
    """The rule that it breaks is named, with dashboard and panel."""
    document = documents["service"]
    broken(document)
    found = [one for one in complaints(document) if one.rule == rule]
    assert found
    assert all(one.dashboard == "Puerta: service" for one in found)
    assert all(one.panel in {"Requests by code", ""} for one in found)


@pytest.mark.parametrize(
    "expr",
    [
        f"sum(increase(a_total{SCOPE}[1h]))",
        f"max_over_time(a{SCOPE}[1h])",
        f"sum by (job) (rate(a_total{SCOPE}[$__rate_interval])) > $heavy",
        f"a{SCOPE} / $__range_s",
    ],
)
def test_what_is_right_is_let_through(documents: dict[str, Document], expr: str) -> None:
    """Rises over other windows, gauges over time, and variables outside of quotes."""
    ask(documents["service"], expr)
    assert complaints(documents["service"]) == []


def test_variables_are_put_in_where_they_are_no_text() -> None:
    """A duration becomes one that nobody writes by hand, a number 1; within quotes everything stays."""
    tree = parse('rate(a{x=~"${y:regex}"}[${__rate_interval}]) > $z')
    kinds = {type(place.node).__name__ for place in walk(tree)}
    assert kinds == {"BinaryExpr", "Call", "MatrixSelector", "VectorSelector", "NumberLiteral"}
    (matrix,) = [place.node for place in walk(tree) if type(place.node).__name__ == "MatrixSelector"]
    assert matrix.range == RATE_INTERVAL
    assert matrix.vector_selector.matchers.matchers[0].value == "${y:regex}"
    with pytest.raises(ValueError, match="parenthesis"):
        parse("sum(")
