"""The alerts that are planned for Google Cloud, asked of promtool: each fires when it should, and only then."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import promql_parser
import pytest

from slo.comparison.promtool import Case, ask
from slo.rules import INTERVAL
from terraform.folders import Folder
from terraform.workspace import HOW_TO_GET, workspace
from tests.parts import require

ROOT = Path(__file__).parents[2]
FOLDER = Folder("modules/observability")
GIVEN = {
    "project_id": "my-project",
    "project_number": "123456789012",
    "alert_policies_json": (ROOT / "slo/generated/gcp/alert-policies.json").read_text(encoding="utf-8"),
    "slos_json": (ROOT / "slo/generated/gcp/slos.json").read_text(encoding="utf-8"),
    "gateway_name": "puerta-gateway",
    "gateway_urls": {"europe-west1": "https://puerta-gateway-0example.ew.gateway.dev"},
    "drift_job_name": "puerta-drift",
    "event_sink_name": "puerta-events",
    "event_subscriptions": ["puerta-events", "puerta-labels"],
}

HOUR = 3600 // INTERVAL
REQUESTS = 'logging_googleapis_com:user_puerta_gateway_requests{monitored_resource="apigateway.googleapis.com/Gateway"'
LATENCY = "logging_googleapis_com:user_puerta_gateway_latency"
GATEWAY = '{monitored_resource="apigateway.googleapis.com/Gateway",route="Predict"'
SERVICE = "http_server_request_duration_seconds"
FAILURES = 'logging_googleapis_com:user_puerta_instance_failures{monitored_resource="cloud_run_revision"}'
SINK = 'logging_googleapis_com:exports_error_count{monitored_resource="logging_sink",name="'
DEAD_LETTERS = "pubsub_googleapis_com:subscription_dead_letter_message_count"
GIVEN_UP = f'{DEAD_LETTERS}{{monitored_resource="pubsub_subscription",subscription_id="'
RUNS = 'run_googleapis_com:job_completed_execution_count{monitored_resource="cloud_run_job",job_name="puerta-drift",result="'

pytestmark = [pytest.mark.platform, pytest.mark.xdist_group("terraform-observability")]


@dataclass(frozen=True)
class Scene:
    """What is seen, by how many each series rises at each evaluation, and whether the alert fires then."""

    alert: str
    fires: bool
    rises: Mapping[str, float]
    hours: int = 2


SCENES = {
    "gateway answers": Scene("GatewayAvailabilityBudgetPage", False, {f'{REQUESTS},code="200",route="Predict"}}': 10}),
    "gateway fails": Scene(
        "GatewayAvailabilityBudgetPage",
        True,
        {f'{REQUESTS},code="200",route="Predict"}}': 10, f'{REQUESTS},code="502",route="Predict"}}': 1},
    ),
    "gateway refuses": Scene(
        "GatewayAvailabilityBudgetPage",
        False,
        {f'{REQUESTS},code="200",route="Predict"}}': 10, f'{REQUESTS},code="401",route="Predict"}}': 9},
    ),
    "only health checks fail": Scene(
        "GatewayAvailabilityBudgetPage",
        False,
        {f'{REQUESTS},code="200",route="Predict"}}': 10, f'{REQUESTS},code="503",route="Health_ready"}}': 9},
    ),
    "service is fast": Scene(
        "LatencyTailBudgetPage",
        False,
        {f'{SERVICE}_count{{route="/v1/predict"}}': 10, f'{SERVICE}_bucket{{route="/v1/predict",le="1"}}': 10},
    ),
    "service is slow, bound 1.0": Scene(
        "LatencyTailBudgetPage",
        True,
        {f'{SERVICE}_count{{route="/v1/predict"}}': 10, f'{SERVICE}_bucket{{route="/v1/predict",le="1.0"}}': 5},
    ),
    "service is slow, bound 1": Scene(
        "LatencyTailBudgetPage",
        True,
        {f'{SERVICE}_count{{route="/v1/predict"}}': 10, f'{SERVICE}_bucket{{route="/v1/predict",le="1"}}': 5},
    ),
    "callers wait": Scene(
        "GatewaySlow",
        True,
        {
            f'{LATENCY}_bucket{GATEWAY},le="1"}}': 90,
            f'{LATENCY}_bucket{GATEWAY},le="2"}}': 100,
            f'{LATENCY}_bucket{GATEWAY},le="+Inf"}}': 100,
            f"{LATENCY}_count{GATEWAY}}}": 100,
        },
    ),
    "callers don't wait": Scene(
        "GatewaySlow",
        False,
        {
            f'{LATENCY}_bucket{GATEWAY},le="1"}}': 99.5,
            f'{LATENCY}_bucket{GATEWAY},le="2"}}': 100,
            f'{LATENCY}_bucket{GATEWAY},le="+Inf"}}': 100,
            f"{LATENCY}_count{GATEWAY}}}": 100,
        },
    ),
    "hardly anybody calls": Scene(
        "GatewaySlow",
        False,
        {
            f'{LATENCY}_bucket{GATEWAY},le="1"}}': 0,
            f'{LATENCY}_bucket{GATEWAY},le="2"}}': 1,
            f'{LATENCY}_bucket{GATEWAY},le="+Inf"}}': 1,
            f"{LATENCY}_count{GATEWAY}}}": 1,
        },
    ),
    "nobody calls": Scene("GatewaySlow", False, {}),
    "instances die": Scene("InstanceFailed", True, {FAILURES: 1}),
    "instances live": Scene("InstanceFailed", False, {FAILURES: 0}),
    "no instance ever died": Scene("InstanceFailed", False, {}),
    "reports are made": Scene("DriftJobFailed", False, {f'{RUNS}succeeded"}}': 1, f'{RUNS}failed"}}': 0}, 27),
    "a report fails": Scene("DriftJobFailed", True, {f'{RUNS}succeeded"}}': 1, f'{RUNS}failed"}}': 1}, 27),
    "no report is made": Scene("DriftJobFailed", True, {f'{RUNS}succeeded"}}': 0}, 27),
    "no report was ever made": Scene("DriftJobFailed", True, {}, 27),
    "events arrive": Scene("PredictionsLost", False, {f'{SINK}puerta-events"}}': 0, f'{GIVEN_UP}puerta-labels"}}': 0}),
    "another sink loses events": Scene("PredictionsLost", False, {f'{SINK}audit"}}': 1, f'{GIVEN_UP}audit"}}': 1}),
    "the sink loses events": Scene("PredictionsLost", True, {f'{SINK}puerta-events"}}': 1}),
    "a label is given up": Scene("PredictionsLost", True, {f'{GIVEN_UP}puerta-labels"}}': 1}),
}


@pytest.fixture(scope="module")
def queries() -> dict[str, list[str]]:
    """The queries of each alert that is planned."""
    require("terraform", HOW_TO_GET)
    with workspace(print) as at:
        (at.path(FOLDER) / "terraform.tfvars.json").write_text(json.dumps(GIVEN))
        plan = at.plan_json(FOLDER)
    policies = [each for each in plan["planned_values"]["root_module"]["resources"] if each["name"] == "promql"]
    return {
        each["index"]: [
            condition["condition_prometheus_query_language"][0]["query"] for condition in each["values"]["conditions"]
        ]
        for each in policies
    }


def fires(promtool: str, asked: Sequence[str], scene: Scene) -> bool:
    """Whether one of the queries says something at the end of the scene."""
    looks = scene.hours * HOUR + 1
    series = {name: [round(rise * look * 2) for look in range(looks)] for name, rise in scene.rises.items()}
    case = Case(rules="groups: []\n", order=[], series=series, at=scene.hours * 3600)
    said = ask(promtool, case, {query: f"count({query})" for query in asked})
    return any(value is not None for value in said.values())


@pytest.mark.parametrize("name", SCENES)
def test_an_alert_fires_when_it_should_and_only_then(queries: dict[str, list[str]], name: str) -> None:
    """The gateway, its callers, instances, the drift job and the prediction log: each well, and each not."""
    scene = SCENES[name]
    assert fires(require("promtool", "apt install prometheus"), queries[scene.alert], scene) is scene.fires


def test_what_no_objective_says_was_seen_to_fire(queries: dict[str, list[str]]) -> None:
    """Every alert that is not an objective's has a scene in which it fires and one in which it is silent."""
    generated = json.loads(GIVEN["alert_policies_json"])["alert_policies"]  # type: ignore[arg-type]
    for alert in set(queries) - set(generated):
        assert {scene.fires for scene in SCENES.values() if scene.alert == alert} == {True, False}


def test_every_query_is_promql(queries: dict[str, list[str]]) -> None:
    """Prometheus' parser reads them all."""
    assert len(queries) >= 20
    for asked in queries.values():
        for query in asked:
            promql_parser.parse(query)
