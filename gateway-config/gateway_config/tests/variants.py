"""Gateways whose policy is the tests' own with something changed, opened as a user's are."""

from pathlib import Path
from typing import Any

import yaml

from gateway_config.envoy.bootstrap import Address
from gateway_config.local import LocalGateway
from gateway_config.ports import free_port
from gateway_config.settings import Settings

_POLICY = Path(__file__).with_name("policy.yaml")


def write_policy(folder: Path, *, local: dict[str, Any] | None = None, **operations: dict[str, Any]) -> Path:
    """The tests' policy in ``folder``, with fields of its local environment and of some operations set anew."""
    policy = yaml.safe_load(_POLICY.read_text())
    policy["environments"]["local"] |= local or {}
    for name, changed in operations.items():
        policy["operations"][name] |= changed
    path = folder / "policy.yaml"
    path.write_text(yaml.safe_dump(policy, sort_keys=False))
    return path


def open_gateway(policy: Path, backend: Address, **settings: Any) -> LocalGateway:
    """A gateway on free ports, with its state beside the policy."""
    made = Settings(
        gateway_port=free_port(),
        gateway_admin_port=free_port(),
        gateway_policy=policy,
        state_dir=policy.parent / "state",
        **settings,
    )
    return LocalGateway.open(made, (backend,))
