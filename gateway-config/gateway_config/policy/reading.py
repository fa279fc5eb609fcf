"""From ``policy.yaml`` to a policy: every mistake is named with its file, line and field, all of them at once."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal, get_args, get_origin

import msgspec

from gateway_config.policy.document import Document, DocumentError
from gateway_config.policy.model import Client, Defaults, Environment, Operation, Policy
from gateway_config.policy.problems import problems

OPERATION_ID = r"[A-Za-z][A-Za-z0-9_]{0,62}"
CLIENT = r"[a-z0-9][a-z0-9-]{0,62}"  # goes into a header and into a script: nothing that could break out
ENVIRONMENT = r"local|gcp"

_SECTIONS: dict[str, tuple[type[msgspec.Struct], str]] = {
    "operations": (Operation, OPERATION_ID),
    "clients": (Client, CLIENT),
    "environments": (Environment, ENVIRONMENT),
}


class PolicyError(ValueError):
    """A policy that cannot be enforced as written; the message names the file, the line and the field."""


class Outline(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """The document's first level; what stands below is read entry by entry, so that every mistake can be named."""

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
    document = read_document(path)
    policy = parse_policy(document)
    reasons = [document.explain(where, reason) for where, reason in problems(policy)]
    if reasons:
        raise PolicyError("\n".join(reasons))
    return policy


def read_document(path: Path) -> Document:
    """Read a policy's YAML.

    Raises:
        PolicyError: for a file that is missing or is not YAML.
    """
    try:
        return Document.read(path)
    except DocumentError as error:
        raise PolicyError(str(error)) from error


def parse_policy(document: Document) -> Policy:
    """Give a document its types; whether they make sense together is not looked at.

    Raises:
        PolicyError: for names and values that are not what a policy consists of.
    """
    mistakes = list(_mistakes("", document.value, Outline)) or list(_inner_mistakes(document.value))
    if mistakes:
        raise PolicyError("\n".join(_explain(document, where, reason) for where, reason in mistakes))
    entries = document.value
    return Policy(
        defaults=msgspec.convert(entries["defaults"], Defaults),
        operations=msgspec.convert(entries["operations"], dict[str, Operation]),
        clients=msgspec.convert(entries["clients"], dict[str, Client]),
        environments=msgspec.convert(entries["environments"], dict[str, Environment]),
    )


def _inner_mistakes(value: dict[str, Any]) -> Iterator[tuple[str, str]]:
    yield from _mistakes("defaults", value["defaults"], Defaults)
    for section, (kind, names) in _SECTIONS.items():
        for name, entry in value[section].items():
            if not re.fullmatch(names, name):
                yield f"{section}.{name}", f"the name {name!r}, expected one that matches {names}"
            yield from _mistakes(f"{section}.{name}", entry, kind)


def _mistakes(where: str, value: Any, kind: type[msgspec.Struct]) -> Iterator[tuple[str, str]]:
    """Msgspec stops at the first mistake; where it found one, the fields are looked at one by one."""
    try:
        msgspec.convert(value, kind)
    except msgspec.ValidationError as error:
        found = list(_each_field(where, value, kind)) if isinstance(value, dict) else []
        yield from found or [(where, str(error))]


def _each_field(where: str, value: dict[str, Any], kind: type[msgspec.Struct]) -> Iterator[tuple[str, str]]:
    fields = {field.encode_name: field for field in msgspec.structs.fields(kind)}
    for name in (name for name in value if name not in fields):
        yield _join(where, name), f"Object contains unknown field `{name}`, expected one of {', '.join(fields)}"
    for name, field in fields.items():
        if name in value:
            yield from _field_mistakes(_join(where, name), value[name], field.type)
        elif field.required:
            yield where, f"Object missing required field `{name}`"


def _field_mistakes(where: str, value: Any, hint: Any) -> Iterator[tuple[str, str]]:
    inner = [kind for kind in (hint, *get_args(hint)) if isinstance(kind, type) and issubclass(kind, msgspec.Struct)]
    if inner and isinstance(value, dict):
        yield from _mistakes(where, value, inner[0])
        return
    try:
        msgspec.convert(value, hint)
    except msgspec.ValidationError as error:
        reason, _, below = str(error).partition(" - at `$")
        choices = " or ".join(_choices(hint))
        if reason.startswith("Invalid enum value"):
            reason = f"Expected {choices}"
        elif choices and not below:
            reason += f" or {choices}"
        yield where + below.removesuffix("`"), reason


def _choices(hint: Any) -> list[str]:
    """The values of the literals in a field's type, which msgspec does not name."""
    hints = [hint, *get_args(hint)]
    return [repr(value) for hint in hints if get_origin(hint) is Literal for value in get_args(hint)]


def _join(where: str, name: str) -> str:
    return f"{where}.{name}" if where else name


def _explain(document: Document, where: str, reason: str) -> str:
    came = document.value_at(where)
    return document.explain(where, reason + (f", but {came!r} is there" if isinstance(came, str | int | float) else ""))
