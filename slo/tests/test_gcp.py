"""Google Cloud Monitoring: every alert is there, fires and is silent as the local one by promtool, and Terraform can read it."""

import json
import re
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import msgspec
import promql_parser as promql
import pytest
import yaml

from slo.burn import Windows
from slo.gcp.objectives import MOST, objectives
from slo.gcp.place import placed
from slo.gcp.policies import policies
from slo.proofs.burns import burns
from slo.proofs.case import Case, Check, Subject
from slo.proofs.cases import cases, never_written
from slo.rules import groups
from slo.spec import Spec
from slo.tests.conftest import ROOM

NAMES = sorted(path.stem for path in (ROOM / "specs").glob("*.yaml"))
STEP = 60  # seconds between two samples, as there are between two looks back at a slice

# Of google_monitoring_alert_policy and google_monitoring_slo in the Google provider 8.7; the rest is ours and said to be.
POLICY = {"display_name", "combiner", "severity", "user_labels", "documentation", "conditions"}
CONDITION = {
    "query",
    "duration",
    "evaluation_interval",
    "labels",
    "rule_group",
    "alert_rule",
    "disable_metric_validation",
}
SLO = {"service", "slo_id", "display_name", "goal", "user_labels"}


@pytest.fixture(scope="session")
def written() -> dict[str, dict[str, Any]]:
    """The committed policies, with exact numbers."""
    text = (ROOM / "generated" / "gcp" / "alert-policies.json").read_text()
    found: dict[str, dict[str, Any]] = json.loads(text, parse_float=Decimal)["alert_policies"]
    return found


