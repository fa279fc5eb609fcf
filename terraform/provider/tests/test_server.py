"""The stand-in under the stock terraform binary: what it catches, and what it plans."""

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from terraform.folders import Folder
from terraform.provider.serving import ServerError, serving
from terraform.provider.store import Store
from terraform.workspace import HOW_TO_GET, TerraformError, Workspace, workspace
from tests.parts import require

pytestmark = [pytest.mark.platform, pytest.mark.xdist_group("terraform-stand-in")]

ROOT_FOLDER = Folder("examples/keys")
GOOD = """
terraform {
  required_providers {
    google      = { source = "hashicorp/google", version = ">= 7.33, < 9.0" }
    google-beta = { source = "hashicorp/google-beta", version = ">= 7.33, < 9.0" }
  }
}

variable "ranges" {
  type    = list(string)
  default = ["192.0.2.0/24"]
}

variable "word" {
  type      = string
  default   = "hush"
  ephemeral = true
}

resource "google_service_account" "gateway" {
  project    = "my-project"
  account_id = "puerta-gateway"
}

resource "google_api_gateway_api" "puerta" {
  provider = google-beta
  project  = "my-project"
  api_id   = "puerta"
}

resource "google_apikeys_key" "client" {
  project = "my-project"
  name    = "partner-a-g1"

  restrictions {
    api_targets {
      service = google_api_gateway_api.puerta.managed_service
    }
    server_key_restrictions {
      allowed_ips = var.ranges
    }
  }
}

resource "google_storage_bucket" "reports" {
  project                  = "my-project"
  name                     = "my-project-reports"
  location                 = "EU"
  public_access_prevention = "enforced"
}

resource "google_artifact_registry_repository" "images" {
  project       = "my-project"
  location      = "europe-west1"
  repository_id = "puerta"
  format        = "DOCKER"
}

resource "google_secret_manager_secret" "password" {
  project   = "my-project"
  secret_id = "password"

  replication {
    auto {}
  }
}

resource "google_secret_manager_secret_version" "password" {
  secret                 = google_secret_manager_secret.password.id
  secret_data_wo         = var.word
  secret_data_wo_version = 1
}

output "account" {
  value = google_service_account.gateway.email
}
"""


@pytest.fixture(scope="module")
def at(tmp_path_factory: pytest.TempPathFactory, tools: Path, store: Store) -> Iterator[Workspace]:
    """A workspace of one small root."""
    del tools, store  # a missing one is told by its fixture
    require("terraform", HOW_TO_GET)
    source = tmp_path_factory.mktemp("repository")
    folder = source / "terraform" / ROOT_FOLDER.name
    folder.mkdir(parents=True)
    (folder / "main.tf").write_text(GOOD)
    with workspace(print, source=source) as opened:
        opened.init(ROOT_FOLDER).require("init")
        yield opened


@pytest.fixture(autouse=True)
def good(at: Workspace) -> None:
    """Every test begins with the good file."""
    (at.path(ROOT_FOLDER) / "main.tf").write_text(GOOD)


def write(at: Workspace, old: str, new: str) -> None:
    """Break it in one place."""
    assert GOOD.count(old) == 1, old
    (at.path(ROOT_FOLDER) / "main.tf").write_text(GOOD.replace(old, new))


def test_good_hcl_is_valid(at: Workspace) -> None:
    """Nothing is complained of that the provider would take."""
    done = at.validate(ROOT_FOLDER)
    assert done.code == 0, done
    assert "Success" in done.output


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("    server_key_restrictions {", "    server_key_restriction {", "Unsupported block type"),
        ("      allowed_ips = var.ranges", "      allowed_ip = var.ranges", "Unsupported argument"),
        ("      allowed_ips = var.ranges", "", 'The argument "allowed_ips" is required'),
        ("      allowed_ips = var.ranges", "      allowed_ips = { a = 1 }", "list of string required"),
        ('public_access_prevention = "enforced"', 'public_access_prevention = "yes"', "expected inherited or enforced"),
        ('"google_apikeys_key" "client"', '"google_apikey" "client"', "does not support resource type"),
        ("  provider = google-beta\n", "", "does not support resource type"),
        ("puerta.managed_service", "puerta.service", "no argument, nested block, or exported attribute named"),
        ("    auto {}", "", "expected exactly one of auto, user_managed"),
        ("  replication {\n    auto {}\n  }", "", 'At least 1 "replication" blocks are required'),
        ('"partner-a-g1"', '"Partner A"', "'Partner A' came"),
        (
            "  secret_data_wo         = var.word\n  secret_data_wo_version = 1",
            "  secret_data_wo = var.word",
            "secret_data_wo and secret_data_wo_version together",
        ),
        (
            "= google_service_account.gateway.email",
            "= google_apikeys_key.client.key_string",
            "refers to sensitive values",
        ),
        ("secret_data_wo         = var.word", "secret_data = var.word", "ephemeral"),
        ('"puerta-gateway"', "var.rangez[0]", "Reference to undeclared input variable"),
    ],
)
def test_a_seeded_fault_is_caught(at: Workspace, old: str, new: str, said: str) -> None:
    """By the language with the real schema, a closed list of values, a rule, or a mark."""
    write(at, old, new)
    done = at.plan(ROOT_FOLDER)
    assert done.code == 1, done
    assert said in " ".join((done.output + done.errors).replace("\u2502", " ").split()), done


