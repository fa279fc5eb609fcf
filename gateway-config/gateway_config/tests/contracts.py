"""A small service for the tests: its OpenAPI document, and policies for it."""

from typing import Any

import msgspec
from hypothesis import strategies as st

from gateway_config.policy.contract import Contract
from gateway_config.policy.model import Policy

ANSWER = {"200": {"$ref": "#/components/responses/Answer"}}
MODEL = {"name": "model", "in": "path", "required": True, "schema": {"type": "string", "enum": ["small", "large"]}}

DOCUMENT: dict[str, Any] = {
    "openapi": "3.1.0",
    "info": {"title": "A service", "version": "1", "description": "Costs ${much} and 100 %{of} it."},
    "tags": [{"name": "models"}, {"name": "health"}],
    "security": [{"Other": []}],
    "paths": {
        "/predict": {
            "post": {
                "operationId": "predict",
                "summary": "Predict",
                "tags": ["models"],
                "requestBody": {"content": {"application/json": {"schema": {"$ref": "#/components/schemas/Row"}}}},
                "responses": ANSWER,
            }
        },
        "/models/{model}": {
            "parameters": [MODEL],
            "get": {"operationId": "get_model", "tags": ["models"], "parameters": [MODEL], "responses": ANSWER},
            "delete": {
                "operationId": "delete_model",
                "tags": ["models"],
                "parameters": [MODEL],
                "responses": {
                    "204": {"description": "Gone", "headers": {"x-was": {"$ref": "#/components/headers/Was"}}}
                },
            },
        },
        "/health": {
            "get": {
                "operationId": "health",
                "tags": ["health"],
                "security": [],
                "responses": {"200": {"description": "Well"}},
            }
        },
    },
    "components": {
        "schemas": {
            "Row": {"type": "array", "items": {"$ref": "#/components/schemas/Number"}},
            "Number": {"type": "number"},
            "Answer": {"anyOf": [{"$ref": "#/components/schemas/Number"}, {"$ref": "#/components/schemas/Answer"}]},
        },
        "responses": {
            "Answer": {
                "description": "An answer",
                "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Answer"}}},
            }
        },
        "headers": {"Was": {"schema": {"type": "string"}}},
        "securitySchemes": {"Other": {"type": "http", "scheme": "basic"}},
    },
}

POLICY: dict[str, Any] = {
    "version": 1,
    "defaults": {"deadline_seconds": 15, "max_body_bytes": 1000},
    "operations": {
        "predict": {"method": "POST", "path": "/predict", "cost": 3},
        "get_model": {"method": "GET", "path": "/models/{model}", "deadline_seconds": 0.5},
        "delete_model": {"method": "DELETE", "path": "/models/{model}"},
        "health": {"method": "GET", "path": "/health", "access": "public", "deadline_seconds": 2},
    },
    "clients": {
        "near": {"owner": "tests", "cidrs": ["127.0.0.1/32", "::1/128"], "operations": "all"},
        "acme": {
            "owner": "Acme",
            "cidrs": ["203.0.113.0/24"],
            "operations": "all",
            "rate": {"per_second": 2, "burst": 5},
        },
    },
    "environments": {"local": {"backends": ["127.0.0.1:8001"]}, "gcp": {"backends": ["${backend_url}"]}},
}


def contract() -> Contract:
    """The small service's."""
    return Contract.of(DOCUMENT)


def policy(**changes: Any) -> Policy:
    """The small service's policy, with fields such as ``clients__acme__cidrs`` set otherwise; None takes one out."""
    return msgspec.convert(policy_data(**changes), Policy)


def policy_data(**changes: Any) -> dict[str, Any]:
    """The same as plain data."""
    data: dict[str, Any] = msgspec.json.decode(msgspec.json.encode(POLICY))
    for path, value in changes.items():
        *steps, last = path.split("__")
        place = data
        for step in steps:
            place = place.setdefault(step, {})
        if value is None:
            place.pop(last)
        else:
            place[last] = value
    return data


# Everything that a policy can have.
WHOLE = policy_data(
    defaults__rate={"per_second": 1, "burst": 2},
    defaults__address_rate={"per_second": 1, "burst": 2},
    defaults__daily_quota=5,
    operations__predict__cacheable=True,
    operations__predict__max_body_bytes=5,
    operations__predict__access="keyed",
    clients__acme__models=["small"],
    clients__acme__contact="a",
    clients__acme__daily_quota=5,
    clients__acme__keys=[
        {"sha256": "0" * 64, "prefix": "p", "created": "2026-01-01", "expires": "2027-01-01", "note": "n"},
        {"hmac_sha256": "1" * 64},
    ],
    environments__local__tls={"certificate": "c", "private_key": "k", "generated": False, "client_ca": "a"},
    environments__local__trusted_hops=1,
    environments__local__cors_origins=["https://a.example"],
    environments__gcp__accepts={"rate": "so be it"},
)


def fields(value: Any, *steps: Any) -> list[tuple[Any, ...]]:
    """Where every part of plain data stands."""
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [steps, *(field for step, item in inner for field in fields(item, *steps, step))]


_ANYTHING = (
    st.none()
    | st.booleans()
    | st.integers(-2, 2**40)
    | st.sampled_from(["", "any", "all", "keyed", "GET", "/predict", "203.0.113.0/24", "1" * 64, "x y"])
    | st.sampled_from(["2026-02-30", "2026-02-03", [], {}, ["a"], [1], [{}], {"a": "b"}])
)


@st.composite
def spoiled(draw: st.DrawFn) -> Any:
    """The whole policy with one field set to anything, or taken out."""
    data: Any = msgspec.json.decode(msgspec.json.encode(WHOLE))
    *above, last = draw(st.sampled_from([steps for steps in fields(WHOLE) if steps]))
    place = data
    for step in above:
        place = place[step]
    if draw(st.booleans()):
        place[last] = draw(_ANYTHING)
    else:
        del place[last]
    return data
