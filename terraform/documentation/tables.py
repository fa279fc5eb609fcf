"""The tables, as Markdown."""

import re
from collections.abc import Iterable, Mapping, Sequence

from terraform.documentation.contents import Contents
from terraform.documentation.source import Block, plain

MADE_BY = "Made by `python -m terraform docs`; change the HCL instead."


_LONG = 200


class UndescribedError(ValueError):
    """Variables or outputs without a description; their names."""


def tables(contents: Contents, apis: Mapping[str, list[str]]) -> str:
    """Everything between the markers of a README.

    Raises:
        UndescribedError: naming what has no description.
        MissingApiError: naming a resource whose API nobody knows.
    """
    inputs, outputs = contents.named("variable"), contents.named("output")
    if silent := [f"{block.kind} {block.name}" for block in (*inputs, *outputs) if not _said(block)]:
        raise UndescribedError(f"{', '.join(silent)}: expected a description")
    parts = [
        _table("Inputs", ("Name", "What", "Type", "Default"), map(_input, sorted(inputs, key=_required_first))),
        _table("Outputs", ("Name", "What"), ((f"`{each.name}`", _said(each)) for each in outputs)),
        _table("Modules", ("Module", "Called as"), _counted(contents.modules())),
        _table("Resources", ("Type", "Named"), _counted(contents.resources())),
        _table("Roles", ("Role", "Granted by"), ((f"`{role}`", _listed(by)) for role, by in contents.roles().items())),
    ]
    if needed := contents.apis(apis):
        parts.append(f"**APIs**: {_listed(needed)}\n")
    return "\n".join([f"<!-- {MADE_BY} -->", "", *filter(None, parts)])


def _table(title: str, head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in row)} |" for row in rows]
    if not lines:
        return ""
    return "\n".join([f"**{title}**", "", f"| {' | '.join(head)} |", f"|{'---|' * len(head)}", *lines, ""])


def _input(block: Block) -> tuple[str, str, str, str]:
    default = block.arguments.get("default")
    shown = "required" if default is None else f"`{_short(default)}`"
    if len(shown) > _LONG:
        shown = "see [variables.tf](variables.tf)"
    secret = " Never in the state or a plan." if block.arguments.get("ephemeral") == "true" else ""
    return f"`{block.name}`", _said(block) + secret, f"`{_short(block.arguments.get('type', 'any'))}`", shown


def _required_first(block: Block) -> tuple[bool, str]:
    return "default" in block.arguments, block.name


def _said(block: Block) -> str:
    return plain(block.arguments.get("description", '""'))


def _counted(found: Mapping[str, list[str]]) -> list[tuple[str, str]]:
    return [(f"`{kind}`", _listed(names)) for kind, names in sorted(found.items())]


def _listed(names: Iterable[str]) -> str:
    return ", ".join(f"`{name}`" for name in names)


def _short(expression: str) -> str:
    """An expression on one line."""
    bare = re.sub(r"(?m)^\s*#.*$", "", expression)
    line = " ".join(re.sub(r"\n\s*", ", ", bare.strip()).split())
    line = re.sub(r"([({\[]),", r"\1", re.sub(r"(, )+", ", ", line).replace(",,", ","))
    return re.sub(r",? *([)}\]])", r"\1", re.sub(r"([({\[]) +", r"\1", line))
