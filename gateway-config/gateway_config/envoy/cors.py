"""CORS: the web pages that may call, by origin, and what their browsers are told before they do.

It guards nobody but the browsers' users. Who calls without one is held by key and address, with an ``Origin`` or not.
The protocol: https://fetch.spec.whatwg.org/#http-cors-protocol
"""

import re
from collections.abc import Iterable
from typing import Any

from gateway_config.envoy import headers

CORS = "cors"
PREFLIGHT = "cors-preflight"  # a route's name, and no operation's: those have no hyphen
ANY = "*"  # every origin

_TYPE = "type.googleapis.com/envoy.extensions.filters.http.cors.v3"
_SENT = ("content-type", headers.KEY, "traceparent", "tracestate")
_SHOWN = ("x-request-id", "retry-after", "traceparent", headers.LIMIT)
_REMEMBERED = 7200  # seconds; no browser keeps an answer for longer

# The route of a preflight has to lead somewhere, or Envoy's filter would not look at it: to the cluster that a header
# names, one that callers can't send and nobody sets.
_NOWHERE = f"{headers.FORGEABLE_PREFIX}nowhere"


def cors_filter() -> dict[str, Any]:
    """Answers preflights, and tells browsers that they may show an answer, a refusal too: in front of all that refuse.

    Where the routes name no origin it is off, and costs nothing.
    """
    return {"typed_config": {"@type": f"{_TYPE}.Cors"}, "disabled": True}


def of_virtual_host(origins: Iterable[str]) -> dict[str, Any]:
    """What holds for every route. An answer that differs by origin says so, or a cache would give one to another."""
    allowed = [{"exact": origin} for origin in origins]
    if not allowed:
        return {}
    policy = {
        "@type": f"{_TYPE}.CorsPolicy",
        "allow_origin_string_match": allowed,
        "allow_headers": ", ".join(_SENT),
        "expose_headers": ", ".join(_SHOWN),
        "max_age": str(_REMEMBERED),
    }
    vary = {"header": {"key": "vary", "value": "origin"}, "append_action": "APPEND_IF_EXISTS_OR_ADD"}
    return {"typed_per_filter_config": {CORS: policy}, "response_headers_to_add": [vary]}


def preflight_routes(match: dict[str, Any], methods: Iterable[str], origins: Iterable[str]) -> list[dict[str, Any]]:
    """The route of a path's preflights from the origins; none where there are none.

    Key and address filters stay on: were the CORS filter to let a preflight pass, they would refuse it.
    """
    origins = tuple(origins)
    if not origins:
        return []
    known = ".+" if ANY in origins else "|".join(map(re.escape, origins))
    asked = [
        {"name": ":method", "string_match": {"exact": "OPTIONS"}},
        {"name": "origin", "string_match": {"safe_regex": {"regex": known}}},
        {"name": "access-control-request-method", "string_match": {"safe_regex": {"regex": ".+"}}},
    ]
    return [
        {
            "name": PREFLIGHT,
            "match": match | {"headers": asked},
            "route": {"cluster_header": _NOWHERE},
            "typed_per_filter_config": {
                CORS: {"@type": f"{_TYPE}.CorsPolicy", "allow_methods": ", ".join(sorted(methods))}
            },
        }
    ]
