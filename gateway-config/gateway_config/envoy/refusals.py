"""What the gateway answers by itself: the statuses and messages that GCP API Gateway documents, in its shape.

The shape is ``{"code": 404, "message": "..."}``; the messages are word for word those of the managed gateway, so that a
caller need not know which of the two refused it.
"""

from typing import Any, NamedTuple

from gateway_config.envoy import headers
from gateway_config.envoy.limits import ADDRESS_RATE, QUOTAS, RATES


class Refusal(NamedTuple):
    """A status and the text of its message."""

    status: int
    message: str


NO_KEY = Refusal(
    401,
    "UNAUTHENTICATED: Method doesn't allow unregistered callers (callers without established identity). "
    "Please use API Key or other form of API consumer identity to call this API.",
)
INVALID_KEY = Refusal(400, "INVALID_ARGUMENT: API key not valid. Please pass a valid API key.")
EXPIRED_KEY = Refusal(400, "INVALID_ARGUMENT: API key expired. Please renew the API key.")
NOT_GRANTED = Refusal(
    403, "PERMISSION_DENIED:  The API targeted by this request is invalid for the given API key."
)  # the two blanks are the managed gateway's
BLOCKED = Refusal(403, "PERMISSION_DENIED: IP address blocked.")
UNKNOWN_PATH = Refusal(404, "The current request is not defined by this API.")
BAD_PATH = Refusal(400, "INVALID_ARGUMENT: The path holds an escaped slash.")
TOO_FAST = Refusal(429, "RESOURCE_EXHAUSTED: The client's rate of requests is used up. Please slow down.")
TOO_MANY = Refusal(429, "RESOURCE_EXHAUSTED: The client's requests of the day are used up.")
ADDRESS_TOO_FAST = Refusal(429, "RESOURCE_EXHAUSTED: Too many requests come from this address. Please slow down.")
CHECK_FAILED = Refusal(503, "UNAVAILABLE: The API key could not be checked. Please try again later.")


def wrong_method(template: str) -> Refusal:
    """The refusal of a method that an operation's path does not have."""
    return Refusal(
        405,
        f'The current request is matched to the defined url template "{template}" but its http method is not allowed',
    )


def local_replies() -> dict[str, Any]:
    """Envoy's ``LocalReplyConfig``: one shape for whatever the gateway answers by itself.

    The first mapper that matches decides. A request without ``x-gateway-client`` that the address rule stopped is one
    whose key was never checked, because that filter failed: our fault, not the caller's.
    """
    stopped = "response.code_details.startsWith('rbac_access_denied')"
    anonymous = f"!('{headers.CLIENT}' in request.headers)"
    return {
        "mappers": [
            _mapper(_expression(f"{stopped} && {anonymous}"), CHECK_FAILED, _RETRY_AFTER),
            _mapper(_NO_FILTER, CHECK_FAILED, _RETRY_AFTER),
            _mapper(_expression(stopped), BLOCKED),
            _mapper(
                _expression("response.code_details in ['route_not_found', 'absolute_path_rejected']"), UNKNOWN_PATH
            ),
            _mapper(_expression("response.code_details == 'path_normalization_failed'"), BAD_PATH),
            *(_mapper(_limited_by(name), refusal) for name, refusal in _LIMITED.items()),
            {"filter": _UNAVAILABLE, "headers_to_add": _RETRY_AFTER},
        ],
        "body_format": {"json_format": {"code": "%RESPONSE_CODE%", "message": "%LOCAL_REPLY_BODY%"}},
    }


# By which limit's filter it was that said so.
_LIMITED = {ADDRESS_RATE: ADDRESS_TOO_FAST, RATES: TOO_FAST, QUOTAS: TOO_MANY}
_RETRY_AFTER = [{"header": {"key": "retry-after", "value": "1"}}]
_NO_FILTER = {"response_flag_filter": {"flags": ["NFCF"]}}  # the file that says what a filter does was not usable
_UNAVAILABLE = {
    "status_code_filter": {"comparison": {"op": "EQ", "value": {"default_value": 503, "runtime_key": "unavailable"}}}
}


def _expression(text: str) -> dict[str, Any]:
    return {
        "extension_filter": {
            "name": "envoy.access_loggers.extension_filters.cel",
            "typed_config": {
                "@type": "type.googleapis.com/envoy.extensions.access_loggers.filters.cel.v3.ExpressionFilter",
                "expression": text,
            },
        }
    }


def _limited_by(name: str) -> dict[str, Any]:
    return _expression(
        f"response.code_details == 'local_rate_limited' && response.headers['{headers.LIMIT}'] == '{name}'"
    )


def _mapper(condition: dict[str, Any], refusal: Refusal, added: list[dict[str, Any]] | None = None) -> dict[str, Any]:
    return {
        "filter": condition,
        "status_code": refusal.status,
        "body": {"inline_string": refusal.message},
        "headers_to_add": added or [],
    }
