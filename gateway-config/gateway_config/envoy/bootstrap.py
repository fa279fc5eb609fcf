"""Envoy's bootstrap: one listener, the filters, the routes, the service's instances, and the admin port."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from gateway_config.envoy import cors, filters, headers, limits, refusals, spans
from gateway_config.envoy.tls import Identity
from gateway_config.policy.model import Policy

CLUSTER = "service"
ROUTES = "operations"
ADMIN_PATHS = ("/ready", "/stats", "/clusters", "/listeners", "/drain_listeners", "/healthcheck/fail", "/reopen_logs")

_TYPE = "type.googleapis.com/"
_MAX_CONNECTIONS = 10_000

# The filters that decide who gets in, in the order in which a request meets them.
ORDER = (limits.ADDRESS_RATE, filters.KEYS, filters.ADDRESSES, limits.RATES, limits.QUOTAS)


@dataclass(frozen=True)
class Address:
    """Where something listens."""

    host: str
    port: int

    @classmethod
    def parse(cls, text: str) -> "Address":
        """Read ``address:port``; an IPv6 address stands in square brackets."""
        host, _, port = text.rpartition(":")
        return cls(host.strip("[]"), int(port))

    def __str__(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"

    def envoy(self) -> dict[str, Any]:
        """Envoy's ``Address``."""
        return {"socket_address": {"address": self.host, "port_value": self.port}}


@dataclass(frozen=True, kw_only=True)
class Site:
    """What differs from machine to machine and from run to run."""

    listen: Address
    admin: Address
    backends: tuple[Address, ...]
    token: str
    access_logs: tuple[Path, ...]
    tls: Identity | None = None
    traces: spans.Traces | None = None


@dataclass(frozen=True)
class Sources:
    """Where Envoy finds what may change while it runs: the parts themselves, or the files to watch for them.

    ``filters`` are by name. The others are fields of Envoy's ``HttpConnectionManager``, ``Cluster`` and ``FilterChain``.
    """

    filters: dict[str, dict[str, Any]]
    routes: dict[str, Any]
    instances: dict[str, Any]
    transport: dict[str, Any] = field(default_factory=dict)


def fixed(policy: Policy) -> dict[str, Any]:
    """What of the policy an Envoy that runs does not take over: it is asked for when the listener is made."""
    environment = policy.environments["local"]
    asked_for = {"gateway": environment.tls is not None, "callers": bool(environment.tls and environment.tls.client_ca)}
    return {"trusted_hops": environment.trusted_hops, "tls": asked_for}


def bootstrap(policy: Policy, site: Site, sources: Sources) -> dict[str, Any]:
    """The whole configuration."""
    return {
        # Envoy reads no file that changes without a name of its own.
        "node": {"id": "gateway", "cluster": "puerta", "metadata": fixed(policy)},
        "admin": {
            "address": site.admin.envoy(),
            # The rest would show the configuration, with the run's secret in it, or end the gateway.
            "allow_paths": [{"prefix": path} for path in ADMIN_PATHS],
        },
        **({"layered_runtime": spans.runtime()} if site.traces else {}),
        "overload_manager": {
            "resource_monitors": [
                {
                    "name": "envoy.resource_monitors.global_downstream_max_connections",
                    "typed_config": {
                        "@type": f"{_TYPE}envoy.extensions.resource_monitors.downstream_connections.v3."
                        "DownstreamConnectionsConfig",
                        "max_active_downstream_connections": _MAX_CONNECTIONS,
                    },
                }
            ]
        },
        "static_resources": {
            "listeners": [_listener(policy, site, sources)],
            "clusters": [_cluster(sources), *([spans.receiver(site.traces)] if site.traces else [])],
        },
    }


def _listener(policy: Policy, site: Site, sources: Sources) -> dict[str, Any]:
    manager = _connection_manager(policy, site, sources)
    return {
        "name": "gateway",
        "address": site.listen.envoy(),
        "filter_chains": [{"filters": [{"name": "http", "typed_config": manager}], **sources.transport}],
    }


def _connection_manager(policy: Policy, site: Site, sources: Sources) -> dict[str, Any]:
    return {
        "@type": f"{_TYPE}envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager",
        "stat_prefix": "gateway",
        "server_name": "puerta",
        # Who calls is who is at the other end of the connection. With proxies in front it is who the outermost of them
        # says: that many entries from the end of x-forwarded-for, whatever a caller has written before them. No
        # internal_address_config: even an empty one makes Envoy trust private addresses, whose x-envoy-* headers
        # could then set deadlines and retries.
        "use_remote_address": True,
        "xff_num_trusted_hops": policy.environments["local"].trusted_hops,
        "early_header_mutation_extensions": [_own_headers(site.token)],
        # One spelling of a path: what is matched here is what the service sees.
        "normalize_path": True,
        "merge_slashes": True,
        "path_with_escaped_slashes_action": "REJECT_REQUEST",
        "max_request_headers_kb": 60,
        "common_http_protocol_options": {
            "headers_with_underscores_action": "REJECT_REQUEST",
            "max_headers_count": 100,
            "idle_timeout": "60s",
        },
        # With and without TLS, HTTP/2 for who speaks it; so much at once on one connection.
        "http2_protocol_options": {
            "max_concurrent_streams": 100,
            "initial_stream_window_size": 65_536,
            "initial_connection_window_size": 1_048_576,
        },
        # Against slow senders: for the headers, for the whole request, and for an answer that nobody takes.
        "request_headers_timeout": "10s",
        "request_timeout": "30s",
        "stream_idle_timeout": "60s",
        # A random id of our own for every request. No trace decision is packed into it.
        "always_set_request_id_in_response": True,
        "request_id_extension": {
            "typed_config": {
                "@type": f"{_TYPE}envoy.extensions.request_id.uuid.v3.UuidRequestIdConfig",
                "pack_trace_reason": False,
            }
        },
        "http_filters": [
            {"name": cors.CORS, **cors.cors_filter()},
            *({"name": name, **sources.filters[name]} for name in ORDER),
            {"name": filters.BODY, "typed_config": filters.body_filter(policy)},
            {
                "name": "router",
                "typed_config": {
                    "@type": f"{_TYPE}envoy.extensions.filters.http.router.v3.Router",
                    "suppress_envoy_headers": True,
                    "dynamic_stats": False,  # of each answer's status: the access log has them
                },
            },
        ],
        **sources.routes,
        **({"tracing": spans.tracing(site.traces)} if site.traces else {}),
        "local_reply_config": refusals.local_replies(),
        "access_log": [_access_log(path) for path in site.access_logs],
    }


