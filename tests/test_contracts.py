"""What one room says and another relies on."""

import subprocess
import sys
from pathlib import Path

import yaml

from gateway_config.policy.contract import Contract

ROOT = Path(__file__).parents[1]
CONTRACT = ROOT / "gateway-config/generated/service-openapi.json"


def test_the_gateway_knows_the_services_own_document() -> None:
    """What is committed for the gateway is what the service says of itself today; after a change: ``make render``."""
    command = [sys.executable, "-OO", "-m", "service", "openapi"]
    done = subprocess.run(command, capture_output=True, check=True, cwd=ROOT)
    assert done.stdout == CONTRACT.read_bytes()


def test_the_policy_and_the_service_name_the_same_operations() -> None:
    """Every operation of the service is in the gateway policy, under the same id, method and path, and no other."""
    offered = {(name, offer.method, offer.path) for name, offer in Contract.read(CONTRACT).operations.items()}
    policy = yaml.safe_load((ROOT / "gateway-config/policy.yaml").read_text())
    allowed = {(name, rule["method"], rule["path"]) for name, rule in policy["operations"].items()}
    assert offered == allowed
