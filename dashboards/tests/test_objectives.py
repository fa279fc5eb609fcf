"""How objectives stand, as the dashboards' PromQL tells it: evaluated by promtool over made-up records."""

import json
import subprocess
from collections.abc import Mapping
from pathlib import Path

import pytest

from dashboards.objectives import NOT_YET, VERDICTS, Objectives
from slo.burn import Windows
from slo.policy import Policies
from slo.spec import Spec
from tests.parts import require

NAMES = {state.value: state.text for state in VERDICTS}
HOUR = "+0x120"  # the same value at each half minute of an hour

RECORDS = {
    'slo:info{slo="SLO",slo_window="30d"}': 1,
    'slo:time_period:days{slo="SLO"}': 30,
    'slo:error_budget:ratio{slo="SLO"}': 0.01,
    'slo:sli_total:rate5m{slo="SLO"}': 2,
    'slo:sli_bad:rate5m{slo="SLO"}': 0.01,
    'slo:sli_error:ratio_rate1h{slo="SLO",sloth_window="1h"}': 0.1,
    'slo:period_error_budget_remaining:ratio{slo="SLO"}': 0.8,
}
LEFT = "slo:period_error_budget_remaining:ratio"
TOTAL = "slo:sli_total:rate5m"
PAGE = 'ALERTS{alertname="XBudgetPage",alertstate="firing",severity="page",slo="SLO"}'
TICKET = 'ALERTS{alertname="XBudgetTicket",alertstate="firing",severity="ticket",slo="SLO"}'
ABSENT = 'ALERTS{alertname="XAbsent",alertstate="firing",severity="page",slo="SLO"}'


@pytest.fixture(scope="module")
def objectives(specs: tuple[Spec, ...], windows: Windows, policies: Policies) -> Objectives:
    """Those that ship."""
    return Objectives(specs, windows, policies)


def records(slo: str, without: tuple[str, ...] = (), **others: float) -> dict[str, float]:
    """The records of an objective that is well: some left out, some with another value; and alerts that fire."""
    found = {name: float(value) for name, value in RECORDS.items() if not name.startswith(without or ("none",))}
    found |= {name: others["left"] for name in found if name.startswith(LEFT) and "left" in others}
    return {name.replace("SLO", slo): value for name, value in found.items()}


def firing(slo: str, alert: str) -> dict[str, float]:
    """An alert of an objective."""
    return {alert.replace("SLO", slo): 1.0}


