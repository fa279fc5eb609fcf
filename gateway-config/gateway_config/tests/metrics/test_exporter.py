"""The gateway's metrics, told from its access log."""

import threading
import time
import urllib.request
from contextlib import suppress
from pathlib import Path
from queue import SimpleQueue
from urllib.error import URLError

import pytest
from prometheus_client.parser import text_string_to_metric_families

from gateway_config.envoy.bootstrap import Address
from gateway_config.metrics.access_log import AccessLog, Entry
from gateway_config.metrics.exporter import GatewayMetrics, expected, refusal, serve
from gateway_config.policy.reading import read_policy
from gateway_config.ports import free_port

ANSWERED = Entry(200, 5_000, 1_000, 3_500, "demo", "predict")


def _value(metrics: GatewayMetrics, name: str, **labels: str) -> float | None:
    return metrics.registry.get_sample_value(name, labels)


def test_overhead_is_what_neither_the_caller_nor_the_backend_took() -> None:
    """5 ms in all, 1 until the request was there, 3.5 at the backend: 0.5 ms."""
    metrics = GatewayMetrics()
    metrics.observe([ANSWERED])
    labels = {"route": "predict", "client": "demo", "code": "200"}
    assert _value(metrics, "gateway_overhead_seconds_sum", **labels) == pytest.approx(0.0005)
    assert _value(metrics, "gateway_overhead_seconds_bucket", le="0.0005", **labels) == 1
    assert _value(metrics, "gateway_request_duration_seconds_sum", **labels) == pytest.approx(0.005)


def test_what_objectives_count_begins_at_zero(policy_file: Path) -> None:
    """For every operation and whoever may ask for it: no rate sees the first request of a new series."""
    pairs = set(expected(read_policy(policy_file)))
    metrics = GatewayMetrics(pairs)
    assert pairs
    for route, client in pairs:
        labels = {"route": route, "client": client}
        assert _value(metrics, "gateway_requests_total", code="503", **labels) == 0
    metrics.observe([ANSWERED])
    assert _value(metrics, "gateway_requests_total", code="200", route="predict", client="demo") == 1


def test_a_refusal_has_no_overhead() -> None:
    """It is counted as a request, and with its reason; nobody's latency objective gets better by it."""
    metrics = GatewayMetrics()
    metrics.observe([Entry(401, 90, 10, None, None, "predict", "lua_response"), Entry(404, 90)])
    labels = {"route": "predict", "client": "none", "code": "401"}
    assert _value(metrics, "gateway_overhead_seconds_count", **labels) == 0
    assert _value(metrics, "gateway_request_duration_seconds_count", **labels) == 1
    unmatched = {"route": "unmatched", "client": "none", "code": "404"}
    assert _value(metrics, "gateway_request_duration_seconds_count", **unmatched) == 1
    assert _value(metrics, "gateway_refused_total", client="none", reason="no_key") == 1


@pytest.mark.parametrize(
    ("status", "reason", "expected"),
    [
        (401, "lua_response", "no_key"),
        (400, "lua_response", "invalid_key"),
        (400, "http1.codec_error", "malformed"),
        (403, "lua_response", "not_granted"),
        (403, "rbac_access_denied_matched_policy[none]", "address"),
        (429, "local_rate_limited", "limit"),
        (503, "no_healthy_upstream", "unavailable"),
        (0, "downstream_remote_disconnect", "caller_gone"),
        (418, None, "malformed"),
    ],
)
def test_reasons(status: int, reason: str | None, expected: str) -> None:
    """A few words, whatever Envoy says in how many ways."""
    assert refusal(Entry(status, reason=reason)) == expected


@pytest.mark.platform
def test_the_metrics_of_a_growing_log_are_served(tmp_path: Path) -> None:
    """In Prometheus' own text format, lines that can't be read among them; a log that fails does not end it."""
    path = tmp_path / "access.jsonl"
    path.touch()
    stop: SimpleQueue[None] = SimpleQueue()
    address = Address("127.0.0.1", free_port())

    def fail() -> None:
        raise OSError("nobody is there")

    log = AccessLog(path, max_bytes=10, reopen=fail)
    thread = threading.Thread(target=serve, args=(GatewayMetrics(), log, address, stop), kwargs={"every": 0.01})
    thread.start()
    try:
        with path.open("ab") as file:
            file.write(b'nonsense\n{"status":200,"microseconds":5000,"client":"demo","operation":"predict",')
            file.write(b'"received_microseconds":1000,"backend_microseconds":3500}\n')
        found: dict[str, float] = {}
        for _ in range(500):
            with suppress(URLError), urllib.request.urlopen(f"http://{address}/metrics", timeout=5) as answer:
                text = answer.read().decode()
                found = {s.name: s.value for f in text_string_to_metric_families(text) for s in f.samples}
            if found.get("gateway_overhead_seconds_count") and found["gateway_access_log_unreadable_total"]:
                break
            time.sleep(0.01)
        assert found["gateway_overhead_seconds_count"] == 1
        assert found["gateway_access_log_unreadable_total"] == 1
    finally:
        stop.put(None)
        thread.join()
