"""Terraform is given the clients' identities and rules, in files that it can read, and never a key or a hash."""

import base64
import json
import shutil
import subprocess
from pathlib import Path

import pytest
import yaml

from gateway_config.gcp.terraform import client_variables
from gateway_config.tests.contracts import policy
from tests.parts import require

GENERATED = Path(__file__).parents[3] / "generated"
HASH = "5e" * 32


def test_clients() -> None:
    """A client is told whole, with the defaults where it says nothing; null is no limit."""
    clients = client_variables(
        policy(
            clients__acme__contact="ops@acme.example",
            clients__acme__models=["small"],
            clients__bolt={"owner": "Bolt", "cidrs": "any", "operations": ["predict"], "daily_quota": 9},
        )
    )["clients"]
    assert clients == {
        "acme": {
            "owner": "Acme",
            "contact": "ops@acme.example",
            "any_address": False,
            "allowed_ips": ["203.0.113.0/24"],
            "requests_per_minute": 120,
            "burst": 5,
            "daily_quota": None,
            "operations": ["all"],
            "models": ["small"],
        },
        "bolt": {
            "owner": "Bolt",
            "contact": "",
            "any_address": True,
            "allowed_ips": [],
            "requests_per_minute": None,
            "burst": None,
            "daily_quota": 9,
            "operations": ["predict"],
            "models": ["all"],
        },
    }


def test_no_keys() -> None:
    """A hash in the policy stays there."""
    key = {"sha256": HASH, "prefix": "puerta_local_5e", "note": "the first"}
    assert client_variables(policy(clients__acme__keys=[key])) == client_variables(policy())


@pytest.mark.platform
def test_terraform_reads_both(tmp_path: Path) -> None:
    """Terraform itself fills the templates in and takes the variables, the note on top of them included."""
    require("terraform", "https://developer.hashicorp.com/terraform/install")
    for name in ("openapi-gcp.yaml", "openapi-gcp-2.0.yaml", "clients.auto.tfvars.json"):
        shutil.copy(GENERATED / name, tmp_path)
    fields = "owner = string, contact = string, any_address = bool, allowed_ips = list(string), burst = number"
    agreed = "requests_per_minute = number, daily_quota = number, operations = list(string), models = list(string)"
    (tmp_path / "main.tf").write_text(f'variable "clients" {{\n  type = map(object({{ {fields}, {agreed} }}))\n}}\n')
    for name in ("openapi-gcp.yaml", "openapi-gcp-2.0.yaml"):
        values = '{ backend_url = "https://a.example", api_title = "Ours" }'
        filled = base64.b64decode(console(tmp_path, f'base64encode(templatefile("{name}", {values}))')).decode()
        assert yaml.safe_load(filled)["info"]["title"] == "Ours"
        unfilled = (GENERATED / name).read_text()
        assert filled == unfilled.replace("${backend_url}", "https://a.example").replace("${api_title}", "Ours")
    clients = json.loads((GENERATED / "clients.auto.tfvars.json").read_text())["clients"]
    assert json.loads(console(tmp_path, "jsonencode(var.clients)")) == clients


def console(folder: Path, expression: str) -> str:
    """The text that an expression of Terraform's gives."""
    environment = {"HOME": str(folder), "PATH": "/usr/local/bin:/usr/bin:/bin", "TF_CLI_CONFIG_FILE": "/dev/null"}
    done = subprocess.run(
        ["terraform", "console"],
        input=expression,
        env=environment,
        cwd=folder,
        capture_output=True,
        text=True,
        check=True,
    )
    return str(json.loads(done.stdout))
