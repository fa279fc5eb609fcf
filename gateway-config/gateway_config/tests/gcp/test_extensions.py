"""The schema of Google's extensions takes what is rendered, and refuses what its documentation rules out."""

from typing import Any

import jsonschema_rs
import msgspec
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from gateway_config.gcp.extensions import extensions_schema
from gateway_config.gcp.marks import GCP
from gateway_config.gcp.openapi import GcpDocuments
from gateway_config.policy.model import Policy
from gateway_config.policy.problems import problems
from gateway_config.tests.contracts import contract, policy, spoiled

GET = ("paths", "/models/{model}", "get")
BACKEND = ("x-google-api-management", "backends", "service")
LIMIT = ("x-google-api-management", "quota", "limits", "requests-per-minute")
LIMIT_2 = ("x-google-management", "quota", "limits", 0)


def made(version: int, **changes: Any) -> Any:
    """A rendered document, as plain JSON."""
    documents = GcpDocuments(policy(**changes), contract())
    document = documents.openapi_3() if version == 3 else documents.openapi_2()
    return msgspec.json.decode(msgspec.json.encode(document))


def accepted(document: Any) -> bool:
    """What the schema says of it."""
    return jsonschema_rs.Draft202012Validator(extensions_schema()).is_valid(document)


def test_the_schema_is_one() -> None:
    """It is itself valid JSON Schema."""
    assert jsonschema_rs.meta.is_valid(extensions_schema())


@pytest.mark.parametrize("version", [3, 2])
@pytest.mark.parametrize(
    "change", [{}, {"environments__gcp__backends": ["https://a.example"]}, {"clients__acme__rate": None}]
)
def test_what_is_rendered_is_accepted(version: int, change: dict[str, Any]) -> None:
    """Both versions meet it, with a variable and with an address, with a quota and without."""
    assert accepted(made(version, **change))


@settings(deadline=None)  # a busy machine is no failure
@given(data=spoiled(), version=st.sampled_from([2, 3]))
def test_whatever_can_be_rendered_is_accepted(data: Any, version: int) -> None:
    """Every policy without a problem, whose operations the service has, gives documents that meet it."""
    try:
        subject = msgspec.convert(data, Policy)
    except msgspec.ValidationError:
        assume(False)
    assume(GCP in subject.environments and not list(problems(subject)))
    assume(set(subject.operations) <= set(contract().operations))
    documents = GcpDocuments(subject, contract())
    document = documents.openapi_3() if version == 3 else documents.openapi_2()
    assert accepted(msgspec.json.decode(msgspec.json.encode(document)))


@pytest.mark.parametrize(
    ("version", "steps", "value"),
    [
        (3, ("x-google-api-management",), None),
        (3, ("x-google-allow",), "all"),
        (3, ("x-google-management",), {}),
        (3, ("openapi",), "3.2.0"),
        (3, ("security",), [{"ApiKey": []}, {"Token": []}]),
        (
            3,
            ("servers",),
            [{"url": "https://a", "x-google-endpoint": {}}, {"url": "https://b", "x-google-endpoint": {}}],
        ),
        (3, ("paths", "/models/{model}.json"), {}),
        (3, ("components", "securitySchemes", "ApiKey", "name"), "x-my-key"),
        (3, ("components", "securitySchemes", "ApiKey", "in"), "cookie"),
        (3, ("x-google-api-management", "backends"), {}),
        (3, ("x-google-api-management", "limits"), {}),
        (3, (*BACKEND, "address"), None),
        (3, (*BACKEND, "address"), "a.example"),
        (3, (*BACKEND, "address"), "${Url}"),
        (3, (*BACKEND, "deadline"), -1),
        (3, (*BACKEND, "deadline"), "15s"),
        (3, (*BACKEND, "pathTranslation"), "APPEND"),
        (3, (*BACKEND, "path_translation"), "APPEND_PATH_TO_ADDRESS"),
        (3, (*BACKEND, "protocol"), "h3"),
        (3, (*BACKEND, "jwtAudience"), None),
        (3, (*BACKEND, "disableAuth"), True),
        (3, (*LIMIT, "values"), {"STANDARD": 1}),
        (3, (*LIMIT, "values"), 0),
        (3, (*LIMIT, "unit"), "1/s"),
        (3, (*LIMIT, "metric"), None),
        (3, (*GET, "operationId"), None),
        (3, (*GET, "x-google-backend"), {"address": "https://a"}),
        (3, (*GET, "x-google-deadline"), 3),
        (3, (*GET, "x-google-quota"), {"metricCosts": {"requests": 0}}),
        (3, (*GET, "x-google-quota"), {"cost": 1}),
        (2, ("swagger",), "2.1"),
        (2, ("x-google-api-management",), {}),
        (2, (*GET, "x-google-backend"), "service"),
        (2, (*GET, "x-google-backend", "jwtAudience"), "x"),
        (2, (*GET, "x-google-backend", "jwt_audience"), None),
        (2, (*GET, "x-google-backend", "deadline"), 0),
        (2, (*LIMIT_2, "unit"), "1/s/{project}"),
        (2, (*LIMIT_2, "unit"), "1/d/{project}"),
        (2, (*LIMIT_2, "values"), 100),
        (2, ("x-google-management", "metrics", 0, "metricKind"), "GAUGE"),
        (2, ("securityDefinitions", "ApiKey", "name"), "token"),
    ],
)
def test_what_google_rules_out_is_refused(version: int, steps: tuple[Any, ...], value: object) -> None:
    """One thing changed, or with None taken out, makes a document that Google would not take."""
    document = made(version)
    *above, last = steps
    place = document
    for step in above:
        place = place[step]
    if value is None:
        del place[last]
    else:
        assert not isinstance(place, dict) or place.get(last) != value
        place[last] = value
    assert not accepted(document)