def _condition(policy: Mapping[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = policy["conditions"][0]["condition_prometheus_query_language"]
    return found


def _selected(query: str) -> list[promql.VectorSelector]:
    found: list[promql.VectorSelector] = []

    def note(expr: promql.Expr) -> bool:
        if isinstance(expr, promql.VectorSelector):
            found.append(expr)
        elif isinstance(expr, promql.MatrixSelector):
            found.append(expr.vector_selector)
        return True

    promql.walk(promql.parse(query), note)
    return found


def test_every_alert_is_there(specs: dict[str, Spec], windows: Windows, written: Mapping[str, Any]) -> None:
    """Under its own name, in its own group, as urgent, held as long."""
    alerts = {
        rule.alert: (group.name, rule.labels["severity"], "600s" if rule.hold else "0s")
        for spec in specs.values()
        for group in groups(spec, windows)
        for rule in group.rules
        if rule.alert
    }
    made = {name: _condition(policy) for name, policy in written.items()}
    assert {
        name: (one["rule_group"], one["labels"]["severity"], one["duration"]) for name, one in made.items()
    } == alerts
    assert {name: one["alert_rule"] for name, one in made.items()} == {name: name for name in alerts}
    urgent = {name for name, policy in written.items() if policy["severity"] == "CRITICAL"}
    assert urgent == {name for name, (_, severity, _) in alerts.items() if severity == "page"}


def test_queries_read_raw_metrics_only(specs: dict[str, Spec], written: Mapping[str, Any]) -> None:
    """No record, which nobody makes there; no ``job``, which is the sidecar's; and ``metrics`` are what is read."""
    for policy in written.values():
        selectors = _selected(_condition(policy)["query"])
        assert selectors
        names = {selector.name for selector in selectors}
        assert not any(":" in str(name) for name in names)
        assert names <= set(policy["metrics"])
        assert not any(matcher.name == "job" for one in selectors for matcher in one.matchers.matchers)
    (memory,) = _selected(_condition(written["MemoryAbsent"])["query"])
    assert [(one.name, one.value) for one in memory.matchers.matchers] == [("namespace", specs["memory"].service)]


def test_terraform_can_read_policies(written: Mapping[str, Any]) -> None:
    """Attributes of the provider, within what it documents; each says what to do in plain words."""
    assert len({policy["display_name"] for policy in written.values()}) == len(written)
    for policy in written.values():
        assert set(policy) == POLICY | {"metrics", "runbook"}
        condition = _condition(policy)
        assert set(condition) == CONDITION
        assert int(condition["evaluation_interval"].removesuffix("s")) % 30 == 0
        assert re.fullmatch(r"[a-zA-Z_][a-zA-Z0-9_]*", condition["alert_rule"])
        assert all(re.fullmatch(r"[a-z0-9_-]{1,63}", value) for value in policy["user_labels"].values())
        assert len(policy["documentation"]["content"]) < 8192
        assert f"monitoring/runbooks/{policy['runbook']}.md" in policy["documentation"]["content"]
        assert "{{" not in json.dumps(policy)  # Prometheus' own templates are nothing there


def _proofs(spec: Spec, named: Mapping[str, Spec], windows: Windows) -> Iterator[Case]:
    """The cases of the local alerts, for samples of a minute."""
    parts = tuple(named[name] for name in spec.sli.composite.weights) if spec.sli.composite is not None else ()
    looked_at = spec
    if spec.sli.slices is not None:  # a look counts for the two evaluations that the local rules make in a minute
        alerting = msgspec.structs.replace(spec.alerting, min_failures=-(-spec.alerting.min_failures // 2))
        looked_at = msgspec.structs.replace(spec, alerting=alerting)
    for severity in spec.alerting.severities:
        for case in burns(Subject(looked_at, parts, windows), severity, STEP):
            # Raw counters are seen at once, where the local rules of days see them through a rate of five minutes.
            silent, *others = case.checks
            yield replace(case, checks=[replace(silent, at=silent.at - STEP), *others])
    yield from cases(Subject(spec, parts, windows))
    yield from never_written(Subject(spec, parts, windows))


def _asked(check: Check, written: Mapping[str, Any]) -> Check | None:
    """A check of which alerts fire, asked of their queries: without ``for`` an alert fires where its query says something."""
    named = re.search(r'ALERTS\{alertname=~?"([^"]+)"', check.expr)
    if named is None:
        return None
    queries = [_condition(written[name])["query"] for name in named[1].split("|")]
    return replace(check, expr=" + ".join(f"(count({query}) or vector(0))" for query in queries))


def _failures(promtool: str, folder: Path, proofs: Sequence[Case], written: Mapping[str, Any]) -> str:
    lines = ["evaluation_interval: 30s", "tests:"]  # promtool loads samples up to the last evaluation, and no further
    checked = 0
    for case in proofs:
        checks = [asked for check in case.checks if (asked := _asked(check, written)) is not None]
        checked += len(checks)
        lines += replace(case, checks=checks).lines() if checks else []
    assert checked >= 4
    (folder / "proof.yaml").write_text("\n".join(lines))
    done = subprocess.run(
        [promtool, "test", "rules", "proof.yaml"], cwd=folder, capture_output=True, text=True, check=False
    )
    assert "SUCCESS" in done.stdout or done.returncode, done.stdout + done.stderr
    return done.stderr + done.stdout if done.returncode else ""


@pytest.fixture(scope="session")
def proofs(specs: dict[str, Spec], windows: Windows) -> dict[str, list[Case]]:
    """The cases of every objective, with series as they are labelled there."""
    named = {name: placed(spec) for name, spec in specs.items()}
    return {name: list(_proofs(spec, named, windows)) for name, spec in named.items()}


@pytest.mark.platform
@pytest.mark.parametrize("name", NAMES)
def test_queries_fire_and_are_silent(
    promtool: str, tmp_path: Path, proofs: Mapping[str, list[Case]], written: Mapping[str, Any], name: str
) -> None:
    """At the computed time of every burn, once, silent after recovery; silent when healthy, idle, or at one failure."""
    assert _failures(promtool, tmp_path, proofs[name], written) == ""


@pytest.mark.platform
@pytest.mark.parametrize(
    ("alert", "old", "new"),
    [
        ("GatewayAvailabilityBudgetPage", "> 0.0072", "> 0.072"),
        ("GatewayAvailabilityBudgetPage", "> 0.003", "> 0.03"),
        ("GatewayAvailabilityBudgetPage", ">= 5", ">= 1"),
        ("GatewayAvailabilityAbsent", "gateway_requests_total", "up"),
        ("LatencyTailBudgetTicket", 'le="1.0"', 'le="1"'),
        ("MemoryBudgetTicket", "> bool", "< bool"),
        ("DriftBudgetTicket", "max by (model, version)", "min by (feature)"),
        ("DriftFreshnessBudgetTicket", "time() - ", ""),
        ("PlatformBudgetPage", "0.6 * ", "0.06 * "),
    ],
)
def test_a_proof_can_fail(
    promtool: str, tmp_path: Path, proofs: Mapping[str, list[Case]], written: Mapping[str, Any], alert: str, old: str, new: str
) -> None:  # fmt: skip
    """A wrong threshold, guard, metric, bucket, side, grouping, age or weight is found."""
    broken = json.loads(json.dumps(written, default=str))
    condition = _condition(broken[alert])
    assert old in condition["query"]
    condition["query"] = condition["query"].replace(old, new)
    assert "FAILED" in _failures(promtool, tmp_path, proofs[condition["labels"]["slo"]], broken)


@pytest.mark.platform
def test_policies_are_rules(promtool: str, tmp_path: Path, written: Mapping[str, Any]) -> None:
    """All are accepted as alerting rules, and one that is held fires ten minutes after its metric went."""
    rules = [
        {"alert": one["alert_rule"], "expr": one["query"], "for": one["duration"], "labels": one["labels"]}
        for one in map(_condition, written.values())
    ]
    (tmp_path / "rules.yaml").write_text(yaml.safe_dump({"groups": [{"name": "gcp", "rules": rules}]}))
    done = subprocess.run([promtool, "check", "rules", "rules.yaml"], cwd=tmp_path, capture_output=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    alert = {"exp_labels": {"slo": "label-arrival", "severity": "ticket"}}
    checks = [
        {"alertname": "LabelArrivalAbsent", "eval_time": at, "exp_alerts": [alert] if fires else []}
        for at, fires in (("10m", False), ("24m", False), ("26m", True))
    ]
    test = {
        "interval": "1m",
        "input_series": [{"series": "label_due_total", "values": "5+0x10"}],
        "alert_rule_test": checks,
    }
    proof = {"rule_files": ["rules.yaml"], "evaluation_interval": "1m", "tests": [test]}
    (tmp_path / "proof.yaml").write_text(yaml.safe_dump(proof))
    done = subprocess.run([promtool, "test", "rules", "proof.yaml"], cwd=tmp_path, capture_output=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_terraform_can_read_objectives(specs: dict[str, Spec]) -> None:
    """Exactly one SLI and one period each, a goal that the provider takes; who is left out has a reason."""
    found = json.loads((ROOM / "generated" / "gcp" / "slos.json").read_text(), parse_float=Decimal)
    assert {*found["slos"], *found["left_out"]} == set(specs)
    assert all(found["left_out"].values())
    for name, slo in found["slos"].items():
        spec = specs[name]
        rest = set(slo) - SLO - {"objective", "note"}
        assert len(rest & {"request_based_sli", "windows_based_sli"}) == 1
        assert len(rest & {"rolling_period_days", "calendar_period"}) == 1
        assert len(rest) == 2
        assert slo["service"] in found["services"]
        assert slo["goal"] == min(spec.ratio, MOST)
        assert slo["objective"] == spec.ratio
        assert (slo["goal"] < spec.ratio) == ("capped" in slo["note"]) == ("is meant" in slo["display_name"])


def test_filters_are_those_of_cloud_monitoring(specs: dict[str, Spec]) -> None:
    """The kind belongs to a metric's name; a regular expression is marked; a label of the target is the resource's."""
    slos = objectives([specs["gateway-availability"], specs["memory"], specs["latency"]])["slos"]
    bad = slos["gateway-availability"]["request_based_sli"]["good_total_ratio"]["bad_service_filter"]
    assert bad.split(" AND ") == [
        'metric.type="prometheus.googleapis.com/gateway_requests_total/counter"',
        'resource.type="prometheus_target"',
        'metric.labels.code=monitoring.regex.full_match("5..")',
        'metric.labels.route!=monitoring.regex.full_match("health_live|health_ready|server_live|server_ready")',
    ]
    mean = slos["memory"]["windows_based_sli"]["metric_mean_in_range"]
    assert mean["time_series"].endswith('resource.labels.namespace="puerta"')
    assert mean["range"] == {"max": 268435456}
    cut = slos["latency"]["request_based_sli"]["distribution_cut"]
    assert cut["distribution_filter"].startswith(
        'metric.type="prometheus.googleapis.com/http_server_request_duration_seconds/histogram"'
    )
    assert cut["range"] == {"max": Decimal("0.4")}


def test_a_calendar_month_is_one(specs: dict[str, Spec]) -> None:
    """Not thirty days."""
    spec = msgspec.structs.replace(specs["latency"], window="month")
    slo = objectives([spec])["slos"]["latency"]
    assert (slo["calendar_period"], "rolling_period_days" in slo) == ("MONTH", False)


def test_a_program_that_does_not_run_there_is_refused(specs: dict[str, Spec], windows: Windows) -> None:
    """A match on another ``job`` would select nothing, for ever."""
    slices = specs["memory"].sli.slices
    assert slices is not None
    other = msgspec.structs.replace(slices, match={"job": "gateway"})
    spec = msgspec.structs.replace(specs["memory"], sli=msgspec.structs.replace(specs["memory"].sli, slices=other))
    with pytest.raises(ValueError, match="memory: the job 'gateway' came, expected service"):
        policies([spec], windows)
