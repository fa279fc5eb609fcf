"""What one room says and another relies on."""

import json
import subprocess
import sys
from pathlib import Path

import yaml

ROOT = Path(__file__).parents[1]


def test_the_policy_and_the_service_name_the_same_operations() -> None:
    """Every operation of the service is in the gateway policy, under the same id, method and path, and no other."""
    command = [sys.executable, "-m", "service", "openapi"]
    done = subprocess.run(command, capture_output=True, check=True, cwd=ROOT)
    offered = {
        (operation["operationId"], method.upper(), path)
        for path, item in json.loads(done.stdout)["paths"].items()
        for method, operation in item.items()
        if method in {"get", "post", "put", "delete", "patch"}
    }
    policy = yaml.safe_load((ROOT / "gateway-config/policy.yaml").read_text())
    allowed = {(name, rule["method"], rule["path"]) for name, rule in policy["operations"].items()}
    assert offered == allowed
