"""The JSON Schema of ``policy.yaml``, by which an editor completes and explains it while it is written.

It is made of the policy's types, so that both say the same. ``check`` sees more: lines, contradictions, the service.
"""

from typing import Any, Final

import msgspec

from gateway_config.gcp.marks import MARKS
from gateway_config.policy.model import Client, Defaults, Environment, Operation, PolicyKey, Rate, Tls
from gateway_config.policy.reading import CLIENT, ENVIRONMENT, OPERATION_ID

TYPES: Final = (Rate, Defaults, Operation, PolicyKey, Client, Tls, Environment)

DESCRIPTIONS: Final = {
    "Rate": "A bucket of tokens: a request takes as many as its operation costs, and is refused where there are too few.",
    "Defaults": "What an operation or a client gets where it says nothing else.",
    "Operation": "One thing a caller can ask for.",
    "PolicyKey": "A key that is known by its hash: either of the two.",
    "Client": "Who may call, from where, what and how often.",
    "Tls": "The gateway's certificate, and whether callers need one.",
    "Environment": "Where a gateway runs, and what is around it.",
    "Rate.per_second": "Tokens that are gained every second.",
    "Rate.burst": "Tokens that can be saved up: so many requests may come at once.",
    "Defaults.deadline_seconds": "Seconds that the backend has to answer.",
    "Defaults.max_body_bytes": "Largest body of a request, in bytes.",
    "Defaults.rate": "How fast a client may ask that has no rate of its own. Left out: as fast as it likes.",
    "Defaults.daily_quota": "Requests a day of a client that has no quota of its own. Left out: any number.",
    "Defaults.address_rate": "How fast one address may ask, before its key is looked at. Left out: as fast as it likes.",
    "Operation.method": "The method, as in the service's OpenAPI document.",
    "Operation.path": "The path template, as in the service's OpenAPI document; parameters are whole segments.",
    "Operation.access": "keyed: only with a client's key. public: everybody.",
    "Operation.deadline_seconds": "Seconds that the backend has for this operation. Left out: the default.",
    "Operation.max_body_bytes": "Largest body for this operation, in bytes. Left out: the default.",
    "Operation.cost": "How many requests of its client's rate and quota one of it counts for.",
    "Operation.cacheable": "Whether caches between the gateway and its callers may keep the answers.",
    "PolicyKey.sha256": "SHA-256 of the key, in hexadecimal.",
    "PolicyKey.hmac_sha256": "HMAC-SHA-256 of the key under the pepper, in hexadecimal.",
    "PolicyKey.prefix": "How the key begins, to tell it from others by eye.",
    "PolicyKey.created": "The day on which it was made.",
    "PolicyKey.expires": "The first day on which it is refused.",
    "PolicyKey.note": "What a reader should know of it.",
    "Client.owner": "Who answers for the client.",
    "Client.cidrs": "Networks that it may call from, IPv4 and IPv6; any: from everywhere.",
    "Client.operations": "Operations that it may ask for, by name; all: every one that takes a key.",
    "Client.models": "Models that it may ask by their name in the path; all: every one.",
    "Client.contact": "Where the owner is reached: an address, a channel, a number.",
    "Client.rate": "How fast it may ask. Left out: the default.",
    "Client.daily_quota": "Requests that it has a day. Left out: the default.",
    "Client.keys": "Keys known by their hashes, beside those of the key store; two live ones at most.",
    "Tls.certificate": "The gateway's certificate chain, a PEM file; its path is relative to the policy.",
    "Tls.private_key": "The certificate's key, a PEM file; its path is relative to the policy.",
    "Tls.generated": "Make a certificate of this machine's own.",
    "Tls.client_ca": "Who signs callers' certificates, a PEM file: without such a certificate nobody connects.",
    "Environment.backends": "Where the service answers: address:port each; for gcp one https URL or Terraform variable.",
    "Environment.trusted_hops": "How many proxies in front of the gateway write x-forwarded-for.",
    "Environment.cors_origins": "Origins whose pages may call from a browser, such as https://example.com.",
    "Environment.tls": "The gateway's certificate. Left out: plain HTTP, or the environment's own.",
    "Environment.accepts": "Rules that this environment can't hold as written, each with why that is acceptable.",
}


def policy_schema() -> dict[str, Any]:
    """JSON Schema 2020-12 of a policy."""
    _, components = msgspec.json.schema_components(TYPES, ref_template="#/$defs/{name}")
    for name, component in components.items():
        component.pop("description", None)  # the docstring, which -OO takes away
        component["description"] = DESCRIPTIONS[name]
        for field, schema in component["properties"].items():
            schema["description"] = DESCRIPTIONS[f"{name}.{field}"]
    rules = {mark.rule: {"type": "string", "minLength": 1, "description": mark.how} for mark in MARKS}
    accepts = components["Environment"]["properties"]["accepts"]
    accepts |= {"properties": rules, "additionalProperties": False}
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Gateway policy",
        "description": "Who may call what, from where, how often and how large.",
        "type": "object",
        "required": ["version", "defaults", "operations", "clients", "environments"],
        "additionalProperties": False,
        "properties": {
            "version": {"const": 1},
            "defaults": {"$ref": "#/$defs/Defaults"},
            "operations": _section("Operations, by operationId of the service's document.", "Operation", OPERATION_ID),
            "clients": _section("Who may call, by name.", "Client", CLIENT),
            "environments": _section("Where a gateway runs.", "Environment", ENVIRONMENT) | {"required": ["local"]},
        },
        "$defs": components,
    }


def _section(description: str, kind: str, names: str) -> dict[str, Any]:
    return {
        "description": description,
        "type": "object",
        "propertyNames": {"pattern": f"^({names})$"},
        "additionalProperties": {"$ref": f"#/$defs/{kind}"},
    }
