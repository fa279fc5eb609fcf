"""Ours beside Sloth: that Sloth is done justice, that the traffic is what it says, and that the table still comes out."""

import math
from collections.abc import Mapping
from dataclasses import replace
from fractions import Fraction
from itertools import pairwise
from pathlib import Path

import pytest

from slo.comparison import sloth
from slo.comparison.__main__ import RESULTS, compare, main
from slo.comparison.contest import EXACT, OURS, SLOTH, Verdict, objective, verdict
from slo.comparison.promtool import Case, PromtoolError, ask
from slo.comparison.report import brief, table
from slo.comparison.scenarios import Scenario, Span, Traffic, scenarios
from slo.rules import INTERVAL
from slo.spec import Spec
from slo.tests.conftest import ROOM

pytestmark = pytest.mark.xdist_group("slo-comparison")

RULES = """
groups:
  - name: first
    rules:
      - {record: "a:rate", expr: "sum(rate(a_total[5m]))"}
      - {record: "a:ratio", expr: "a:rate / a:rate"}
  - name: second
    rules: [{record: "a:twice", expr: "2 * a:rate"}]
"""


@pytest.fixture(scope="module")
def results(promtool: str) -> Mapping[Scenario, Mapping[str, Verdict]]:
    """The whole comparison, run once."""
    return compare(promtool)


def test_sloths_rules_are_those_that_it_published() -> None:
    """Of its own example spec, every rule that is evaluated: name, expression, labels, group, order."""
    made = sloth.told(sloth.groups(sloth.example()))
    assert len(made) == 16
    assert sloth.digest(made) == sloth.PUBLISHED_RULES


def test_another_threshold_would_be_noticed() -> None:
    """The digest is of what the rules say."""
    made = sloth.told(sloth.groups(sloth.example()))
    changed = [(group, name, expr.replace("14.4", "14"), labels) for group, name, expr, labels in made]
    assert sloth.digest(changed) != sloth.PUBLISHED_RULES


