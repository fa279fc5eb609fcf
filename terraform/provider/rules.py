"""Rules of the real provider, and of the APIs behind it, that no schema holds; one line each, by resource."""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from terraform.provider.values import Path, Unknown, Value, known, rows


@dataclass(frozen=True)
class Problem:
    """Where something is wrong, and what."""

    path: Path
    message: str


@dataclass(frozen=True)
class Rule:
    """What holds for some arguments of the blocks that a dotted path leads to; the empty one is the resource itself."""

    path: str
    names: tuple[str, ...]
    check: Callable[[dict[str, Value]], Iterator[Problem]]

    def __call__(self, config: dict[str, Value]) -> Iterator[Problem]:
        """All that is wrong with a configuration."""
        yield from self.check(config)


def _blocks(config: dict[str, Value], path: str) -> Iterator[tuple[Path, dict[str, Value]]]:
    """Every block that a dotted path leads to; the empty one leads to the resource itself."""
    found: list[tuple[Path, dict[str, Value]]] = [((), config)]
    for name in path.split(".") if path else ():
        found = [((*at, name, *where), row) for at, block in found for where, row in rows(block.get(name))]
    yield from found


def _given(block: dict[str, Value], names: tuple[str, ...]) -> tuple[list[str], bool]:
    """Which of them are given, and whether that is certain."""
    certain = not any(isinstance(block.get(name), Unknown) for name in names)
    return [name for name in names if known(block.get(name)) and block[name] not in ([], "")], certain


def exactly_one(path: str, *names: str) -> Rule:
    """Of these, one and no other."""

    def check(config: dict[str, Value]) -> Iterator[Problem]:
        for at, block in _blocks(config, path):
            given, certain = _given(block, names)
            if len(given) > 1 or (not given and certain):
                yield Problem(at, f"{' and '.join(given) or 'none'} came, expected exactly one of {', '.join(names)}")

    return Rule(path, names, check)


def at_most_one(path: str, *names: str) -> Rule:
    """Of these, one or none."""

    def check(config: dict[str, Value]) -> Iterator[Problem]:
        for at, block in _blocks(config, path):
            given, _ = _given(block, names)
            if len(given) > 1:
                yield Problem(at, f"{' and '.join(given)} came, expected at most one of {', '.join(names)}")

    return Rule(path, names, check)


def together(path: str, *names: str) -> Rule:
    """All of these or none."""

    def check(config: dict[str, Value]) -> Iterator[Problem]:
        for at, block in _blocks(config, path):
            given, certain = _given(block, names)
            if given and certain and len(given) < len(names):
                yield Problem(at, f"only {' and '.join(given)} came, expected {' and '.join(names)} together")

    return Rule(path, names, check)


def matches(path: str, name: str, pattern: str, expected: str) -> Rule:
    """A string, or every one of a list, of a certain form."""

    def check(config: dict[str, Value]) -> Iterator[Problem]:
        for at, block in _blocks(config, path):
            value = block.get(name)
            for each in value if isinstance(value, list) else [value]:
                if isinstance(each, str) and not re.fullmatch(pattern, each):
                    yield Problem((*at, name), f"{each!r} came, expected {expected}")

    return Rule(path, (name,), check)


def within(path: str, name: str, least: float, most: float) -> Rule:
    """A number in a range."""

    def check(config: dict[str, Value]) -> Iterator[Problem]:
        for at, block in _blocks(config, path):
            value = block.get(name)
            if isinstance(value, (int, float)) and not least <= value <= most:
                yield Problem((*at, name), f"{value} came, expected {least} to {most}")

    return Rule(path, (name,), check)


def seconds(path: str, name: str, least: int, most: int, step: int = 1) -> Rule:
    """A duration such as ``60s``."""

    def check(config: dict[str, Value]) -> Iterator[Problem]:
        for at, block in _blocks(config, path):
            value = block.get(name)
            if not isinstance(value, str) or not value:
                continue
            found = re.fullmatch(r"(\d+)(?:\.\d+)?s", value)
            if not found or not least <= int(found[1]) <= most or int(found[1]) % step:
                multiple = f", a multiple of {step}" if step > 1 else ""
                yield Problem((*at, name), f"{value!r} came, expected '{least}s' to '{most}s'{multiple}")

    return Rule(path, (name,), check)


def at_most(path: str, name: str, most: int) -> Rule:
    """A list or blocks of limited number."""

    def check(config: dict[str, Value]) -> Iterator[Problem]:
        for at, block in _blocks(config, path):
            value = block.get(name)
            if isinstance(value, list) and len(value) > most:
                yield Problem((*at, name), f"{len(value)} came, expected at most {most}")

    return Rule(path, (name,), check)


def key(path: str, name: str, entry: str, pattern: str, expected: str) -> Rule:
    """An entry of a map, of a certain form."""

    def check(config: dict[str, Value]) -> Iterator[Problem]:
        for at, block in _blocks(config, path):
            value = block.get(name)
            each = value.get(entry) if isinstance(value, dict) else None
            if isinstance(each, str) and not re.fullmatch(pattern, each):
                yield Problem((*at, name), f"{entry} = {each!r} came, expected {expected}")

    return Rule(path, (name,), check)


