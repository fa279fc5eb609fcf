"""What a first apply makes of each root, seen in its plan: inventories, who may call what, what is protected."""

import base64
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from terraform.costs import Costs
from terraform.folders import Folder
from terraform.inventory import Inventory, path, roots
from terraform.workspace import Workspace

ROOT = Path(__file__).parents[2]
GENERATED = ROOT / "gateway-config/generated"
EVERYBODY = {"allUsers", "allAuthenticatedUsers"}
GIB = 1024.0

DEV, PROD = Folder("environments/dev"), Folder("environments/prod")
PLATFORMS = (DEV, PROD, Folder("examples/complete"), Folder("examples/multi-region"))

Plans = dict[Folder, dict[str, Any]]

pytestmark = [pytest.mark.platform, pytest.mark.slow, pytest.mark.xdist_group("terraform-roots")]


@pytest.fixture(scope="module")
def plans(deployment: Workspace) -> Plans:
    """The plan of every root with the values of its example file."""
    return {folder: deployment.plan_json(folder) for folder in roots()}


def resources(plan: dict[str, Any], *types: str) -> list[dict[str, Any]]:
    """What is planned, of all modules; of some types, if any are named."""

    def within(module: dict[str, Any]) -> Iterator[dict[str, Any]]:
        yield from (each for each in module.get("resources", ()) if each["mode"] == "managed")
        for child in module.get("child_modules", ()):
            yield from within(child)

    found = within(plan["planned_values"]["root_module"])
    return [each for each in found if not types or each["type"] in types]


def variable(plan: dict[str, Any], name: str) -> Any:
    """A variable's value, from the example file or by default; nothing where there is no such variable."""
    return plan["variables"].get(name, {}).get("value")


@pytest.mark.parametrize("folder", roots(), ids=lambda folder: folder.name)
def test_the_inventory_is_what_is_planned(folder: Folder, plans: Plans) -> None:
    """Whatever a change makes or no longer makes is seen in the committed list."""
    made = Inventory.of(plans[folder]).text()
    kept = path(folder)
    assert kept.exists(), f"{kept}: missing; run `python -m terraform inventory`"
    assert kept.read_text() == made, "run `python -m terraform inventory`"


@pytest.mark.parametrize("folder", roots(), ids=lambda folder: folder.name)
def test_nobody_is_everybody(folder: Folder, plans: Plans) -> None:
    """No grant of any kind names allUsers or allAuthenticatedUsers."""
    for each in resources(plans[folder]):
        values = each["values"]
        members = {values.get("member"), *(values.get("members") or ())}
        assert not members & EVERYBODY, each["address"]


@pytest.mark.parametrize("folder", [*PLATFORMS, Folder("examples/minimal")], ids=lambda folder: folder.name)
def test_the_gateway_alone_calls_the_service(folder: Folder, plans: Plans) -> None:
    """Each service has one grant, which drops every other, and the only member that is named is the gateway's account."""
    services = resources(plans[folder], "google_cloud_run_v2_service")
    named = [each for each in services if each["values"]["name"] == "puerta"]
    grants = resources(
        plans[folder], *(f"google_cloud_run_v2_service_iam_{kind}" for kind in ("member", "binding", "policy"))
    )
    invokers = [each for each in grants if ".module.service" in f".{each['address']}"]
    assert named
    assert [each["type"] for each in invokers] == ["google_cloud_run_v2_service_iam_binding"] * len(named)
    assert {each["values"]["role"] for each in invokers} == {"roles/run.invoker"}
    calls = plans[folder]["configuration"]["root_module"]["module_calls"]
    calls = calls["platform"]["module"]["module_calls"] if "platform" in calls else calls
    named_there = set(calls["service"]["expressions"]["invokers"]["references"])
    others = {name for name in named_there if not name.startswith("module.gateway")}
    assert "module.gateway.service_account_email" in named_there
    assert others <= {"var.service", "var.service.invokers"}
    assert not variable(plans[folder], "invokers")


@pytest.mark.parametrize("folder", [*PLATFORMS, Folder("examples/minimal")], ids=lambda folder: folder.name)
def test_keys_are_the_policys_clients(folder: Folder, plans: Plans) -> None:
    """Each client of the policy has a key, for one API, from its own addresses, and nobody else has one."""
    clients = json.loads((GENERATED / "clients.auto.tfvars.json").read_text())["clients"]
    keys = resources(plans[folder], "google_apikeys_key")
    assert {each["index"] for each in keys} == {f"{client}-g1" for client in clients}
    for each in keys:
        [restrictions] = each["values"]["restrictions"]
        [addresses] = restrictions["server_key_restrictions"]
        assert len(restrictions["api_targets"]) == 1
        assert addresses["allowed_ips"] == clients[each["index"].removesuffix("-g1")]["allowed_ips"]


