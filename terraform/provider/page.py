"""A schema as a page that can be read: one line an argument, blocks indented."""

from collections.abc import Iterator
from typing import Any

from terraform.provider.extraction import Json

_TEXT = 200


def page(schema: Json) -> Iterator[str]:
    """The lines of a resource's schema: arguments first, what is only computed last."""
    yield from _block(schema["block"], "  ")


def _block(block: Json, indent: str) -> Iterator[str]:
    attributes: dict[str, Json] = block["attributes"]
    settable = {name: it for name, it in attributes.items() if it.get("required") or it.get("optional")}
    for name, it in sorted(settable.items(), key=lambda item: (not item[1].get("required"), item[0])):
        yield f"{indent}{name}  {notation(it['type'])}, {_how(it)}{_about(it)}"
    for name, nested in sorted(block.get("block_types", {}).items()):
        least, most = nested.get("min_items", 0), nested.get("max_items", "any number")
        how = "one" if nested["nesting_mode"] == "single" else f"{nested['nesting_mode']}, {least} to {most}"
        yield f"{indent}{name} {{}}  {how}"
        yield from _block(nested["block"], indent + "  ")
    if computed := sorted(attributes.keys() - settable.keys()):
        told = ", ".join(f"{name} {notation(attributes[name]['type'])}" for name in computed)
        yield f"{indent}(computed: {told})"


def notation(of: Any) -> str:
    """A type as HCL writes it, e.g. ``list(string)``."""
    if isinstance(of, str):
        return of
    collection, inner = of
    if collection == "object":
        return f"object({{{', '.join(f'{name}={notation(each)}' for name, each in inner.items())}}})"
    return f"{collection}({notation(inner)})"


def _how(attribute: Json) -> str:
    if attribute.get("required"):
        return "required"
    return "optional, write-only" if attribute.get("write_only") else "optional"


def _about(attribute: Json) -> str:
    text = " ".join(attribute.get("description", "").split())
    at = text.find("Possible values:")
    values = f" {text[at:]}" if at >= _TEXT else ""
    return f" - {text if len(text) <= _TEXT else text[:_TEXT] + '...'}{values}" if text else ""