def labels(name: str) -> Rule:
    """Labels as every API takes them."""

    def check(config: dict[str, Value]) -> Iterator[Problem]:
        value = config.get(name)
        for label, text in value.items() if isinstance(value, dict) else ():
            if not re.fullmatch(r"[a-z][a-z0-9_-]{0,62}", label) or (
                isinstance(text, str) and not re.fullmatch(r"[a-z0-9_-]{0,63}", text)
            ):
                yield Problem((name,), f"{label} = {text!r} came, expected lower-case letters, digits, _ and -")

    return Rule("", (name,), check)


_LOWER = "lower-case letters, digits and -, from a letter on"
_ID = r"[a-z](?:[a-z0-9-]*[a-z0-9])?"
_MEMBER = (
    r"allUsers|allAuthenticatedUsers|(?:user|serviceAccount|group|domain|projectOwner|projectEditor|projectViewer"
    r"|principal|principalSet|deleted)[:].+"
)

# For every resource that has the argument.
EVERYWHERE: tuple[Rule, ...] = (
    labels("labels"),
    labels("user_labels"),
    matches("", "project", r"(?:projects/)?(?:[a-z0-9.-]+:)?[a-z][a-z0-9-]{4,28}[a-z0-9]", "a project id"),
    matches("", "member", _MEMBER, "an IAM member such as serviceAccount:NAME@PROJECT.iam.gserviceaccount.com"),
    matches("", "members", _MEMBER, "an IAM member such as serviceAccount:NAME@PROJECT.iam.gserviceaccount.com"),
    matches("", "role", r"(?:(?:projects|organizations)/[^/]+/)?roles/[\w.]+", "a role such as roles/run.invoker"),
)

_CPU = r"[12468]|[12468]000m|0?\.\d+|[1-9]\d{1,2}m"
_MEMORY = r"\d+(?:Ki|Mi|Gi|k|M|G)?"
_NO_LABELS = ("google_monitoring_notification_channel", "google_monitoring_metric_descriptor")
_SECURITY_ACTION = r"allow|deny\((?:403|404|429|502)\)|rate_based_ban|redirect|throttle"


def _containers(path: str) -> tuple[Rule, ...]:
    return (
        at_most_one(f"{path}.containers.env", "value", "value_source"),
        key(f"{path}.containers.resources", "limits", "cpu", _CPU, "1, 2, 4, 6 or 8 (or less than 1)"),
        key(f"{path}.containers.resources", "limits", "memory", _MEMORY, "a quantity such as 512Mi"),
        exactly_one(f"{path}.containers.startup_probe", "http_get", "tcp_socket", "grpc"),
        matches(f"{path}.containers.ports", "name", "http1|h2c", "http1 or h2c"),
        exactly_one(f"{path}.volumes", "secret", "cloud_sql_instance", "empty_dir", "gcs", "nfs"),
    )