def test_a_plan_knows_what_is_given_and_no_more(at: Workspace) -> None:
    """Computed values are unknown until the apply, write-only ones never shown, documented defaults planned."""
    plan = at.plan_json(ROOT_FOLDER)
    changes = {change["address"]: change["change"] for change in plan["resource_changes"]}
    key = changes["google_apikeys_key.client"]
    assert key["actions"] == ["create"]
    assert key["after"]["restrictions"][0]["server_key_restrictions"] == [{"allowed_ips": ["192.0.2.0/24"]}]
    assert key["after_unknown"]["restrictions"][0]["api_targets"] == [{"service": True}]
    assert key["after_unknown"]["key_string"] is True
    assert key["after_sensitive"]["key_string"] is True
    version = changes["google_secret_manager_secret_version.password"]
    assert version["after"]["secret_data_wo"] is None
    assert "hush" not in str(plan["resource_changes"]) + str(plan["planned_values"])
    assert changes["google_artifact_registry_repository.images"]["after"]["mode"] == "STANDARD_REPOSITORY"
    assert plan["planned_values"]["outputs"]["account"] == {"sensitive": False}


def test_a_data_source_is_refused_with_a_word_what_to_do(at: Workspace) -> None:
    """There is no cloud to read, and made-up answers would hide it."""
    write(
        at,
        'output "account" {\n',
        'data "google_project" "this" {\n  project_id = "my-project"\n}\n\noutput "account" {\n',
    )
    done = at.plan(ROOT_FOLDER)
    assert done.code == 1
    assert "can't read google_project; take a variable" in " ".join(done.errors.split())


def test_nothing_is_applied(at: Workspace) -> None:
    """An apply fails, and leaves no state that could be taken for one."""
    done = at.run(ROOT_FOLDER, "apply", "-auto-approve", "-no-color", "-input=false")
    assert done.code == 1
    assert "it applies nothing" in " ".join(done.errors.split())
    assert not at.run(ROOT_FOLDER, "state", "list").output.strip()


def test_mocks_fill_in_what_an_apply_would(at: Workspace) -> None:
    """``terraform test`` with mock providers works on the same schema."""
    tests = at.path(ROOT_FOLDER) / "tests"
    tests.mkdir(exist_ok=True)
    (tests / "keys.tftest.hcl").write_text(
        'mock_provider "google" {}\nmock_provider "google-beta" {}\nvariables {\n  word = "hush"\n}\n'
        'run "keys" {\n  command = apply\n  assert {\n    condition     = google_apikeys_key.client.key_string != null\n'
        '    error_message = "no key"\n  }\n}\n'
        'run "refused" {\n  command = plan\n  assert {\n    condition     = google_apikeys_key.client.name == "b"\n'
        '    error_message = "name is ${google_apikeys_key.client.name}"\n  }\n}\n'
    )
    done = at.test(ROOT_FOLDER)
    assert "1 passed, 1 failed" in done.output
    assert "name is partner-a-g1" in done.errors + done.output


def test_a_command_that_fails_tells_what_terraform_said(at: Workspace) -> None:
    """The error holds the output."""
    write(at, '"partner-a-g1"', '"Partner A"')
    with pytest.raises(TerraformError, match="examples/keys: plan failed:\n(.|\n)*'Partner A' came"):
        at.plan_json(ROOT_FOLDER)


def test_a_stand_in_that_cannot_start_tells_why(tmp_path: Path, store: Store) -> None:
    """With an interpreter that lacks the protocol's library, say."""
    with pytest.raises(ServerError, match="No module named"), serving(Path(sys.executable), store, tmp_path):
        pytest.fail("it started")
