"""What caches between the gateway and its callers are told: https://www.rfc-editor.org/rfc/rfc9111#section-5.2.2."""

from typing import Any

from gateway_config.envoy import headers
from gateway_config.policy.model import Operation

NO_STORE = {"header": {"key": "cache-control", "value": "no-store"}, "append_action": "ADD_IF_ABSENT"}

# Caches know that an answer to `authorization` is for one caller only, and nothing of this header.
_BY_KEY = {"header": {"key": "vary", "value": headers.KEY}, "append_action": "APPEND_IF_EXISTS_OR_ADD"}


def answer_headers(operation: Operation) -> list[dict[str, Any]]:
    """Envoy's ``response_headers_to_add``.

    A cacheable operation says what the backend says; if it is keyed, a cache must not give its answers to others. Any
    other operation's answers are not kept, unless the backend itself says otherwise.
    """
    if not operation.cacheable:
        return [NO_STORE]
    return [_BY_KEY] if operation.keyed else []
