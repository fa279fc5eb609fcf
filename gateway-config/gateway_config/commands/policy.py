"""``python -m gateway_config check | render``: what is wrong with the policy, and what is rendered from it."""

import argparse
import datetime as dt
from pathlib import Path
from typing import TextIO

from gateway_config.gcp.marks import GCP, MARKS, used
from gateway_config.generated import CONTRACT_FILE, FOLDER, Generated
from gateway_config.local import LocalGateway
from gateway_config.policy.contract import Contract
from gateway_config.policy.lint import findings, offer_findings
from gateway_config.policy.model import Policy
from gateway_config.policy.reading import PolicyError, parse_policy, read_document, read_policy
from gateway_config.settings import Settings


def add_parsers(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add ``check`` and ``render`` to the program's commands."""
    commands.add_parser("check", help="check the policy, and let Envoy check what is rendered from it")
    render = commands.add_parser("render", help="write what is rendered from the policy")
    either = render.add_mutually_exclusive_group()
    either.add_argument(
        "what",
        nargs="?",
        choices=("generated", "local"),
        help="generated: the committed files, for GCP and for editors; local: what the local gateway reads; else both",
    )
    either.add_argument("--check", action="store_true", help="write nothing; say which committed files are stale")


def run_check(settings: Settings, today: dt.date, out: TextIO, err: TextIO) -> None:
    """Print what the policy says and how far GCP holds it; warnings go to ``err``.

    Raises:
        PolicyError: with everything that is wrong with the policy, a line each.
        ContractError: if the service's document is there, but can't be used.
        EnvoyError: if Envoy refuses what is rendered, or is not installed.
        KeyStoreError: if the key store can't be read.
    """
    path = settings.gateway_policy
    document = read_document(path)
    policy = parse_policy(document)
    contract = _contract(path)
    if contract is None:
        print(f"warning: {_contract_file(path)}: no such file; operations are compared with no service", file=err)
    found = sorted(findings(policy, contract, today, path.parent), key=lambda finding: document.line(finding.where))
    errors = []
    for finding in found:
        said = document.explain(finding.where, finding.reason)
        if finding.severity == "warning":
            print(f"warning: {said}", file=err)
        else:
            errors.append(said)
    if errors:
        raise PolicyError("\n".join(errors))
    gateway = LocalGateway.open(settings)
    gateway.check()
    _print_summary(gateway, out)
    if GCP in policy.environments:
        _print_marks(policy, out)
    print("Envoy accepts what is rendered from it.", file=out)


def run_render(settings: Settings, what: str | None, *, check: bool, out: TextIO) -> None:
    """Write the committed files, those of the local gateway, or both; or only ``check`` the committed ones.

    Raises:
        PolicyError: if the policy can't be enforced as written, or a committed file is stale.
        ContractError: if the service's document can't be used.
        EnvoyError: if Envoy refuses the configuration, or is not installed; nothing local is written then.
        KeyStoreError: if the key store can't be read.
    """
    if check:
        _check_generated(_generated(settings.gateway_policy), out)
        return
    if what != "local" and (what == "generated" or _contract_file(settings.gateway_policy).exists()):
        generated = _generated(settings.gateway_policy)
        generated.write()
        print(f"written to {generated.folder}: {', '.join(generated.files())}", file=out)
    if what != "generated":
        gateway = LocalGateway.open(settings)
        gateway.write()
        print(f"written to {gateway.folder}; run it with", file=out)
        print(" ".join(gateway.command), file=out)


def _check_generated(generated: Generated, out: TextIO) -> None:
    reason = "it is not what the policy and the service's document give now; render it"
    stale = [f"{path}: {reason}" for path in generated.stale()]
    if stale:
        raise PolicyError("\n".join(stale))
    print(f"{generated.folder}: {len(generated.files())} files, none stale", file=out)


def _contract_file(policy: Path) -> Path:
    return policy.parent / FOLDER / CONTRACT_FILE


def _contract(policy: Path) -> Contract | None:
    path = _contract_file(policy)
    return Contract.read(path) if path.exists() else None


def _generated(path: Path) -> Generated:
    """The committed files, of a policy whose operations are the service's.

    The whole of what ``check`` says is not asked for: what expires tomorrow must not keep a file from being written.
    """
    policy, contract = read_policy(path), Contract.read(_contract_file(path))
    document = read_document(path)
    found = (finding for finding in offer_findings(policy, contract) if finding.severity == "error")
    errors = [document.explain(finding.where, finding.reason) for finding in found]
    if errors:
        raise PolicyError("\n".join(errors))
    return Generated(policy, contract, path.parent / FOLDER)


def _print_summary(gateway: LocalGateway, out: TextIO) -> None:
    operations = gateway.policy.operations.values()
    keyed = sum(operation.keyed for operation in operations)
    print(f"operations  {keyed} with a key, {len(operations) - keyed} public", file=out)
    keys = gateway.store.read()
    for name, client in gateway.policy.clients.items():
        count = sum(key.client == name for key in keys)
        granted = "all operations" if client.operations == "all" else ", ".join(client.operations)
        networks = "any address" if client.cidrs == "any" else ", ".join(client.cidrs)
        print(f"client      {name}: {granted}; from {networks}; keys: {count}", file=out)
    for name in sorted({key.client for key in keys} - set(gateway.policy.clients)):
        print(f"left out    the keys of {name}, who is no client of the policy", file=out)


def _print_marks(policy: Policy, out: TextIO) -> None:
    """A line for each rule that the policy uses."""
    accepts, uses = policy.environments[GCP].accepts, used(policy)
    for mark in MARKS:
        if mark.rule in uses:
            support = mark.support + (", accepted" if mark.rule in accepts else "")
            print(f"on GCP      {mark.rule:19} {support:22} {mark.how}", file=out)
