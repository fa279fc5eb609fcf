"""The filters that decide who gets in, in the order in which a request meets them: key, address, body."""

import re
from collections.abc import Iterable
from importlib.resources import files
from typing import Any

from gateway_config.envoy import headers, refusals
from gateway_config.keys.store import Key, policy_keys
from gateway_config.policy.model import Client, Network, Operation, Policy

KEYS = "keys"
ADDRESSES = "addresses"
BODY = "body"

MODEL = "{model}"  # the path parameter that a client's allowed models are about

LUA = "type.googleapis.com/envoy.extensions.filters.http.lua.v3.Lua"
RBAC = "type.googleapis.com/envoy.extensions.filters.http.rbac.v3.RBAC"
BUFFER = "type.googleapis.com/envoy.extensions.filters.http.buffer.v3.Buffer"


def keys_filter(policy: Policy, keys: Iterable[Key]) -> dict[str, Any]:
    """Names the client by the key's hash; revoked keys, and those of clients that the policy does not know, are left out.

    The script is told hashes, when they end, and the clients' names and grants, nothing else of them. The route stays the
    one that was found before: looking for it again would cost as much as the filter does.
    """
    told = [key for key in (*policy_keys(policy), *keys) if key.client in policy.clients and key.revoked is None]
    known = [_known(key, policy.clients[key.client]) for key in told]
    segments = {name: _model_segment(operation) for name, operation in policy.operations.items()}
    said = {
        "no_key": refusals.NO_KEY,
        "invalid_key": refusals.INVALID_KEY,
        "expired_key": refusals.EXPIRED_KEY,
        "not_granted": refusals.NOT_GRANTED,
    }
    tables = [
        "local KEYS = {",
        *known,
        "}",
        "local MODEL_SEGMENTS = {",
        *(f"  {name} = {segment}," for name, segment in segments.items() if segment),
        "}",
        "local REFUSALS = {",
        *(f'  {name} = {{ status = "{r.status}", message = "{r.message}" }},' for name, r in said.items()),
        "}",
        "",
    ]
    script = files("gateway_config.envoy").joinpath("keys.lua").read_text(encoding="utf-8")
    return {
        "@type": LUA,
        "default_source_code": {"inline_string": "\n".join(tables) + script},
        "clear_route_cache": False,
    }


def _known(key: Key, client: Client) -> str:
    fields = [f'client = "{key.client}"']
    fields.append(f'sha256 = "{key.sha256}"' if key.sha256 else f'hmac_sha256 = "{key.hmac_sha256}"')
    if key.expires is not None:
        fields.append(f"expires = {int(key.expires.timestamp())}")
    if client.operations != "all":
        fields.append(f"operations = {_set(client.operations)}")
    if client.models != "all":
        fields.append(f"models = {_set(client.models)}")
    return f"  {{ {', '.join(fields)} }},"


def _set(names: Iterable[str]) -> str:
    """A set in Lua. Whatever is in a name stays a text there."""

    def quoted(odd: re.Match[str]) -> str:
        return "".join(f"\\{byte:03}" for byte in odd[0].encode())

    entries = (re.sub(r"[^A-Za-z0-9_.-]", quoted, name) for name in names)
    return "{ " + ", ".join(f'["{entry}"] = true' for entry in entries) + " }"


def _model_segment(operation: Operation) -> int | None:
    """Which segment of the operation's path, counted from one, names the model."""
    segments = operation.path.split("/")
    return segments.index(MODEL) if MODEL in segments else None


def addresses_filter(policy: Policy) -> dict[str, Any]:
    """Lets a client in from its own networks only, and nobody whose key was not found."""
    return {
        "@type": RBAC,
        "rules": {
            "action": "ALLOW",
            "policies": {
                name: {"permissions": [{"any": True}], "principals": [_principal(name, client)]}
                for name, client in policy.clients.items()
            },
        },
    }


def _principal(name: str, client: Client) -> dict[str, Any]:
    is_client = {"header": {"name": headers.CLIENT, "string_match": {"exact": name}}}
    is_near = {"or_ids": {"ids": [{"remote_ip": _cidr(network)} for network in client.networks]}}
    return {"and_ids": {"ids": [is_client, is_near]}}


def _cidr(network: Network) -> dict[str, Any]:
    return {"address_prefix": str(network.network_address), "prefix_len": network.prefixlen}


def body_filter(policy: Policy) -> dict[str, Any]:
    """Takes in a whole body, up to the operation's limit, before the backend hears of the request.

    So a slow sender never holds a place in the service, and a request can be tried again on another instance.
    """
    return {"@type": BUFFER, "max_request_bytes": policy.defaults.max_body_bytes}
