"""Envoy's bootstrap: one listener, the filters, the routes, the service's instances, and the admin port."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gateway_config import filters, headers, refusals
from gateway_config.policy import Policy
from gateway_config.routes import CLUSTER, route_configuration

ADMIN_PATHS = ("/ready", "/stats", "/clusters", "/listeners", "/drain_listeners", "/healthcheck/fail", "/reopen_logs")

_TYPE = "type.googleapis.com/"
_MAX_CONNECTIONS = 10_000


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
    access_log: Path


def bootstrap(policy: Policy, site: Site, deciding: dict[str, dict[str, Any]]) -> dict[str, Any]:
    """The whole configuration. ``deciding`` says for each filter of ``filters`` where its part comes from."""
    return {
        "node": {"id": "gateway", "cluster": "puerta"},  # Envoy reads no file that changes without them
        "admin": {
            "address": site.admin.envoy(),
            # The rest would show the configuration, with the run's secret in it, or end the gateway.
            "allow_paths": [{"prefix": path} for path in ADMIN_PATHS],
        },
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
            "listeners": [_listener(policy, site, deciding)],
            "clusters": [_cluster(site.backends)],
        },
    }


def _listener(policy: Policy, site: Site, deciding: dict[str, dict[str, Any]]) -> dict[str, Any]:
    manager = _connection_manager(policy, site, deciding)
    return {
        "name": "gateway",
        "address": site.listen.envoy(),
        "filter_chains": [{"filters": [{"name": "http", "typed_config": manager}]}],
    }


def _connection_manager(policy: Policy, site: Site, deciding: dict[str, dict[str, Any]]) -> dict[str, Any]:
    return {
        "@type": f"{_TYPE}envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager",
        "stat_prefix": "gateway",
        "server_name": "puerta",
        # Who calls is who is at the other end of the connection, and nobody is trusted to say otherwise. No
        # internal_address_config: even an empty one makes Envoy trust private addresses, whose x-envoy-* headers
        # could then set deadlines and retries.
        "use_remote_address": True,
        "early_header_mutation_extensions": [_strip_forgeable()],
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
            {"name": filters.KEYS, **deciding[filters.KEYS]},
            {"name": filters.ADDRESSES, **deciding[filters.ADDRESSES]},
            {"name": filters.BODY, "typed_config": filters.body_filter(policy)},
            {
                "name": "router",
                "typed_config": {
                    "@type": f"{_TYPE}envoy.extensions.filters.http.router.v3.Router",
                    "suppress_envoy_headers": True,
                },
            },
        ],
        "route_config": route_configuration(policy, site.token),
        "local_reply_config": refusals.local_replies(),
        "access_log": [_access_log(site.access_log)],
    }


def _strip_forgeable() -> dict[str, Any]:
    prefix = {"remove_on_match": {"key_matcher": {"prefix": headers.FORGEABLE_PREFIX}}}
    return {
        "name": "strip",
        "typed_config": {
            "@type": f"{_TYPE}envoy.extensions.http.early_header_mutation.header_mutation.v3.HeaderMutation",
            "mutations": [prefix, *({"remove": name} for name in headers.FORGEABLE)],
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
                    "milliseconds": "%DURATION%",
                    "backend": "%UPSTREAM_HOST%",
                    "backend_milliseconds": "%RESPONSE_DURATION%",
                }
            },
        },
    }


def _cluster(backends: tuple[Address, ...]) -> dict[str, Any]:
    limits = {"max_connections": 1024, "max_pending_requests": 1024, "max_requests": 4096, "max_retries": 1024}
    return {
        "name": CLUSTER,
        "type": "STATIC",
        "connect_timeout": "1s",
        "lb_policy": "LEAST_REQUEST",
        "load_assignment": {
            "cluster_name": CLUSTER,
            "endpoints": [
                {"lb_endpoints": [{"endpoint": {"address": backend.envoy()}} for backend in backends]},
            ],
        },
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
        # Nobody is ready: say so. Envoy would otherwise send requests to those that are not.
        "common_lb_config": {"healthy_panic_threshold": {"value": 0}},
        # The default of three retries at once would drop requests when an instance dies under load.
        "circuit_breakers": {"thresholds": [limits]},
        "typed_extension_protocol_options": {
            "envoy.extensions.upstreams.http.v3.HttpProtocolOptions": {
                "@type": f"{_TYPE}envoy.extensions.upstreams.http.v3.HttpProtocolOptions",
                "explicit_http_config": {"http_protocol_options": {}},
                # Shorter than the service's own, or a request could meet a connection that is just being closed.
                "common_http_protocol_options": {"idle_timeout": "60s"},
            }
        },
    }