def _own_headers(token: str) -> dict[str, Any]:
    """Before anything looks at a request: off with what speaks for the gateway, on with what the backend knows it by."""
    stripped = [
        {"remove_on_match": {"key_matcher": {"prefix": headers.FORGEABLE_PREFIX}}},
        *({"remove": name} for name in headers.FORGEABLE),
    ]
    known_by = {"header": {"key": headers.TOKEN, "value": token}, "append_action": "OVERWRITE_IF_EXISTS_OR_ADD"}
    added = [{"append": known_by}] if token else []
    return {
        "name": "own",
        "typed_config": {
            "@type": f"{_TYPE}envoy.extensions.http.early_header_mutation.header_mutation.v3.HeaderMutation",
            "mutations": [*stripped, *added],
        },
    }


def _access_log(path: Path) -> dict[str, Any]:
    """One JSON line a request, written in blocks; never the query, never a key."""
    return {
        "name": "file",
        "typed_config": {
            "@type": f"{_TYPE}envoy.extensions.access_loggers.file.v3.FileAccessLog",
            "path": str(path),
            "log_format": {
                "json_format": {
                    "time": "%START_TIME%",
                    "request_id": "%REQ(X-REQUEST-ID)%",
                    "client": f"%REQ({headers.CLIENT})%",
                    "address": "%DOWNSTREAM_REMOTE_ADDRESS_WITHOUT_PORT%",
                    "operation": "%ROUTE_NAME%",
                    "method": "%REQ(:METHOD)%",
                    "path": "%PATH(NQ)%",
                    "status": "%RESPONSE_CODE%",
                    "reason": "%RESPONSE_CODE_DETAILS%",
                    "bytes_in": "%BYTES_RECEIVED%",
                    "bytes_out": "%BYTES_SENT%",
                    # From the first byte of the request to the last of the answer, ...
                    "microseconds": "%COMMON_DURATION(DS_RX_BEG:DS_TX_END:us)%",
                    # of these until the whole request was there, ...
                    "received_microseconds": "%COMMON_DURATION(DS_RX_BEG:DS_RX_END:us)%",
                    "backend": "%UPSTREAM_HOST%",
                    # and from the first byte sent to the backend to the last of its answer, none without a backend.
                    "backend_microseconds": "%COMMON_DURATION(US_TX_BEG:US_RX_END:us)%",
                }
            },
        },
    }


def _cluster(sources: Sources) -> dict[str, Any]:
    breakers = {"max_connections": 1024, "max_pending_requests": 1024, "max_requests": 4096, "max_retries": 1024}
    return {
        "name": CLUSTER,
        **sources.instances,
        "connect_timeout": "1s",
        "lb_policy": "LEAST_REQUEST",
        # An instance that stops says so, goes on answering for a few seconds, and is left alone after one look.
        "health_checks": [
            {
                "http_health_check": {"path": "/health/ready"},
                "interval": "1s",
                "unhealthy_interval": "0.25s",  # so that one that is back is used at once
                "no_traffic_interval": "1s",
                "timeout": "1s",
                "unhealthy_threshold": 1,
                "healthy_threshold": 1,
            }
        ],
        # One that was taken off the list gets no more requests, however well it is, and ends those it has.
        "ignore_health_on_host_removal": True,
        # Nobody is ready: say so. Envoy would otherwise send requests to those that are not.
        "common_lb_config": {"healthy_panic_threshold": {"value": 0}},
        # One that is ready but fails all the same is left alone for some seconds, longer each time; never more than half
        # of them, so never the only one.
        "outlier_detection": {
            "consecutive_5xx": 5,
            "interval": "1s",
            "base_ejection_time": "5s",
            "max_ejection_time": "60s",
            "max_ejection_percent": 50,
            "enforcing_success_rate": 0,
            "successful_active_health_check_uneject_host": False,  # that it is ready does not mean that it works
        },
        # The default of three retries at once would drop requests when an instance dies under load.
        "circuit_breakers": {"thresholds": [breakers]},
        "typed_extension_protocol_options": {
            "envoy.extensions.upstreams.http.v3.HttpProtocolOptions": {
                "@type": f"{_TYPE}envoy.extensions.upstreams.http.v3.HttpProtocolOptions",
                "explicit_http_config": {"http_protocol_options": {}},
                # Shorter than the service's own, or a request could meet a connection that is just being closed.
                "common_http_protocol_options": {"idle_timeout": "60s"},
                # 503 is an instance that has enough to do: to take it out would leave the others even more.
                "outlier_detection": {
                    "error_matcher": {"or_match": {"rules": [_answered(n) for n in (500, 502, 504)]}}
                },
            }
        },
    }


def _answered(status: int) -> dict[str, Any]:
    headers = [{"name": ":status", "string_match": {"exact": str(status)}}]
    return {"http_response_headers_match": {"headers": headers}}