def holds(
    folder: Path,
    series: Mapping[str, float],
    expected: Mapping[str, Mapping[str, float]],
    *,
    interval: str = "30s",
    at: str = "1h",
) -> None:
    """After 120 intervals of these values, each expression answers exactly these values by label slo."""
    document = {
        "evaluation_interval": "30s",
        "tests": [
            {
                "interval": interval,
                "input_series": [{"series": name, "values": f"{value}{HOUR}"} for name, value in series.items()],
                "promql_expr_test": [
                    {
                        "expr": f"round({expr}, 0.001)",
                        "eval_time": at,
                        "exp_samples": [
                            {"labels": f'{{slo="{slo}"}}', "value": value} for slo, value in answer.items()
                        ],
                    }
                    for expr, answer in expected.items()
                ],
            }
        ],
    }
    path = folder / "test.yaml"
    path.write_text(json.dumps(document))
    promtool = require("promtool", "apt install prometheus")
    done = subprocess.run([promtool, "test", "rules", path], capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 0, done.stdout + done.stderr


def test_verdicts(objectives: Objectives, tmp_path: Path) -> None:
    """Healthy, burning and exhausted; and what is not measured now is not healthy, whatever was left of its budget."""
    series = (
        records("gateway-availability")
        | records("latency")
        | firing("latency", TICKET)
        | records("latency-tail", left=-0.5)
        | records("memory", without=(TOTAL,))
        | records("valid-input", without=(LEFT,))
        | records("service-availability")
        | firing("service-availability", ABSENT)
        | records("gateway-overhead", left=0)
    )
    verdicts = {
        "gateway-availability": "healthy",
        "latency": "burning",
        "latency-tail": "exhausted",
        "memory": "no data",
        "valid-input": "no data",
        "service-availability": "healthy",  # an absent metric is no burning budget
        "gateway-overhead": "exhausted",
    }
    numbers = {name: number for number, name in NAMES.items()}
    holds(tmp_path, series, {objectives.verdict: {slo: numbers[said] for slo, said in verdicts.items()}})


@pytest.mark.parametrize("gone", ["", "prediction-log"])
def test_what_is_made_of_others_is_measured_when_all_of_them_are(
    objectives: Objectives, tmp_path: Path, gone: str
) -> None:
    """The platform as a whole has no events of its own."""
    parts = ("gateway-availability", "latency-tail", "prediction-log")
    series = records("platform", without=("slo:sli",))
    for part in parts:
        series |= records(part, without=(TOTAL,) if part == gone else ())
    alone = Objectives(objectives.specs, objectives.windows, objectives.policies, 'slo="platform"')
    holds(tmp_path, series, {alone.verdict: {"platform": 0 if gone else 1}})


def test_budgets(objectives: Objectives, tmp_path: Path) -> None:
    """What is left, how fast it burns, when it is gone, and how many more events may be bad."""
    well = records("latency-tail")
    series = well | records("latency", left=-0.2) | records("memory", without=(TOTAL,))
    slow = {name: value / 1e4 for name, value in records("valid-input").items() if "ratio_rate1h" in name}
    series |= records("valid-input") | slow
    burn = {"latency-tail": 10.0, "latency": 10.0, "memory": 10.0, "valid-input": 0.001}
    lasting = 0.8 * 30 * 86_400 / 10
    samples = 121
    left = (0.01 * 2 - 0.01) * samples * 30
    holds(
        tmp_path,
        series,
        {
            objectives.burn("1h"): burn,
            objectives.known(objectives.burn("1h")): {slo: value for slo, value in burn.items() if slo != "memory"},
            objectives.gone_in: {
                "latency-tail": lasting,
                "latency": 0,
                "memory": lasting,
                "valid-input": NOT_YET,
            },
            objectives.left_events: {"latency-tail": left, "latency": left, "valid-input": left},
        },
    )


def test_a_month_s_budget_is_gone_in_it_or_not_at_all(objectives: Objectives, tmp_path: Path) -> None:
    """With six days left, one that would last for twelve is full again before; a rolling window has no such day."""
    series = records("platform") | records("latency")
    series = {name: 0.02 if "ratio_rate1h" in name else value for name, value in series.items()}  # burn 2
    expected = {objectives.gone_in: {"platform": NOT_YET, "latency": 12 * 86_400}}
    holds(tmp_path, series, expected, interval="5h", at="600h")  # the 26th of January 1970
    series |= {name: 0.06 for name in series if "ratio_rate1h" in name}
    expected = {objectives.gone_in: {"platform": 4 * 86_400, "latency": 4 * 86_400}}
    holds(tmp_path, series, expected, interval="5h", at="600h")


def test_levels_of_policies(objectives: Objectives, tmp_path: Path, policies: Policies) -> None:
    """Each objective stands at the level that its policy names for what is left; nowhere if it is not measured."""
    lefts = {"latency": 0.8, "latency-tail": 0.3, "gateway-availability": 0.2, "service-availability": -1.0}
    lefts |= {"drift": 0.3, "label-arrival": -0.1}
    levels = [(name, level.name) for name, policy in policies.items() for level in policy.levels]
    series: dict[str, float] = {}
    expected: dict[str, float] = {}
    for slo, left in lefts.items():
        series |= records(slo, left=left)
        policy = next(spec.policy for spec in objectives.specs if spec.name == slo)
        expected[slo] = levels.index((policy, policies[policy].level(left).name))
    series |= records("memory", without=(TOTAL,))
    holds(tmp_path, series, {objectives.level: expected})
    assert [(state.value, state.text) for state in objectives.levels] == list(enumerate(level for _, level in levels))


def test_alerts_that_fire(objectives: Objectives, tmp_path: Path) -> None:
    """How many, and the loudest; none is known only where the rules are evaluated."""
    series = records("latency") | firing("latency", PAGE) | firing("latency", TICKET) | records("memory")
    series |= records("drift") | firing("drift", TICKET)
    holds(
        tmp_path,
        series,
        {
            objectives.firing: {"latency": 2, "memory": 0, "drift": 1},
            objectives.loudest: {"latency": 2, "memory": 0, "drift": 1},
        },
    )


def test_thresholds_are_those_of_the_rules(objectives: Objectives, tmp_path: Path) -> None:
    """Every pair of windows has its line, but where an objective can't reach it: its rules have none either."""
    lines = dict(objectives.thresholds())
    assert set(lines) == {"page 1h/5m", "page 6h/30m", "ticket 1d/2h", "ticket 3d/6h"}
    series = records("latency") | records("latency-tail") | records("memory")
    holds(
        tmp_path,
        series,
        {
            lines["page 1h/5m"]: {"latency-tail": 14.4},
            lines["page 6h/30m"]: {"latency-tail": 6, "latency": 6},
            lines["ticket 1d/2h"]: {"latency-tail": 3, "latency": 3, "memory": 3},
        },
    )


def test_with_no_data_nothing_is_known(objectives: Objectives, tmp_path: Path) -> None:
    """Without a record every expression is empty; with nothing but the rules there are objectives and no verdicts."""
    everything = (
        objectives.verdict,
        objectives.level,
        objectives.left,
        objectives.left_events,
        objectives.sli,
        objectives.gone_in,
        objectives.firing,
        objectives.loudest,
    )
    holds(tmp_path, {}, {expr: {} for expr in everything})
    rules_alone = records("latency", without=("slo:sli", LEFT))
    holds(tmp_path, rules_alone, {objectives.verdict: {"latency": 0}, objectives.known(objectives.left): {}})
