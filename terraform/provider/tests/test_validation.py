"""Closed lists of values and rules, on configurations."""

from typing import Any

import pytest

from terraform.provider.rules import (
    BY_RESOURCE,
    SENSITIVE,
    at_most,
    at_most_one,
    exactly_one,
    key,
    labels,
    matches,
    rules,
    seconds,
    together,
    within,
)
from terraform.provider.store import Store
from terraform.provider.validation import problems
from terraform.provider.values import UNKNOWN

CLOSED = {"type": "string", "optional": True, "description": 'Which. Possible values: ["A", "B"]'}
BLOCK = {
    "attributes": {"which": CLOSED, "all": {**CLOSED, "type": ["list", "string"]}},
    "block_types": {"part": {"nesting_mode": "list", "block": {"attributes": {"which": CLOSED}}}},
}


@pytest.mark.parametrize(
    ("config", "said"),
    [
        ({"which": "A"}, []),
        ({"which": None}, []),
        ({"which": UNKNOWN, "part": UNKNOWN}, []),
        ({"which": ""}, []),
        ({"which": "C"}, ["which: 'C' came, expected one of A, B"]),
        ({"all": ["A", "C"]}, ["all: 'C' came, expected one of A, B"]),
        ({"part": [{"which": "A"}, {"which": "a"}]}, ["part.1.which: 'a' came, expected one of A, B"]),
        ({"part": {"which": "a"}}, ["part.which: 'a' came, expected one of A, B"]),
    ],
)
def test_a_closed_list_of_values_is_held(config: dict[str, Any], said: list[str]) -> None:
    """However deep; what is unknown is left to the apply."""
    found = [f"{'.'.join(map(str, it.path))}: {it.message}" for it in problems(BLOCK, config, ())]
    assert found == said


@pytest.mark.parametrize(
    ("rule", "good", "bad"),
    [
        (exactly_one("", "a", "b"), [{"a": 1}, {"a": UNKNOWN}, {"a": [], "b": [{}]}], [{}, {"a": 1, "b": 1}]),
        (at_most_one("", "a", "b"), [{}, {"a": 1}, {"a": 1, "b": UNKNOWN}], [{"a": 1, "b": 1}]),
        (together("", "a", "b"), [{}, {"a": 1, "b": 1}, {"a": 1, "b": UNKNOWN}], [{"a": 1}]),
        (
            matches("", "a", "x+", "x"),
            [{}, {"a": "xx"}, {"a": ["x"]}, {"a": UNKNOWN}],
            [{"a": "y"}, {"a": ["x", "xy"]}],
        ),
        (within("", "a", 1, 2), [{}, {"a": 1}, {"a": 2}], [{"a": 0}, {"a": 2.5}]),
        (seconds("", "a", 30, 90, 30), [{}, {"a": "60s"}, {"a": ""}], [{"a": "45s"}, {"a": "120s"}, {"a": "1m"}]),
        (at_most("", "a", 1), [{}, {"a": [1]}], [{"a": [1, 2]}]),
        (key("", "a", "cpu", "1|2", "1 or 2"), [{}, {"a": {}}, {"a": {"cpu": "1"}}], [{"a": {"cpu": "3"}}]),
        (
            labels("a"),
            [{}, {"a": {"team": "core-1"}}, {"a": {"t": UNKNOWN}}],
            [{"a": {"Team": "x"}}, {"a": {"t": "A b"}}],
        ),
        (matches("p.q", "a", "x", "x"), [{"p": [{"q": [{"a": "x"}]}]}, {"p": UNKNOWN}], [{"p": [{"q": [{"a": "y"}]}]}]),
    ],
)
def test_each_kind_of_rule(rule: Any, good: list[dict[str, Any]], bad: list[dict[str, Any]]) -> None:
    """It passes what is good or not known yet, and refuses what is bad."""
    for config in good:
        assert not list(rule(config)), config
    for config in bad:
        assert list(rule(config)), config


@pytest.mark.platform
def test_every_rule_is_of_a_resource_and_argument_that_there_are(store: Store) -> None:
    """A misspelt rule would hold nothing for ever."""
    paths = [
        (name, f"{rule.path}.{each}") for name, held in BY_RESOURCE.items() for rule in held for each in rule.names
    ]
    paths += [(name, path) for name, marked in SENSITIVE.items() for path in marked]
    for name, path in paths:
        schema = store.get("google-beta", "resource", name)
        assert schema, name
        *blocks, last = path.removeprefix(".").split(".")
        block = schema["block"]
        for step in blocks:
            assert step in block["block_types"], f"{name}: {path}"
            block = block["block_types"][step]["block"]
        assert last in block["attributes"].keys() | block.get("block_types", {}).keys(), f"{name}: {path}"


