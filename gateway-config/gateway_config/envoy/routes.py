"""From operations to Envoy's routes: for each path its operations, then 405; at the end 404 for everything else."""

import re
from typing import Any

from gateway_config.envoy import caching, cors, headers
from gateway_config.envoy.bootstrap import CLUSTER, ROUTES
from gateway_config.envoy.filters import ADDRESSES, BODY, KEYS
from gateway_config.envoy.limits import COST, METADATA, QUOTAS, RATES
from gateway_config.envoy.refusals import UNKNOWN_PATH, Refusal, wrong_method
from gateway_config.policy.model import Operation, Policy

_TYPE = "type.googleapis.com/"
_OFF = {"@type": f"{_TYPE}envoy.config.route.v3.FilterConfig", "disabled": True}
_OPEN = {KEYS: _OFF, ADDRESSES: _OFF, RATES: _OFF, QUOTAS: _OFF}


def route_configuration(policy: Policy) -> dict[str, Any]:
    """Envoy's ``RouteConfiguration``.

    The key is taken off what goes to the backend.
    A request that matches no route at all (there is none for ``CONNECT``) meets the filters as if it were keyed.
    """
    return {
        "name": ROUTES,
        "request_headers_to_remove": [headers.KEY],
        "virtual_hosts": [
            {
                "name": "gateway",
                "domains": ["*"],
                "routes": _routes(policy),
                "retry_policy": _retry_policy(),
                **cors.of_virtual_host(policy.environments["local"].cors_origins),
            }
        ],
    }


def _routes(policy: Policy) -> list[dict[str, Any]]:
    """Paths without a parameter first: Envoy takes the first route that matches, OpenAPI the narrowest path."""
    paths: dict[str, list[str]] = {}
    for name, operation in sorted(policy.operations.items(), key=lambda item: "{" in item[1].path):
        paths.setdefault(operation.path, []).append(name)
    routes = []
    for template, names in paths.items():
        allowed = sorted(policy.operations[name].method for name in names)
        for match in _matches(template):
            routes += [_operation_route(policy, name, policy.operations[name], match) for name in names]
            routes += cors.preflight_routes(match, allowed, policy.environments["local"].cors_origins)
            routes.append(_refusal_route(match, wrong_method(template), {"allow": ", ".join(allowed)}))
    routes.append(_refusal_route({"prefix": "/"}, UNKNOWN_PATH, {}))
    return routes


def _matches(template: str) -> list[dict[str, Any]]:
    """How a path is recognised: with and without a slash at its end, as the managed gateway does."""
    if "{" in template:
        pattern = re.sub(r"\\\{\w+\\\}", "[^/]+", re.escape(template))
        return [{"safe_regex": {"regex": f"{pattern}/?"}}]
    return [{"path": template}] + ([{"path": f"{template}/"}] if template != "/" else [])


def _operation_route(policy: Policy, name: str, operation: Operation, match: dict[str, Any]) -> dict[str, Any]:
    buffer = {"max_request_bytes": policy.max_body_bytes(operation)}
    body = {"@type": f"{_TYPE}envoy.extensions.filters.http.buffer.v3.BufferPerRoute", "buffer": buffer}
    return {
        "name": name,
        "match": match | {"headers": [{"name": ":method", "string_match": {"exact": operation.method}}]},
        "route": {"cluster": CLUSTER, "timeout": f"{policy.deadline(operation):g}s"},
        "metadata": {"filter_metadata": {METADATA: {COST: operation.cost}}},
        "response_headers_to_add": caching.answer_headers(operation),
        "typed_per_filter_config": {BODY: body} if operation.keyed else {BODY: body, **_OPEN},
    }


def _refusal_route(match: dict[str, Any], refusal: Refusal, answer_headers: dict[str, str]) -> dict[str, Any]:
    return {
        "match": match,
        "direct_response": {"status": refusal.status, "body": {"inline_string": refusal.message}},
        "response_headers_to_add": [
            caching.NO_STORE,
            *({"header": {"key": name, "value": value}} for name, value in answer_headers.items()),
        ],
        "typed_per_filter_config": _OPEN,
    }


def _retry_policy() -> dict[str, Any]:
    """One more try, on another instance if there is one, where the first gave no answer at all; POST included."""
    return {
        "retry_on": "connect-failure,refused-stream,reset",
        "num_retries": 1,
        "retry_back_off": {"base_interval": "0.005s"},
        "retry_host_predicate": [
            {
                "name": "envoy.retry_host_predicates.previous_hosts",
                "typed_config": {
                    "@type": f"{_TYPE}envoy.extensions.retry.host.previous_hosts.v3.PreviousHostsPredicate"
                },
            }
        ],
        # An instance that has died has the fewest requests under way, so that three draws of four fall on it: drawn
        # anew until it is another one, at most this often.
        "host_selection_retry_max_attempts": 100,
    }