@pytest.mark.parametrize("folder", PLATFORMS, ids=lambda folder: folder.name)
def test_the_gateways_document_is_the_rendered_one(folder: Folder, plans: Plans) -> None:
    """Each region's gateway gets the committed document with that region's service in it."""
    text = (GENERATED / "openapi-gcp.yaml").read_text()
    configs = resources(plans[folder], "google_api_gateway_api_config")
    assert configs
    for each in configs:
        [document] = each["values"]["openapi_documents"][0]["document"]
        url = f"https://puerta-{variable(plans[folder], 'project_number')}.{each['index']}.run.app"
        filled = base64.b64decode(document["contents"]).decode()
        title = re.search(r"^  title: (.*)$", filled, re.MULTILINE)
        assert title
        assert filled == text.replace("${backend_url}", url).replace("${api_title}", title[1])


def test_production_is_protected(plans: Plans) -> None:
    """In prod whatever can be protected from deletion is, and nothing that holds data is emptied by Terraform.

    The sidecars' configurations are secrets by their form alone: they are made anew from the HCL whenever they change.
    """
    protected = [
        each
        for each in resources(plans[PROD])
        if "deletion_protection" in each["values"] and each["type"] != "google_secret_manager_secret"
    ]
    assert len(protected) > 2
    assert [each["address"] for each in protected if each["values"]["deletion_protection"] is not True] == []
    for each in resources(plans[PROD], "google_storage_bucket"):
        assert each["values"]["force_destroy"] is False, each["address"]
    for each in resources(plans[PROD], "google_bigquery_dataset"):
        assert each["values"]["delete_contents_on_destroy"] is False, each["address"]


def test_dev_can_be_taken_down(plans: Plans) -> None:
    """In dev nothing is protected: one destroy leads out again."""
    assert [each["address"] for each in resources(plans[DEV]) if each["values"].get("deletion_protection")] == []
    for each in resources(plans[DEV], "google_storage_bucket"):
        assert each["values"]["force_destroy"] is True, each["address"]


@pytest.mark.parametrize("folder", roots(), ids=lambda folder: folder.name)
def test_nothing_is_in_another_project_or_region(folder: Folder, plans: Plans) -> None:
    """Project and places come from the variables: none is written down anywhere."""
    plan = plans[folder]
    places = {"global", variable(plan, "region")}
    places |= set((variable(plan, "replicas") or {}).values()) | {variable(plan, "log_location")}
    for each in resources(plan):
        values = each["values"]
        assert values.get("project", variable(plan, "project_id")) == variable(plan, "project_id"), each["address"]
        for name in ("location", "region"):
            assert values.get(name) is None or values[name] in places, f"{each['address']}: {values[name]}"


@pytest.mark.parametrize("folder", roots(), ids=lambda folder: folder.name)
def test_images_are_named_by_digest(folder: Folder, plans: Plans) -> None:
    """What was tested is what runs: no container's image is a tag."""
    for each in resources(plans[folder], "google_cloud_run_v2_service", "google_cloud_run_v2_job"):
        [template] = each["values"]["template"]
        for container in (template.get("template") or [template])[0]["containers"]:
            assert re.search(r"@sha256:[0-9a-f]{64}$", container["image"]), each["address"]


def test_labels_are_passed_through(plans: Plans) -> None:
    """What can be labelled in an environment says which it is of; a notification channel's labels are its address."""
    for folder in (DEV, PROD):
        labels = variable(plans[folder], "labels")
        labelled = [
            each
            for each in resources(plans[folder])
            if "labels" in each["values"] and each["type"] != "google_monitoring_notification_channel"
        ]
        assert len(labelled) > 5
        bare = [each["address"] for each in labelled if not labels.items() <= (each["values"]["labels"] or {}).items()]
        assert bare == []


def test_the_costs_are_those_of_prod(plans: Plans) -> None:
    """What the estimate assumes of the instances is what prod has."""
    assumed = Costs.read().assumed
    [service] = (
        each for each in resources(plans[PROD], "google_cloud_run_v2_service") if each["values"]["name"] == "puerta"
    )
    [template] = service["values"]["template"]
    limits = [container["resources"][0]["limits"] for container in template["containers"]]
    assert template["scaling"][0]["min_instance_count"] == assumed["instances"]
    assert sum(cpus(limit["cpu"]) for limit in limits) == assumed["instance_cpus"]
    assert sum(int(limit["memory"].removesuffix("Mi")) for limit in limits) / GIB == assumed["instance_gib"]


def cpus(text: str) -> float:
    """Of an amount such as 500m or 1."""
    return int(text.removesuffix("m")) / 1000 if text.endswith("m") else float(text)
