"""What GCP is given: the policy's operations and rules, in OpenAPI 3.1 and 2.0, whatever the service's document says."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from openapi_spec_validator import validate

from gateway_config.gcp.openapi import GcpDocuments, requests_per_minute
from gateway_config.tests.contracts import contract, policy

URL = {"environments__gcp__backends": ["https://a.example"]}
KEYED: list[dict[str, list[str]]] = [{"ApiKey": []}]
PUBLIC: list[dict[str, list[str]]] = []


def documents(**changes: Any) -> GcpDocuments:
    """Of the small service."""
    return GcpDocuments(policy(**changes), contract())


def references(value: Any) -> Iterator[str]:
    """Every ``$ref`` in a document."""
    if isinstance(value, dict):
        yield from [value["$ref"]] if "$ref" in value else []
        value = list(value.values())
    if isinstance(value, list):
        for item in value:
            yield from references(item)


def test_both_are_valid() -> None:
    """Both are OpenAPI, with a variable in the place of the backend and with an address."""
    for change in ({}, URL):
        validate(documents(**change).openapi_3())
        validate(documents(**change).openapi_2())


def test_operations() -> None:
    """Every operation says whether it needs a key, which backend answers it, and what it counts for."""
    paths = documents().openapi_3()["paths"]
    rules = {
        operation["operationId"]: (
            operation["security"],
            operation["x-google-backend"],
            operation.get("x-google-quota"),
        )
        for item in paths.values()
        for method, operation in item.items()
        if method != "parameters"
    }
    assert rules == {
        "predict": (KEYED, "service", {"metricCosts": {"requests": 3}}),
        "get_model": (KEYED, "service-0-5s", {"metricCosts": {"requests": 1}}),
        "delete_model": (KEYED, "service", {"metricCosts": {"requests": 1}}),
        "health": (PUBLIC, "service-2s", None),
    }


def test_management() -> None:
    """There is a backend for each deadline, which knows the gateway by its token, and one quota for each project."""
    backend = {
        "address": "https://a.example",
        "jwtAudience": "https://a.example",
        "pathTranslation": "APPEND_PATH_TO_ADDRESS",
        "protocol": "http/1.1",
    }
    assert documents(**URL).openapi_3()["x-google-api-management"] == {
        "backends": {
            "service": backend | {"deadline": 15},
            "service-2s": backend | {"deadline": 2},
            "service-0-5s": backend | {"deadline": 0.5},
        },
        "metrics": {"requests": {"displayName": "Requests a minute and project"}},
        "quota": {"limits": {"requests-per-minute": {"metric": "requests", "values": 120}}},
    }


def test_the_key_is_the_only_scheme() -> None:
    """The service's own schemes are replaced by the gateway's, and the whole document is closed unless it says otherwise."""
    three, two = documents().openapi_3(), documents().openapi_2()
    scheme = {"ApiKey": {"type": "apiKey", "in": "header", "name": "x-api-key"}}
    assert three["components"]["securitySchemes"] == two["securityDefinitions"] == scheme
    assert three["security"] == two["security"] == KEYED
    assert "Other" not in json.dumps([three, two])


@settings(deadline=None)  # a busy machine is no failure
@given(dropped=st.sets(st.sampled_from(["predict", "get_model", "delete_model"])))
def test_only_the_policys_operations(dropped: set[str]) -> None:
    """What the policy leaves out is nowhere in the document, nor what only that referred to; the rest is whole."""
    made = documents(**{f"operations__{name}": None for name in dropped})
    three, two = made.openapi_3(), made.openapi_2()
    for document in (three, two):
        kept = {op["operationId"] for item in document["paths"].values() for m, op in item.items() if m != "parameters"}
        assert kept == {"predict", "get_model", "delete_model", "health"} - dropped
    referred = set(references(three))
    there = {f"#/components/{kind}/{name}" for kind, parts in three["components"].items() for name in parts}
    assert referred == there - {"#/components/securitySchemes/ApiKey"}
    assert ({"name": "models"} in three["tags"]) is (len(dropped) < 3)


def test_texts_are_escaped_for_a_template_only() -> None:
    """What looks like Terraform's syntax in the service's texts is kept from Terraform, where it will read the document."""
    for document in (documents().openapi_3(), documents().openapi_2()):
        assert document["info"] == {
            "title": "${api_title}",
            "version": "1",
            "description": "Costs $${much} and 100 %%{of} it.",
        }
    for document in (documents(**URL).openapi_3(), documents(**URL).openapi_2()):
        assert document["info"]["title"] == "A service"
        assert document["info"]["description"] == "Costs ${much} and 100 %{of} it."


def test_2_0() -> None:
    """In 2.0 everything stands with the operation."""
    document = documents(**URL).openapi_2()
    assert document["paths"]["/models/{model}"]["get"] == {
        "operationId": "get_model",
        "summary": "get_model",
        "parameters": [{"name": "model", "in": "path", "required": True, "type": "string"}],
        "responses": {"200": {"description": "An answer"}},
        "security": KEYED,
        "x-google-backend": {
            "address": "https://a.example",
            "jwt_audience": "https://a.example",
            "path_translation": "APPEND_PATH_TO_ADDRESS",
            "deadline": 0.5,
            "protocol": "http/1.1",
        },
        "x-google-quota": {"metricCosts": {"requests": 1}},
    }
    assert document["paths"]["/predict"]["post"]["parameters"] == [{"name": "body", "in": "body", "schema": {}}]
    [limit] = document["x-google-management"]["quota"]["limits"]
    assert (limit["unit"], limit["values"]) == ("1/min/{project}", {"STANDARD": 120})


RATE = {"per_second": 7, "burst": 9}


@pytest.mark.parametrize(
    ("change", "limit"),
    [
        ({}, 120),
        ({"clients__acme__rate": None}, None),
        ({"clients__acme__rate": None, "defaults__rate": RATE}, 420),
        ({"clients__near__rate": RATE}, 120),
        ({"clients__bolt": {"owner": "x", "cidrs": "any", "operations": "all", "rate": RATE}}, 420),
        ({"clients__bolt": {"owner": "x", "cidrs": "any", "operations": "all"}}, None),
        ({"clients__acme": None}, None),
        ({"clients__acme": None, "defaults__rate": RATE}, 420),
    ],
)
def test_quota(change: dict[str, Any], limit: int | None) -> None:
    """A project may have what the client with the largest rate has; where one has none, nobody is limited."""
    assert requests_per_minute(policy(**change)) == limit
    three, two = documents(**change).openapi_3(), documents(**change).openapi_2()
    assert ("quota" in three["x-google-api-management"]) is (limit is not None)
    assert ("x-google-management" in two) is (limit is not None)
    assert ("x-google-quota" in json.dumps([three, two])) is (limit is not None)
