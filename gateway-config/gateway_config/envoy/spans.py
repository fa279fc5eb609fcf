"""Spans: which requests are traced, what is said of them, and where that is sent.

The receiver speaks OTLP over HTTP (https://opentelemetry.io/docs/specs/otlp/#otlphttp). A caller's ``traceparent``
decides whether its request is traced, else the ratio does; the backend is told through its own ``traceparent``.
Without a receiver there are no spans, and a caller's ``traceparent`` reaches the backend as it is.
"""

import ssl
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from gateway_config.envoy import headers

CLUSTER = "traces"

_TYPE = "type.googleapis.com/"
_SAMPLERS = f"{_TYPE}envoy.extensions.tracers.opentelemetry.samplers.v3"
_TIMEOUT = "5s"
_AUTHORITIES = ("/etc/ssl/certs/ca-certificates.crt", "/etc/pki/tls/certs/ca-bundle.crt", "/etc/ssl/cert.pem")


@dataclass(frozen=True)
class Traces:
    """The receiver's URL, the share of requests that are traced where no ``traceparent`` says, the receiver's headers."""

    endpoint: str
    ratio: float
    headers: tuple[tuple[str, str], ...] = field(default=(), repr=False)


def tracing(traces: Traces) -> dict[str, Any]:
    """Envoy's ``HttpConnectionManager.Tracing``.

    Envoy's own ``http.url`` holds the query, in which a caller may by mistake have put a key: it is cut off behind the
    host, and the path stands beside it. A span is the gateway's and, as the backend's parent, its call of the backend.
    """
    said = {
        "puerta.operation": "%ROUTE_NAME%",
        "url.path": "%PATH(NQ)%",
        "puerta.client": f"%REQ({headers.CLIENT})%",
        "puerta.request_id": "%REQ(X-REQUEST-ID)%",
    }
    return {
        "provider": {
            "name": "opentelemetry",
            "typed_config": {
                "@type": f"{_TYPE}envoy.config.trace.v3.OpenTelemetryConfig",
                "service_name": "gateway",
                "http_service": {
                    "http_uri": {"uri": traces.endpoint, "cluster": CLUSTER, "timeout": _TIMEOUT},
                    "request_headers_to_add": [_header(*pair) for pair in traces.headers],
                },
                "sampler": _sampler(traces.ratio),
            },
        },
        "operation": "%ROUTE_NAME%",
        "max_path_tag_length": 0,
        "custom_tags": [{"tag": tag, "value": value} for tag, value in said.items()],
    }


def _header(name: str, value: str) -> dict[str, Any]:
    return {"header": {"key": name, "value": value.replace("%", "%%")}}  # Envoy's formats begin with one


def _sampler(ratio: float) -> dict[str, Any]:
    """As OpenTelemetry's own: the parent decides, and where there is none, the trace's identifier.

    Envoy's sampling stays at its default of everything. Were it left to decide, it would outvote the parent.
    """
    share = {"numerator": round(ratio * 1_000_000), "denominator": "MILLION"}
    by_identifier = {"@type": f"{_SAMPLERS}.TraceIdRatioBasedSamplerConfig", "sampling_percentage": share}
    by_parent = {
        "@type": f"{_SAMPLERS}.ParentBasedSamplerConfig",
        "wrapped_sampler": {"name": "ratio", "typed_config": by_identifier},
    }
    return {"name": "parent", "typed_config": by_parent}


def receiver(traces: Traces) -> dict[str, Any]:
    """Envoy's ``Cluster`` of the receiver."""
    url = urlsplit(traces.endpoint)
    secure = url.scheme == "https"
    address = {"address": url.hostname, "port_value": url.port or (443 if secure else 80)}
    cluster = {
        "name": CLUSTER,
        "type": "STRICT_DNS",
        "dns_lookup_family": "V4_PREFERRED",  # of localhost, Envoy would otherwise know ::1 only
        "wait_for_warm_on_init": False,  # nobody waits for a trace
        "connect_timeout": "1s",
        "load_assignment": {
            "cluster_name": CLUSTER,
            "endpoints": [{"lb_endpoints": [{"endpoint": {"address": {"socket_address": address}}}]}],
        },
    }
    return cluster | ({"transport_socket": _verified(url.hostname or "")} if secure else {})


def _verified(name: str) -> dict[str, Any]:
    """TLS to a receiver whose certificate is for ``name`` and of an authority that this machine trusts."""
    is_address = ":" in name or name.replace(".", "").isdigit()
    names = [{"san_type": "IP_ADDRESS" if is_address else "DNS", "matcher": {"exact": name}}]
    return {
        "name": "tls",
        "typed_config": {
            "@type": f"{_TYPE}envoy.extensions.transport_sockets.tls.v3.UpstreamTlsContext",
            **({} if is_address else {"sni": name}),
            "common_tls_context": {
                "validation_context": {
                    "trusted_ca": {"filename": _authorities()},
                    "match_typed_subject_alt_names": names,
                }
            },
        },
    }


def _authorities() -> str:
    """The file of the authorities that this machine trusts: ``SSL_CERT_FILE``, or where systems have theirs."""
    own = ssl.get_default_verify_paths().cafile
    return own or next((path for path in _AUTHORITIES if Path(path).exists()), _AUTHORITIES[0])


def runtime() -> dict[str, Any]:
    """Envoy's ``LayeredRuntime``: spans are sent together, as one message costs about as much as a hundred requests."""
    values = {"tracing.opentelemetry.flush_interval_ms": 1000, "tracing.opentelemetry.min_flush_spans": 500}
    return {"layers": [{"name": "spans", "static_layer": values}]}
