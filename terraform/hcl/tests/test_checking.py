"""HCL held to the schema without terraform."""

from pathlib import Path

import pytest

from terraform.folders import ROOM, folders
from terraform.hcl.blocks import Block, read_all
from terraform.hcl.checking import complaints
from terraform.provider.store import Store
from terraform.provider.tests.test_server import GOOD

pytestmark = [pytest.mark.platform, pytest.mark.xdist_group("terraform-hcl")]

CALLED = """
variable "needed" {
  type = string
}

variable "free" {
  type    = string
  default = "x"
}

output "made" {
  value = var.needed
}
"""
CALLING = """
locals {
  name = "a"
}

module "it" {
  source = "../called"
  needed = local.name
}

output "made" {
  value = module.it.made
}
"""


FAULTS = [
    (
        "    server_key_restrictions {",
        "    server_key_restriction {",
        "restrictions.server_key_restriction: no such block",
    ),
    ("      allowed_ips = var.ranges", "      allowed_ip = var.ranges", "allowed_ip: no such argument"),
    ("      allowed_ips = var.ranges", "", "restrictions.server_key_restrictions.allowed_ips: missing"),
    ("      allowed_ips = var.ranges", "      allowed_ips = { a = 1 }", "expected list(string)"),
    ('location                 = "EU"', 'location = "EU"\n  force_destroy = "maybe"', "'maybe' came, expected bool"),
    ('public_access_prevention = "enforced"', 'public_access_prevention = "yes"', "expected inherited or enforced"),
    ('"google_apikeys_key" "client"', '"google_apikey" "client"', "the provider has no resource of this type"),
    ("puerta.managed_service", "puerta.service", "google_api_gateway_api.puerta.service: no such argument"),
    ("  replication {\n    auto {}\n  }", "", "replication: 0 blocks came, expected 1 to 1"),
    ("    auto {}", "    auto {}\n    auto {}", "replication.auto: 2 blocks came, expected 0 to 1"),
    ("    auto {}", "    auto = true", "replication.auto: a block, not an argument"),
    ('"partner-a-g1"', '"Partner A"', "name: 'Partner A' came"),
    ("google_service_account.gateway.email", "google_service_account.other.email", "not declared"),
    ('"puerta-gateway"', "var.rangez[0]", "var.rangez: not declared"),
    ('"puerta-gateway"', "local.account", "local.account: not declared"),
    ('"puerta-gateway"', "module.other.account", "module.other.account: not declared"),
]
MISFITS = [
    ("  needed = local.name", "", "needed: missing"),
    ("  needed = local.name", "  needed = local.name\n  other = 1", "other: the module has no such variable"),
    ("module.it.made", "module.it.maid", "module.it.maid: the module has no such output"),
    ("local.name", "local.nam", "local.nam: not declared"),
]

Trees = dict[Path, tuple[Block, ...]]


@pytest.fixture(scope="module")
def room(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the folders are: the good ones, and one a fault."""
    return tmp_path_factory.mktemp("room")


@pytest.fixture(scope="module")
def trees(room: Path, tools: Path) -> Trees:
    """All of them read by one start of the parser, which takes longer to start than to read."""
    texts = {"good": GOOD, "called": CALLED, "calling": CALLING}
    texts |= {f"fault-{number}": GOOD.replace(old, new) for number, (old, new, _) in enumerate(FAULTS)}
    texts |= {f"misfit-{number}": CALLING.replace(old, new) for number, (old, new, _) in enumerate(MISFITS)}
    for name, text in texts.items():
        (room / name).mkdir()
        (room / name / "main.tf").write_text(text)
    return read_all(tools, [room / name for name in texts])


@pytest.mark.parametrize("name", ["good", "called", "calling"])
def test_good_hcl_is_passed(name: str, room: Path, trees: Trees, store: Store) -> None:
    """The same file that terraform takes."""
    assert list(complaints(room / name, trees, store)) == []


@pytest.mark.parametrize("number", range(len(FAULTS)), ids=[expected for *_, expected in FAULTS])
def test_a_seeded_fault_is_caught(number: int, room: Path, trees: Trees, store: Store) -> None:
    """Those that the schema, the rules or the folder itself can tell, once each."""
    old, _, expected = FAULTS[number]
    assert GOOD.count(old) == 1
    found = list(complaints(room / f"fault-{number}", trees, store))
    assert len([line for line in found if expected in line]) == 1, found


@pytest.mark.parametrize("number", range(len(MISFITS)), ids=[expected for *_, expected in MISFITS])
def test_a_call_fits_its_module(number: int, room: Path, trees: Trees, store: Store) -> None:
    """Variables and outputs of local modules are known."""
    (found,) = complaints(room / f"misfit-{number}", trees, store)
    assert MISFITS[number][2] in found


@pytest.mark.slow
def test_the_deployment_fits_the_schema(tools: Path, store: Store) -> None:
    """Every folder there is, also where no terraform is installed."""
    paths = [ROOM / folder.name for folder in folders()]
    trees = read_all(tools, paths)
    assert [f"{path.name}/{line}" for path in paths for line in complaints(path, trees, store)] == []