BY_RESOURCE: Mapping[str, tuple[Rule, ...]] = {
    "google_api_gateway_api": (matches("", "api_id", _ID, _LOWER),),
    "google_api_gateway_api_config": (
        at_most_one("", "api_config_id", "api_config_id_prefix"),
        exactly_one("", "openapi_documents", "grpc_services"),
    ),
    "google_api_gateway_gateway": (matches("", "gateway_id", _ID, _LOWER),),
    "google_apikeys_key": (
        matches("", "name", r"[a-z](?:[a-z0-9-]{0,61}[a-z0-9])?", _LOWER),
        at_most_one(
            "restrictions",
            "android_key_restrictions",
            "browser_key_restrictions",
            "ios_key_restrictions",
            "server_key_restrictions",
        ),
    ),
    "google_artifact_registry_repository": (
        matches("", "repository_id", _ID, _LOWER),
        matches("", "format", r"[A-Z]+", "upper case, e.g. DOCKER"),
    ),
    "google_bigquery_dataset": (matches("", "dataset_id", r"\w{1,1024}", "letters, digits and _"),),
    "google_bigquery_table": (
        matches("time_partitioning", "type", "DAY|HOUR|MONTH|YEAR", "DAY, HOUR, MONTH or YEAR"),
        at_most_one("", "time_partitioning", "range_partitioning"),
        at_most("", "clustering", 4),
    ),
    "google_billing_budget": (exactly_one("amount", "specified_amount", "last_period_amount"),),
    "google_cloud_run_v2_job": _containers("template.template"),
    "google_cloud_run_v2_service": (
        matches("", "name", r"[a-z](?:[a-z0-9-]{0,47}[a-z0-9])?", f"{_LOWER}, at most 49"),
        *_containers("template"),
        exactly_one("template.containers.liveness_probe", "http_get", "tcp_socket", "grpc"),
    ),
    "google_cloud_scheduler_job": (
        exactly_one("", "pubsub_target", "http_target", "app_engine_http_target"),
        at_most_one("http_target", "oauth_token", "oidc_token"),
        seconds("", "attempt_deadline", 15, 1800),
        matches("", "schedule", r"\S+(?: \S+){4}|every .+", "five fields of cron"),
    ),
    "google_compute_region_network_endpoint_group": (
        at_most_one("", "cloud_run", "app_engine", "cloud_function", "serverless_deployment"),
    ),
    "google_compute_security_policy": (
        matches("rule", "action", _SECURITY_ACTION, "allow, deny(403), throttle, ..."),
        at_most("rule.match.config", "src_ip_ranges", 10),
    ),
    "google_compute_security_policy_rule": (
        matches("", "action", _SECURITY_ACTION, "allow, deny(403), throttle, ..."),
        at_most("match.config", "src_ip_ranges", 10),
    ),
    "google_iam_workload_identity_pool": (
        matches("", "workload_identity_pool_id", r"(?!gcp-)[a-z0-9-]{4,32}", "4 to 32 of a-z, 0-9 and -, not gcp-..."),
    ),
    "google_iam_workload_identity_pool_provider": (
        exactly_one("", "aws", "oidc", "saml", "x509"),
        matches(
            "", "workload_identity_pool_provider_id", r"(?!gcp-)[a-z0-9-]{4,32}", "4 to 32 of a-z, 0-9, -, not gcp-..."
        ),
    ),
    "google_logging_metric": (
        matches("metric_descriptor", "metric_kind", "DELTA|GAUGE|CUMULATIVE", "DELTA, GAUGE or CUMULATIVE"),
    ),
    "google_monitoring_alert_policy": (
        at_most("", "conditions", 6),
        seconds("conditions.condition_prometheus_query_language", "evaluation_interval", 30, 86_400, step=30),
        seconds("conditions.condition_prometheus_query_language", "duration", 0, 86_400),
        seconds("alert_strategy", "auto_close", 1800, 604_800),
    ),
    "google_monitoring_slo": (
        exactly_one("", "basic_sli", "request_based_sli", "windows_based_sli"),
        exactly_one("", "calendar_period", "rolling_period_days"),
        within("", "goal", 0, 0.9999),
        within("", "rolling_period_days", 1, 30),
    ),
    "google_monitoring_uptime_check_config": (
        exactly_one("", "http_check", "tcp_check", "synthetic_monitor"),
        exactly_one("", "monitored_resource", "resource_group", "synthetic_monitor"),
        matches("", "period", "60s|300s|600s|900s", "60s, 300s, 600s or 900s"),
        seconds("", "timeout", 1, 60),
    ),
    "google_project_service": (
        matches("", "service", r"[a-z0-9-]+(?:\.[a-z0-9-]+)+", "a name such as run.googleapis.com"),
    ),
    "google_pubsub_subscription": (
        at_most_one("", "push_config", "bigquery_config", "cloud_storage_config"),
        at_most_one("bigquery_config", "use_topic_schema", "use_table_schema"),
        within("", "ack_deadline_seconds", 10, 600),
        within("dead_letter_policy", "max_delivery_attempts", 5, 100),
        seconds("", "message_retention_duration", 600, 2_678_400),
    ),
    "google_secret_manager_secret": (
        exactly_one("replication", "auto", "user_managed"),
        matches("", "secret_id", r"[\w-]{1,255}", "letters, digits, _ and -"),
    ),
    "google_secret_manager_secret_version": (
        exactly_one("", "secret_data", "secret_data_wo"),
        together("", "secret_data_wo", "secret_data_wo_version"),
    ),
    "google_service_account": (matches("", "account_id", r"[a-z][a-z0-9-]{4,28}[a-z0-9]", f"{_LOWER}, 6 to 30"),),
    "google_storage_bucket": (
        matches("", "name", r"[a-z0-9][a-z0-9._-]{1,220}[a-z0-9]", "3 and more of a-z, 0-9, -, _ and ."),
        matches("", "public_access_prevention", "inherited|enforced", "inherited or enforced"),
        matches(
            "lifecycle_rule.action",
            "type",
            "Delete|SetStorageClass|AbortIncompleteMultipartUpload",
            "Delete, SetStorageClass or AbortIncompleteMultipartUpload",
        ),
    ),
    "google_storage_bucket_object": (exactly_one("", "source", "content"),),
}

# What the real provider marks as sensitive; the bindings do not tell.
SENSITIVE: Mapping[str, frozenset[str]] = {
    "google_apikeys_key": frozenset({"key_string"}),
    "google_monitoring_notification_channel": frozenset(
        {"sensitive_labels.auth_token", "sensitive_labels.password", "sensitive_labels.service_key"}
    ),
    "google_secret_manager_secret_version": frozenset({"secret_data", "secret_data_wo"}),
    "google_service_account_key": frozenset({"private_key"}),
    "google_storage_bucket_object": frozenset({"content"}),
    "google_storage_hmac_key": frozenset({"secret"}),
}


def rules(name: str) -> tuple[Rule, ...]:
    """All that hold for a resource."""
    everywhere = EVERYWHERE[2:] if name in _NO_LABELS else EVERYWHERE
    return everywhere + BY_RESOURCE.get(name, ())
