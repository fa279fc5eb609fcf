"""Everything that ``check`` has to say of a policy: of itself, of the service, of the day, and of what GCP can hold."""

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

from gateway_config.gcp.marks import GCP, MARKS, remote_clients, used
from gateway_config.keys.store import LIVE_AT_MOST
from gateway_config.policy.contract import Contract
from gateway_config.policy.model import Environment, Policy, PolicyKey
from gateway_config.policy.problems import problems

NOTICE: Final = dt.timedelta(days=14)


@dataclass(frozen=True)
class Finding:
    """What is wrong with a field. A warning says what will be wrong, or may not be meant."""

    where: str
    reason: str
    severity: Literal["error", "warning"] = "error"


def findings(policy: Policy, contract: Contract | None, today: dt.date, folder: Path) -> Iterator[Finding]:
    """Everything at once. ``folder`` is the policy's, to which the paths in it are relative."""
    yield from (Finding(where, reason) for where, reason in problems(policy))
    if contract is not None:
        yield from offer_findings(policy, contract)
        yield from _model_findings(policy, contract)
    for name, client in policy.clients.items():
        yield from _key_findings(f"clients.{name}.keys", client.keys, today)
    yield from _cost_findings(policy)
    for name, environment in policy.environments.items():
        yield from _file_findings(f"environments.{name}.tls", environment, folder)
        yield from _accepts_findings(f"environments.{name}.accepts", name, environment)
    if GCP in policy.environments:
        yield from _mark_findings(policy)
        yield from _quota_findings(policy)


def offer_findings(policy: Policy, contract: Contract) -> Iterator[Finding]:
    """Where the policy's operations are not the service's."""
    for name, operation in policy.operations.items():
        where, offer = f"operations.{name}", contract.operations.get(name)
        if offer is None:
            yield Finding(where, f"the service has no operation {name!r}")
            continue
        if operation.method != offer.method:
            yield Finding(f"{where}.method", f"{operation.method}, but the service has {offer.method} {offer.path}")
        if operation.path != offer.path:
            yield Finding(f"{where}.path", f"{operation.path}, but the service has {offer.method} {offer.path}")
        if operation.keyed != offer.keyed:
            says = "asks for a key" if offer.keyed else "asks for none"
            yield Finding(where, f"it is {operation.access} here, but the service's document {says}", "warning")
    for name, offer in contract.operations.items():
        if name not in policy.operations:
            reason = f"{name!r} is missing, which the service has: {offer.method} {offer.path}"
            yield Finding("operations", reason)


def _model_findings(policy: Policy, contract: Contract) -> Iterator[Finding]:
    if not contract.models:
        return
    known = ", ".join(sorted(contract.models))
    for name, client in policy.clients.items():
        for index, model in enumerate(client.models if client.models != "all" else ()):
            if model not in contract.models:
                reason = f"the service's document has no model {model!r}, only {known}"
                yield Finding(f"clients.{name}.models[{index}]", reason, "warning")


def _key_findings(where: str, keys: tuple[PolicyKey, ...], today: dt.date) -> Iterator[Finding]:
    """A key is good until the day before it expires."""
    live = 0
    for index, key in enumerate(keys):
        at = f"{where}[{index}].expires"
        if key.expires is not None and key.expires <= today:
            yield Finding(at, f"this key expired on {key.expires}; take it out")
            continue
        live += 1
        if key.expires is not None and key.expires - today <= NOTICE:
            yield Finding(at, f"this key expires in {(key.expires - today).days} days, on {key.expires}", "warning")
        if live > LIVE_AT_MOST:
            yield Finding(
                f"{where}[{index}]", f"it is live key number {live}, expected {LIVE_AT_MOST} a client at most"
            )


def _cost_findings(policy: Policy) -> Iterator[Finding]:
    """What costs more than can ever be there would never be answered."""
    for name, client in policy.clients.items():
        granted = policy.operations if client.operations == "all" else client.operations
        offered = {operation: policy.operations[operation] for operation in granted if operation in policy.operations}
        costs = {operation: rules.cost for operation, rules in offered.items() if rules.keyed}
        dearest = max(costs, key=lambda operation: costs[operation], default="")
        rate, quota = policy.rate(client), policy.daily_quota(client)
        limits = {
            "rate.burst" if client.rate is not None else "defaults.rate.burst": None if rate is None else rate.burst,
            "daily_quota" if client.daily_quota is not None else "defaults.daily_quota": quota,
        }
        for field, limit in limits.items():
            if dearest and limit is not None and costs[dearest] > limit:
                where = field if field.startswith("defaults.") else f"clients.{name}.{field}"
                yield Finding(where, f"{limit}, but {dearest} costs {costs[dearest]}: {name} could never ask for it")


def _file_findings(where: str, environment: Environment, folder: Path) -> Iterator[Finding]:
    for field in ("certificate", "private_key", "client_ca"):
        name = getattr(environment.tls, field, "")
        if name and not (folder / name).is_file():
            yield Finding(f"{where}.{field}", f"there is no file {folder / name}")


def _accepts_findings(where: str, name: str, environment: Environment) -> Iterator[Finding]:
    rules = {mark.rule: mark for mark in MARKS}
    for rule in environment.accepts:
        if rule not in rules:
            yield Finding(f"{where}.{rule}", f"there is no rule {rule!r}, only {', '.join(rules)}")
        elif name != GCP:
            yield Finding(f"{where}.{rule}", f"{name} holds every rule; there is nothing to accept")
        elif rules[rule].support == "native":
            yield Finding(f"{where}.{rule}", "GCP holds this rule; there is nothing to accept")


def _mark_findings(policy: Policy) -> Iterator[Finding]:
    accepts, uses = policy.environments[GCP].accepts, used(policy)
    for mark in MARKS:
        if mark.support == "native":
            continue
        if mark.rule in uses and mark.rule not in accepts:
            can = "can't hold this" if mark.support == "unsupported" else "holds this only roughly"
            reason = f"GCP {can}: {mark.how}. Accept {mark.rule!r} with a reason under environments.gcp.accepts"
            yield Finding(uses[mark.rule], reason)
        elif mark.rule in accepts and mark.rule not in uses:
            where = f"environments.{GCP}.accepts.{mark.rule}"
            yield Finding(where, "no rule of this policy needs to be accepted so", "warning")


def _quota_findings(policy: Policy) -> Iterator[Finding]:
    """One limit holds for every project: it can't be there for some clients and not for others."""
    clients = remote_clients(policy)
    unlimited = [name for name in clients if policy.rate(policy.clients[name]) is None]
    if unlimited and len(unlimited) < len(clients):
        reason = "it has no rate, so that no quota is rendered for GCP, for the other clients neither"
        yield Finding(f"clients.{unlimited[0]}", reason, "warning")
