"""The clients as variables of Terraform's: who they are and what they may, never a key or a hash."""

from typing import Any

from gateway_config.gcp.marks import remote_clients
from gateway_config.policy.model import Policy


def client_variables(policy: Policy) -> dict[str, Any]:
    """``clients``, by name. Who calls from this machine only is left out: GCP makes no key for nobody.

    ``allowed_ips`` are for the key's ``server_key_restrictions``, and empty where ``any_address`` says so.
    ``operations``, ``models``, ``burst`` and ``daily_quota`` can't be held there; they say what was agreed. null: no limit.
    """
    return {"clients": {name: _client(policy, name) for name in remote_clients(policy)}}


def _client(policy: Policy, name: str) -> dict[str, Any]:
    client = policy.clients[name]
    rate = policy.rate(client)
    return {
        "owner": client.owner,
        "contact": client.contact,
        "any_address": client.cidrs == "any",
        "allowed_ips": [] if client.cidrs == "any" else list(client.cidrs),
        "requests_per_minute": None if rate is None else 60 * rate.per_second,
        "burst": None if rate is None else rate.burst,
        "daily_quota": policy.daily_quota(client),
        "operations": ["all"] if client.operations == "all" else list(client.operations),
        "models": ["all"] if client.models == "all" else list(client.models),
    }
