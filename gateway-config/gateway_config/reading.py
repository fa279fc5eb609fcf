"""From ``policy.yaml`` to a policy: every mistake is named with its file, line and field."""

import ipaddress
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal, TypeVar, get_args, get_origin, get_type_hints

import msgspec

from gateway_config.document import Document, DocumentError
from gateway_config.policy import Client, Defaults, Environment, Network, Operation, Policy

_OPERATION_ID = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,62}")
_CLIENT = re.compile(r"[a-z0-9][a-z0-9-]{0,62}")  # goes into a header and into a script: nothing that could break out
_ENVIRONMENT = re.compile(r"local")
_SEGMENT = re.compile(r"[A-Za-z0-9._~-]+|\{[a-z][a-z0-9_]*\}")
_BACKEND = re.compile(r"(?P<host>[0-9.]+|\[[0-9a-fA-F:]+\]):(?P<port>\d{1,5})")

_T = TypeVar("_T")


class PolicyError(ValueError):
    """A policy that cannot be enforced as written; the message names the file, the line and the field."""


class _Outline(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """The document's first level; what stands below is read entry by entry, so that a mistake can be named."""

    version: Literal[1]
    defaults: dict[str, Any]
    operations: dict[str, Any]
    clients: dict[str, Any]
    environments: dict[str, Any]


def read_policy(path: Path) -> Policy:
    """Read and check a policy.

    Raises:
        PolicyError: for a file that is missing, or is not a policy that can be enforced as written.
    """
    try:
        document = Document.read(path)
    except DocumentError as error:
        raise PolicyError(str(error)) from error
    outline = _convert(document, "", document.value, _Outline)
    policy = Policy(
        defaults=_convert(document, "defaults", outline.defaults, Defaults),
        operations=_section(document, "operations", outline.operations, Operation, _OPERATION_ID),
        clients=_section(document, "clients", outline.clients, Client, _CLIENT),
        environments=_section(document, "environments", outline.environments, Environment, _ENVIRONMENT),
    )
    problems = [document.explain(where, reason) for where, reason in _problems(policy)]
    if problems:
        raise PolicyError("\n".join(problems))
    return policy


def _section(
    document: Document, section: str, entries: dict[str, Any], kind: type[_T], names: re.Pattern[str]
) -> dict[str, _T]:
    for name in entries:
        if not names.fullmatch(name):
            reason = f"the name {name!r}, expected one that matches {names.pattern}"
            raise PolicyError(document.explain(f"{section}.{name}", reason))
    return {name: _convert(document, f"{section}.{name}", entry, kind) for name, entry in entries.items()}


def _convert(document: Document, section: str, value: object, kind: type[_T]) -> _T:
    try:
        return msgspec.convert(value, kind)
    except msgspec.ValidationError as error:
        reason, _, inner = str(error).partition(" - at `$")
        where = (section + inner.removesuffix("`")).removeprefix(".")
        if reason.startswith("Invalid enum value"):
            reason = f"Expected {' or '.join(_choices(kind, where.rpartition('.')[2]))}"
        came = document.value_at(where)
        if isinstance(came, str | int | float):
            reason += f", but {came!r} is there"
        raise PolicyError(document.explain(where, reason)) from error


def _choices(kind: type[Any], field: str) -> list[str]:
    """The values of the literals in a field's type, which msgspec does not name."""
    hint = get_type_hints(kind)[field]
    hints = [hint, *get_args(hint)]
    return [repr(value) for hint in hints if get_origin(hint) is Literal for value in get_args(hint)]


def _problems(policy: Policy) -> Iterator[tuple[str, str]]:
    yield from _path_problems(policy.operations)
    for name, client in policy.clients.items():
        yield from _network_problems(f"clients.{name}.cidrs", client)
        if client.operations != "all":
            yield from _grant_problems(f"clients.{name}.operations", client.operations, policy.operations)
    if "local" not in policy.environments:
        yield "environments", "local is missing"
    for name, environment in policy.environments.items():
        for index, backend in enumerate(environment.backends):
            if not _is_backend(backend):
                yield f"environments.{name}.backends[{index}]", f"{backend!r}, expected address:port"


def _path_problems(operations: dict[str, Operation]) -> Iterator[tuple[str, str]]:
    seen: dict[str, Operation] = {}
    for name, operation in operations.items():
        where, path = f"operations.{name}.path", operation.path
        if path != "/" and not (path[:1] == "/" and all(map(_SEGMENT.fullmatch, path[1:].split("/")))):
            yield where, f"{path!r}, expected / or /segments, each plain text or one {{parameter}}"
            continue
        for other_name, other in seen.items():
            if operation.shape != other.shape:
                if _ambiguous(operation.shape, other.shape):
                    yield where, f"{path} overlaps {other_name}'s {other.path}, and neither is the narrower one"
            elif operation.method == other.method:
                yield where, f"{operation.method} {path} is {other_name} already"
            elif path != other.path:
                yield where, f"{path} names its parameters otherwise than {other_name}'s {other.path}"
        seen[name] = operation


def _ambiguous(one: tuple[str, ...], other: tuple[str, ...]) -> bool:
    """Whether two paths with parameters overlap; a path without one is matched first, so it never does."""
    if len(one) != len(other) or "{}" not in one or "{}" not in other:
        return False
    return all(a == b or "{}" in (a, b) for a, b in zip(one, other, strict=True))


def _network_problems(where: str, client: Client) -> Iterator[tuple[str, str]]:
    earlier: list[Network] = []
    for index, cidr in enumerate(client.cidrs):
        try:
            network = ipaddress.ip_network(cidr)
        except ValueError as error:
            yield f"{where}[{index}]", f"{error}, expected a network such as 203.0.113.0/24 or 2001:db8::/32"
            continue
        for other in earlier:
            if other.version == network.version and other.overlaps(network):
                yield f"{where}[{index}]", f"{cidr} overlaps {other}"
        earlier.append(network)


def _grant_problems(
    where: str, granted: tuple[str, ...], operations: dict[str, Operation]
) -> Iterator[tuple[str, str]]:
    for index, name in enumerate(granted):
        if name not in operations:
            yield f"{where}[{index}]", f"{name!r} is no operation of this policy"
        elif not operations[name].keyed:
            yield f"{where}[{index}]", f"{name!r} is public: everybody has it"
        elif name in granted[:index]:
            yield f"{where}[{index}]", f"{name!r} is there twice"


def _is_backend(text: str) -> bool:
    match = _BACKEND.fullmatch(text)
    if match is None or not 0 < int(match["port"]) < 65536:  # noqa: PLR2004 - a port has sixteen bits
        return False
    try:
        ipaddress.ip_address(match["host"].strip("[]"))
    except ValueError:
        return False
    return True
