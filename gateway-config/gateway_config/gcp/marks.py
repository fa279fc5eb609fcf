"""How far GCP API Gateway holds each rule of a policy; the local gateway holds them all.

Sources: API Gateway's documentation of its OpenAPI extensions, quotas and limits; the API Keys documentation; ESPv2's
source for what its quotas do. Nothing here was tried on GCP.
"""

import ipaddress
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, Literal

from gateway_config.policy.model import Policy

GCP: Final = "gcp"

Support = Literal["native", "approximate", "unsupported"]


@dataclass(frozen=True)
class Mark:
    """One rule: how far the managed gateway holds it, how or why not, and what stands in for it."""

    rule: str
    support: Support
    how: str
    instead: str = ""


MARKS: Final = (
    Mark("operations", "native", "only the document's paths and methods exist; parameters are whole segments"),
    Mark("access", "native", "a security scheme for `x-api-key`; public operations have `security: []`"),
    Mark("deadline", "native", "the backend's `deadline`"),
    Mark(
        "max_body_bytes",
        "unsupported",
        "every request may have 32 MB, no less",
        "the service refuses bodies over 8 MiB itself, with 413",
    ),
    Mark(
        "cacheable",
        "unsupported",
        "it stores no answers and adds no headers",
        "answers go out with the headers that the service gave them",
    ),
    Mark("cost", "native", "`x-google-quota.metricCosts` of the operation"),
    Mark(
        "rate",
        "approximate",
        "a quota is per minute and per consumer project (`1/min/{project}`), not per second and key; it is counted once a "
        "second, so it overshoots",
        "sixty times the largest client's rate for each project; clients who need their own limit get a project of their "
        "own, with Terraform's `requests_per_minute` as its override",
    ),
    Mark(
        "burst",
        "approximate",
        "a minute's requests may all come in its first second",
        "the service sheds load with 503 before it slows down",
    ),
    Mark(
        "daily_quota",
        "unsupported",
        "the only period is a minute",
        "requests are counted by key (`credential_id`) in Cloud Monitoring, where an alert can watch them",
    ),
    Mark(
        "address_rate",
        "unsupported",
        "nothing is counted by address",
        "keys are too long to be guessed; a load balancer with Cloud Armor in front can throttle, but the gateway's own URL "
        "stays open beside it",
    ),
    Mark("cidrs", "native", "the key's own `restrictions.server_key_restrictions.allowed_ips`"),
    Mark(
        "client_operations",
        "unsupported",
        "a key is restricted to an API (`restrictions.api_targets.service`), not to its operations",
        "two APIs, each with its own operations, or clients who may have all of them",
    ),
    Mark(
        "client_models",
        "unsupported",
        "it neither reads the model nor tells the backend whose key came",
        "a service of its own for models that not everybody may ask",
    ),
    Mark(
        "key_hashes",
        "unsupported",
        "it makes its keys itself and takes no hashes",
        "Terraform makes the keys of the same clients",
    ),
    Mark(
        "key_expiry",
        "unsupported",
        "a key lives until it is deleted, and minutes longer in caches",
        "Terraform drops a key's generation; `check` warns 14 days before a date in the policy",
    ),
    Mark(
        "trusted_hops",
        "unsupported",
        "the address that counts is the one that reaches Google; no header of a proxy is believed",
        "allow the proxies' own addresses",
    ),
    Mark(
        "cors_origins",
        "unsupported",
        "`OPTIONS` is an operation like any other and goes to the backend",
        "the page is served through the gateway, from the same origin",
    ),
    Mark(
        "certificate",
        "unsupported",
        "`gateway.dev` has Google's certificate, always on; a domain of one's own needs a load balancer in front",
        "callers use the `gateway.dev` URL",
    ),
    Mark(
        "client_certificates",
        "unsupported",
        "callers are never asked for a certificate",
        "the key and its addresses",
    ),
)


def used(policy: Policy) -> dict[str, str]:
    """The rules that a policy makes use of on GCP, each with the first field that does, in the order of the table."""
    found: dict[str, str] = {}
    for rule, where in _uses(policy):
        found.setdefault(rule, where)
    return {mark.rule: found[mark.rule] for mark in MARKS if mark.rule in found}


def remote_clients(policy: Policy) -> tuple[str, ...]:
    """Clients that a gateway on GCP can ever see: not those who call from this machine only."""
    return tuple(
        name
        for name, client in policy.clients.items()
        if client.cidrs == "any" or not all(map(_is_loopback, client.cidrs))
    )


def _is_loopback(cidr: str) -> bool:
    try:
        return ipaddress.ip_network(cidr).is_loopback
    except ValueError:  # it is told elsewhere
        return False


def _uses(policy: Policy) -> Iterator[tuple[str, str]]:
    yield "operations", "operations"
    yield "access", "operations"
    yield from _default_uses(policy)
    for name, operation in policy.operations.items():
        where = f"operations.{name}"
        if operation.cost > 1:
            yield "cost", f"{where}.cost"
        if operation.cacheable:
            yield "cacheable", f"{where}.cacheable"
    for name in remote_clients(policy):
        yield from _client_uses(policy, name)
    yield from _environment_uses(policy)


def _default_uses(policy: Policy) -> Iterator[tuple[str, str]]:
    yield "deadline", "defaults.deadline_seconds"
    yield "max_body_bytes", "defaults.max_body_bytes"
    if policy.defaults.rate is not None:
        yield "rate", "defaults.rate"
        yield "burst", "defaults.rate.burst"
    if policy.defaults.daily_quota is not None:
        yield "daily_quota", "defaults.daily_quota"
    if policy.defaults.address_rate is not None:
        yield "address_rate", "defaults.address_rate"


def _client_uses(policy: Policy, name: str) -> Iterator[tuple[str, str]]:
    where, client = f"clients.{name}", policy.clients[name]
    yield "cidrs", f"{where}.cidrs"
    if client.operations != "all":
        yield "client_operations", f"{where}.operations"
    if client.models != "all":
        yield "client_models", f"{where}.models"
    if client.rate is not None:
        yield "rate", f"{where}.rate"
        yield "burst", f"{where}.rate.burst"
    if client.daily_quota is not None:
        yield "daily_quota", f"{where}.daily_quota"
    for index, key in enumerate(client.keys):
        yield "key_hashes", f"{where}.keys[{index}]"
        if key.expires is not None:
            yield "key_expiry", f"{where}.keys[{index}].expires"


def _environment_uses(policy: Policy) -> Iterator[tuple[str, str]]:
    environment = policy.environments.get(GCP)
    if environment is None:
        return
    where = f"environments.{GCP}"
    if environment.trusted_hops:
        yield "trusted_hops", f"{where}.trusted_hops"
    if environment.cors_origins:
        yield "cors_origins", f"{where}.cors_origins"
    if environment.tls is not None:
        if environment.tls.certificate or environment.tls.generated:
            yield "certificate", f"{where}.tls"
        if environment.tls.client_ca:
            yield "client_certificates", f"{where}.tls.client_ca"