def test_a_file_of_sloths_can_be_held_to(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Whoever has one sees which rule differs."""
    rules = [
        f"      - {{{'alert' if 'sloth_severity' in labels else 'record'}: {name!r}, expr: {expr!r}, labels: {labels}}}"
        for _, name, expr, labels in sloth.told(sloth.groups(sloth.example()))[:8]
    ]
    path = tmp_path / "sloth.yaml"
    group = sloth.groups(sloth.example())[0].name
    path.write_text("\n".join(["groups:", f"  - name: {group}", "    rules:", *rules]))
    assert main(["--published", str(path)]) == 1
    said = capsys.readouterr().err.splitlines()
    assert len(said) == 8
    assert all("not in" in line for line in said)


def test_sloth_is_asked_the_same(specs: dict[str, Spec]) -> None:
    """Its queries select what ours do, and its period ratio can be of the raw counters."""
    asked = objective(specs["gateway-availability"])
    assert asked.percent == 99.95
    assert asked.error_query == asked.total_query.replace("{route", '{code=~"5..",route')
    period = {optimized: sloth.groups(asked, optimized=optimized)[0].rules[-1].expr for optimized in (True, False)}
    assert "count_over_time(slo:sli_error:ratio_rate5m{" in period[True]
    assert period[False] == f"({asked.error_query}) / ({asked.total_query})".replace("{{.window}}", "30d")


def test_traffic_is_counted_in_whole_events() -> None:
    """No counter goes back, and the truth is what was counted."""
    traffic = Traffic.of(Span(3600, 4), Span(3600, 12, Fraction(1, 4)), silent=600)
    assert (traffic.good[-1], traffic.bad[-1]) == (13, 3)
    assert traffic.error_ratio == 3 / 16
    assert traffic.seconds == 7800
    assert traffic.trouble == 3600 + 1200 - INTERVAL
    for scenario in scenarios():
        for counter in (scenario.traffic.good, scenario.traffic.bad):
            assert all(after >= before for before, after in pairwise(counter))


def test_traffic_may_be_nothing() -> None:
    """Then nobody knows the truth."""
    assert Traffic(silent=600).error_ratio is None
    assert (Traffic(silent=600).seconds, Traffic(silent=600).trouble) == (600, 0)


@pytest.mark.platform
def test_promtool_answers(promtool: str) -> None:
    """With the value that it got: a number, NaN, or nothing, from groups in their order."""
    questions = {"rate": "sum(a:rate)", "twice": "sum(a:twice)", "ratio": "sum(a:ratio)", "none": "sum(b)"}
    busy = Case(RULES, ["first", "second"], {"a_total": range(0, 620, 15)}, 1200)
    idle = Case(RULES, ["first", "second"], {"a_total": [7] * 41}, 1200)
    assert ask(promtool, busy, questions) == {"rate": 0.5, "twice": 1.0, "ratio": 1.0, "none": None}
    said = ask(promtool, idle, questions)
    assert said["rate"] == 0
    assert said["ratio"] is not None
    assert math.isnan(said["ratio"])


@pytest.mark.platform
@pytest.mark.parametrize(("rules", "question"), [("groups: [{}]", "sum(a)"), (RULES, "sum(("), (RULES, "a_total")])
def test_promtool_that_does_not_answer_is_an_error(promtool: str, rules: str, question: str) -> None:
    """Never taken for nothing: rules that it refuses, a query that it refuses, more than one number."""
    case = Case(rules, ["first", "second"], {"a_total": range(41)}, 1200)
    with pytest.raises(PromtoolError):
        ask(promtool, case, {"it": question})


@pytest.mark.platform
@pytest.mark.slow
def test_the_table_still_comes_out(results: Mapping[Scenario, Mapping[str, Verdict]]) -> None:
    """Evaluated anew, every cell is what the page says."""
    page = RESULTS.read_text(encoding="utf-8")
    assert table(results) in page, "run `python -m slo.comparison`, and read whether what the page says still holds"
    assert brief(results) in page


@pytest.mark.platform
@pytest.mark.slow
def test_what_the_page_says_of_it_holds(results: Mapping[Scenario, Mapping[str, Verdict]]) -> None:
    """Ours is near the truth everywhere; who is wrong where, and who is quicker."""
    found = {scenario.title: (scenario, by_name) for scenario, by_name in results.items()}
    for scenario, by_name in found.values():
        true = scenario.traffic.error_ratio
        for name, off in ((OURS, 0.1), (EXACT, 1e-6)):
            assert by_name[name].error_ratio == (true if true is None else pytest.approx(true, rel=off))
    for title in ("An idle hour", "One failure in a quiet hour", "A quiet service that is down"):
        said = found[title][1][SLOTH].left
        assert said is not None
        assert math.isnan(said)
    for title, too_good in (("Busy and clean, then quiet and broken", 0), ("Quiet and clean, then busy and broken", 1)):
        scenario, by_name = found[title]
        said, true = by_name[SLOTH].error_ratio, scenario.traffic.error_ratio
        assert said is not None
        assert true is not None
        assert (said < true / 4) if too_good else (said > true * 40)
    for title in ("The metric is gone", "No data at all"):
        by_name = found[title][1]
        assert (by_name[SLOTH].page, by_name[SLOTH].absent, by_name[EXACT].absent) == (None, None, None)
        assert by_name[OURS].absent is not None
    lone, down = found["One failure in a quiet hour"][1], found["A quiet service that is down"][1]
    assert lone[OURS].page is None
    assert None not in {lone[SLOTH].page, down[SLOTH].page}
    assert (down[OURS].page or 0) > (down[SLOTH].page or 0)
    unreachable = found["80 %, an outage"][1]
    assert "could never fire" in unreachable[OURS].refused
    assert unreachable[SLOTH].page is None
    for title in ("An outage", "Busy and clean, then quiet and broken", "90 %, an outage"):
        assert found[title][1][OURS].page == found[title][1][SLOTH].page is not None


@pytest.mark.platform
def test_sloth_can_be_rid_of_nan(promtool: str, specs: dict[str, Spec]) -> None:
    """By a query that has no idle minutes: what the page says in its favour."""
    spec = specs["gateway-availability"]
    asked = objective(spec)
    busy = replace(asked, total_query=f"{asked.total_query} > 0")
    idle = next(scenario for scenario in scenarios() if scenario.title == "An idle hour")
    said = verdict(spec, sloth.groups(busy), idle.traffic, promtool)
    assert said.error_ratio == pytest.approx(idle.traffic.error_ratio, rel=0.05)


def test_the_readme_shows_the_table() -> None:
    """The short one, as the page has it."""
    page = RESULTS.read_text(encoding="utf-8")
    short = page[page.index("| ") : page.index("**Bold is wrong**")].strip()
    assert short in (ROOM / "README.md").read_text(encoding="utf-8")
