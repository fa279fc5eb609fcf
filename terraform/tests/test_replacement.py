"""What callers depend on is there anew before it goes: planned from a state in which it is, as if it had to be replaced."""

import json
import os
from collections.abc import Iterator
from typing import Any

import pytest

from terraform.folders import ROOT, Folder
from terraform.provider.store import store
from terraform.workspace import Workspace, workspace
from tests.parts import require

pytestmark = [pytest.mark.platform, pytest.mark.xdist_group("replacement")]

GATEWAY = Folder("modules/gateway")
EDGE = Folder("modules/edge")
OBSERVABILITY = Folder("modules/observability")
CONFIG = 'google_api_gateway_api_config.predictions["europe-west1"]'
OPENAPI = """
openapi: 3.1.0
security: [{ApiKey: []}]
x-google-api-management: {backends: {service: {address: "${backend_url}", jwtAudience: "${backend_url}"}}}
"""
VALUES = {
    GATEWAY: {
        "project_id": "an-example",
        "region": "europe-west1",
        "backend_url": "https://puerta.example",
        "openapi": OPENAPI,
        "clients": {},
    },
    EDGE: {
        "project_id": "an-example",
        "domain": "predictions.example.com",
        "gateways": {"europe-west1": "puerta-gateway"},
        "allowed_ranges": ["203.0.113.0/24"],
    },
    OBSERVABILITY: {
        "project_id": "an-example",
        "project_number": "123456789012",
        "alert_policies_json": (ROOT / "slo/generated/gcp/alert-policies.json").read_text(),
        "gateway_name": "puerta-gateway",
        "gateway_urls": {"europe-west1": "https://puerta.example"},
        "notification_channels": {"everybody": {"type": "email", "labels": {"email_address": "team@example.com"}}},
    },
}
MADE: dict[str, Any] = {"string": "made", "bool": False, "number": 0, "map": {}, "list": [], "set": []}


@pytest.fixture(scope="module")
def at() -> Iterator[Workspace]:
    """A copy of the tree, with the stand-in or the real provider."""
    require("terraform", "https://developer.hashicorp.com/terraform/install")
    with workspace(print, real=os.environ.get("REAL_PROVIDER") == "1") as opened:
        for folder, values in VALUES.items():
            (opened.path(folder) / "terraform.tfvars.json").write_text(json.dumps(values))
            opened.init(folder).require("init")
        yield opened


def replaced(at: Workspace, folder: Folder, addresses: set[str]) -> dict[str, list[str]]:
    """What is done to resources that are there and have to be replaced, each in its order."""
    state = at.path(folder) / "terraform.tfstate"
    state.unlink(missing_ok=True)
    there = [kept(it) for it in changes(at, folder) if it["address"] in addresses]
    state.write_text(json.dumps({"version": 4, "serial": 1, "lineage": "made", "resources": there}))
    found = changes(at, folder, "-refresh=false", *(f"-replace={address}" for address in addresses))
    return {it["address"]: it["change"]["actions"] for it in found if it["address"] in addresses}


def changes(at: Workspace, folder: Folder, *options: str) -> list[dict[str, Any]]:
    """The resources of a plan."""
    at.run(folder, "plan", "-input=false", "-no-color", "-out=a.plan", *options).require("plan")
    return list(json.loads(at.run(folder, "show", "-json", "a.plan").require("show").output)["resource_changes"])


def kept(planned: dict[str, Any]) -> dict[str, Any]:
    """A planned resource as a state has it once it was made."""
    provider, change = planned["provider_name"], planned["change"]
    schema = store(print).get(provider.rsplit("/", 1)[1], "resource", planned["type"])
    assert schema is not None
    attributes = filled(change["after"], change["after_unknown"], schema["block"])
    instance = {"schema_version": schema["version"], "attributes": attributes}
    if "index" in planned:
        instance["index_key"] = planned["index"]
    names = {"mode": "managed", "type": planned["type"], "name": planned["name"], "provider": f'provider["{provider}"]'}
    return names | {"instances": [instance]}


def filled(planned: dict[str, Any], unknown: dict[str, Any], block: dict[str, Any]) -> dict[str, Any]:
    """Planned values, with something in the place of each that was not known yet."""
    types = {
        name: it["type"] if isinstance(it["type"], str) else it["type"][0] for name, it in block["attributes"].items()
    }
    made = {name: MADE[kind] if unknown.get(name) is True else planned.get(name) for name, kind in types.items()}
    for name, nested in block.get("block_types", {}).items():
        inner = planned.get(name)
        if isinstance(inner, list):
            inner = [filled(it, unknown[name][index], nested["block"]) for index, it in enumerate(inner)]
        made[name] = inner
    return made


@pytest.mark.parametrize(
    ("folder", "addresses"),
    [
        (GATEWAY, {CONFIG}),
        (
            EDGE,
            {
                'google_compute_region_network_endpoint_group.gateway["europe-west1"]',
                "google_certificate_manager_dns_authorization.domain",
                "google_certificate_manager_certificate.domain",
                "google_certificate_manager_certificate_map_entry.domain",
            },
        ),
        (
            OBSERVABILITY,
            {
                'google_monitoring_notification_channel.people["everybody"]',
                'google_monitoring_uptime_check_config.gateway["europe-west1-refusal"]',
            },
        ),
    ],
)
def test_there_anew_before_it_goes(folder: Folder, addresses: set[str], at: Workspace) -> None:
    """Nobody is without a config, a gateway behind the address or a certificate meanwhile, and no alert without its channel."""
    assert replaced(at, folder, addresses) == {address: ["create", "delete"] for address in addresses}


def test_the_order_is_seen(at: Workspace) -> None:
    """Without `create_before_destroy` the same plan says that it goes first: the look above can fail."""
    path = at.path(GATEWAY) / "main.tf"
    written = path.read_text()
    path.write_text(written.replace("create_before_destroy = true", "create_before_destroy = false"))
    try:
        assert replaced(at, GATEWAY, {CONFIG}) == {CONFIG: ["delete", "create"]}
    finally:
        path.write_text(written)