# One configuration a rule that the named resource must be refused for: resource, what is given, what is complained of.
FAULTS: tuple[tuple[str, dict[str, Any], str], ...] = (
    ("google_api_gateway_api", {"api_id": "Puerta"}, "api_id"),
    ("google_api_gateway_api_config", {"openapi_documents": []}, "exactly one of openapi_documents"),
    ("google_apikeys_key", {"name": "partner_a"}, "name"),
    (
        "google_apikeys_key",
        {"restrictions": [{"server_key_restrictions": [{}], "browser_key_restrictions": [{}]}]},
        "at most one of",
    ),
    ("google_bigquery_dataset", {"dataset_id": "puerta-events"}, "dataset_id"),
    ("google_bigquery_table", {"clustering": list("abcde")}, "clustering"),
    ("google_cloud_run_v2_service", {"name": "Puerta"}, "name"),
    (
        "google_cloud_run_v2_service",
        {"template": [{"containers": [{"resources": [{"limits": {"cpu": "3"}}]}]}]},
        "cpu = '3' came",
    ),
    (
        "google_cloud_run_v2_service",
        {"template": [{"containers": [{"liveness_probe": [{"http_get": [{}], "grpc": [{}]}]}]}]},
        "exactly one of http_get",
    ),
    ("google_cloud_scheduler_job", {"http_target": [{}], "schedule": "daily"}, "five fields"),
    ("google_cloud_scheduler_job", {"http_target": [{}], "attempt_deadline": "2h"}, "attempt_deadline"),
    ("google_compute_security_policy_rule", {"action": "deny(401)"}, "action"),
    (
        "google_compute_security_policy_rule",
        {"action": "allow", "match": [{"config": [{"src_ip_ranges": ["192.0.2.0/32"] * 11}]}]},
        "at most 10",
    ),
    ("google_iam_workload_identity_pool", {"workload_identity_pool_id": "gcp-pool"}, "not gcp-"),
    (
        "google_monitoring_alert_policy",
        {"conditions": [{"condition_prometheus_query_language": [{"evaluation_interval": "45s"}]}]},
        "a multiple of 30",
    ),
    ("google_monitoring_alert_policy", {"conditions": [{}] * 7}, "at most 6"),
    ("google_monitoring_slo", {"request_based_sli": [{}], "rolling_period_days": 28, "goal": 99.9}, "goal"),
    ("google_monitoring_slo", {"request_based_sli": [{}], "goal": 0.99}, "exactly one of calendar_period"),
    (
        "google_monitoring_uptime_check_config",
        {"http_check": [{}], "monitored_resource": [{}], "period": "30s"},
        "period",
    ),
    ("google_project_iam_member", {"member": "robot@example.com", "role": "roles/viewer"}, "member"),
    ("google_project_iam_member", {"member": "user:a@example.com", "role": "viewer"}, "role"),
    ("google_project_iam_binding", {"members": ["everybody"], "role": "roles/viewer"}, "members"),
    ("google_project_service", {"service": "run"}, "service"),
    (
        "google_pubsub_subscription",
        {"bigquery_config": [{"use_topic_schema": True, "use_table_schema": True}]},
        "at most",
    ),
    ("google_pubsub_subscription", {"bigquery_config": [{}], "push_config": [{}]}, "at most one"),
    ("google_secret_manager_secret", {"replication": [{}]}, "exactly one of auto"),
    ("google_secret_manager_secret_version", {"secret_data_wo": "x"}, "together"),
    ("google_secret_manager_secret_version", {}, "exactly one of secret_data"),
    ("google_service_account", {"account_id": "ci"}, "6 to 30"),
    ("google_service_account", {"account_id": "puerta-ci", "project": "My Project"}, "project"),
    ("google_storage_bucket", {"name": "Reports"}, "name"),
    ("google_storage_bucket", {"name": "reports", "labels": {"Team": "core"}}, "Team"),
    ("google_storage_bucket", {"name": "reports", "public_access_prevention": "on"}, "inherited or enforced"),
    ("google_storage_bucket_object", {}, "exactly one of source"),
)


@pytest.mark.parametrize(("name", "config", "said"), FAULTS)
def test_a_fault_that_no_schema_can_tell_is_refused(name: str, config: dict[str, Any], said: str) -> None:
    """Each of these would fail only at the apply."""
    found = [f"{'.'.join(map(str, it.path))}: {it.message}" for rule in rules(name) for it in rule(config)]
    assert len(found) == 1, found
    assert said in found[0]


def test_a_channel_s_labels_are_addresses() -> None:
    """Labels that are no labels are left alone."""
    config = {"labels": {"email_address": "on-call@example.com"}}
    assert not [it for rule in rules("google_monitoring_notification_channel") for it in rule(config)]
    assert [it for rule in rules("google_storage_bucket") for it in rule(config)]
