"""Holds HCL to the schema and to itself: what ``terraform validate`` would find, where there is no terraform."""

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from terraform.hcl.blocks import Block, Expression
from terraform.provider.extraction import Json, Kind
from terraform.provider.page import notation
from terraform.provider.rules import rules
from terraform.provider.store import PROVIDERS, Store
from terraform.provider.validation import problems
from terraform.provider.values import UNKNOWN

_META = {"count", "for_each", "provider", "depends_on"}
_META_BLOCKS = {"lifecycle", "provisioner", "connection"}
_MODULE_META = _META | {"source", "version", "providers"}
_NAMES = re.compile(
    r"(?<![\w.-])(?:(?P<kind>var|local)\.(?P<name>\w+)"
    r"|module\.(?P<module>\w+)(?:\[[^\]]*\])?(?:\.(?P<output>\w+))?"
    r"|(?P<data>data\.)?(?P<type>google_\w+)\.(?P<resource>\w+)(?:\[(?:[^\[\]]|\[[^\]]*\])*\])?(?:\.(?P<argument>\w+))?)"
)
_KINDS: Mapping[str, Kind] = {"resource": "resource", "data": "data"}


@dataclass(frozen=True)
class Names:
    """What a folder declares."""

    variables: Mapping[str, Block]
    locals: frozenset[str]
    outputs: frozenset[str]
    modules: Mapping[str, Block]
    resources: frozenset[tuple[str, str, str]]

    @classmethod
    def of(cls, blocks: Sequence[Block]) -> "Names":
        """Of a folder's blocks."""

        def labelled(kind: str) -> dict[str, Block]:
            return {block.labels[0]: block for block in blocks if block.kind == kind}

        return cls(
            variables=labelled("variable"),
            locals=frozenset(name for block in blocks if block.kind == "locals" for name in block.arguments),
            outputs=frozenset(labelled("output")),
            modules=labelled("module"),
            resources=frozenset(
                (block.kind, block.labels[0], block.labels[1]) for block in blocks if block.kind in _KINDS
            ),
        )

    def declared(self, kind: str) -> Collection[str]:
        """The names of ``var.`` or ``local.``."""
        return self.variables if kind == "var" else self.locals


def complaints(folder: Path, trees: Mapping[Path, Sequence[Block]], store: Store) -> Iterator[str]:
    """Everything wrong with one folder's HCL, as ``file: block: what came, what is expected``."""
    names = Names.of(trees[folder])
    for block in trees[folder]:
        where = f"{block.file}: {'.'.join(block.labels) or block.kind}"
        if block.kind in _KINDS:
            yield from (f"{where}: {text}" for text in _resource(block, store))
        if block.kind == "module":
            yield from (f"{where}: {text}" for text in _module(folder, block, trees))
        for text in block.texts():
            yield from (f"{where}: {said}" for said in _undeclared(text, folder, names, trees, store))


def calls(folder: Path, blocks: Sequence[Block]) -> set[Path]:
    """The folders of the local modules that are called, without which a call can't be held to anything."""
    found = {_source(folder, block) for block in blocks if block.kind == "module"}
    return {path for path in found if path and path.is_dir()}


def _resource(block: Block, store: Store) -> Iterator[str]:
    kind, name = _KINDS[block.kind], block.labels[0]
    schema = _schema(store, kind, name)
    if schema is None:
        yield f"the provider has no {kind} of this type"
        return
    yield from _body(block, schema["block"], "", _META)
    config = _config(block, schema["block"])
    for problem in problems(schema["block"], config, rules(name) if kind == "resource" else ()):
        yield f"{'.'.join(str(step) for step in problem.path)}: {problem.message}".removeprefix(": ")


def _body(block: Block, schema: Json, at: str, meta: set[str]) -> Iterator[str]:
    yield from _arguments(block, schema, at, meta)
    nested: Json = schema.get("block_types", {})
    counts = dict.fromkeys(nested, 0)
    dynamic = {inner.labels[0] for inner in block.of("dynamic")}
    for inner in block.blocks:
        name = inner.labels[0] if inner.kind == "dynamic" else inner.kind
        if name in nested:
            counts[name] += 1
            for content in inner.of("content") if inner.kind == "dynamic" else [inner]:
                yield from _body(content, nested[name]["block"], f"{at}{name}.", set())
        elif not meta or name not in _META_BLOCKS:
            yield f"{at}{name}: " + ("an argument, not a block" if name in schema["attributes"] else "no such block")
    for name in nested.keys() - dynamic:
        least, most = nested[name].get("min_items", 0), nested[name].get("max_items")
        if counts[name] < least or (most and counts[name] > most):
            yield f"{at}{name}: {counts[name]} blocks came, expected {least} to {most or 'any number'}"


def _arguments(block: Block, schema: Json, at: str, meta: set[str]) -> Iterator[str]:
    attributes: Json = schema["attributes"]
    for name, value in block.arguments.items():
        attribute = attributes.get(name, {})
        if attribute.get("required") or attribute.get("optional"):
            if not _fits(value, attribute["type"]):
                yield f"{at}{name}: {value!r} came, expected {notation(attribute['type'])}"
        elif name not in meta:
            is_block = name in schema.get("block_types", {})
            yield f"{at}{name}: " + ("a block, not an argument" if is_block else "no such argument")
    for name, attribute in attributes.items():
        if attribute.get("required") and name not in block.arguments:
            yield f"{at}{name}: missing"


def _config(block: Block, schema: Json) -> dict[str, Any]:
    """The block as the provider would get it, with what only Terraform can tell unknown."""
    config = {name: _plain(block.arguments.get(name)) for name in schema["attributes"]}
    for name, it in schema.get("block_types", {}).items():
        if any(inner.labels[:1] == (name,) for inner in block.of("dynamic")):
            config[name] = UNKNOWN
        else:
            config[name] = [_config(inner, it["block"]) for inner in block.of(name)]
    return config


def _plain(value: Any) -> Any:
    if isinstance(value, Expression):
        return UNKNOWN
    if isinstance(value, list):
        return [_plain(each) for each in value]
    return {name: _plain(each) for name, each in value.items()} if isinstance(value, dict) else value


def _fits(value: Any, of: Any) -> bool:
    if value is None or isinstance(value, Expression) or of == "dynamic":
        return True
    if isinstance(of, str):
        if isinstance(value, (list, dict)):
            return False
        text = str(value).lower() if isinstance(value, bool) else str(value)
        return bool({"number": re.fullmatch(r"-?\d+(\.\d+)?", text), "bool": text in ("true", "false")}.get(of, True))
    collection, inner = of
    if collection == "object":
        return isinstance(value, dict)
    if collection == "map":
        return isinstance(value, dict) and all(_fits(each, inner) for each in value.values())
    return isinstance(value, list) and all(_fits(each, inner) for each in value)


def _module(folder: Path, block: Block, trees: Mapping[Path, Sequence[Block]]) -> Iterator[str]:
    called = _called(folder, block, trees)
    if called is None:
        return
    for name in block.arguments.keys() - called.variables.keys() - _MODULE_META:
        yield f"{name}: the module has no such variable"
    for name, variable in called.variables.items():
        if "default" not in variable.arguments and name not in block.arguments:
            yield f"{name}: missing"


def _called(folder: Path, block: Block, trees: Mapping[Path, Sequence[Block]]) -> Names | None:
    called = _source(folder, block)
    return Names.of(trees[called]) if called and called in trees else None


def _source(folder: Path, block: Block) -> Path | None:
    source = block.arguments.get("source")
    return (folder / source).resolve() if isinstance(source, str) and source.startswith(".") else None


def _undeclared(
    text: str, folder: Path, names: Names, trees: Mapping[Path, Sequence[Block]], store: Store
) -> Iterator[str]:
    for found in _NAMES.finditer(text):
        if found["kind"]:
            wrong = "" if found["name"] in names.declared(found["kind"]) else "not declared"
        elif found["module"]:
            wrong = _wrong_output(found, folder, names, trees)
        else:
            wrong = _wrong_resource(found, names, store)
        if wrong:
            yield f"{found[0]}: {wrong}"


def _wrong_output(found: re.Match[str], folder: Path, names: Names, trees: Mapping[Path, Sequence[Block]]) -> str:
    if found["module"] not in names.modules:
        return "not declared"
    called = _called(folder, names.modules[found["module"]], trees)
    return (
        "the module has no such output" if called and found["output"] and found["output"] not in called.outputs else ""
    )


def _wrong_resource(found: re.Match[str], names: Names, store: Store) -> str:
    kind: Kind = "data" if found["data"] else "resource"
    if (kind, found["type"], found["resource"]) not in names.resources:
        return "not declared"
    schema = _schema(store, kind, found["type"])
    if schema is None or not found["argument"]:
        return ""
    known = schema["block"]["attributes"].keys() | schema["block"].get("block_types", {}).keys()
    return "" if found["argument"] in known else "no such argument"


def _schema(store: Store, kind: Kind, name: str) -> Json | None:
    # beta first: it has all that the other has, and more
    return next((found for provider in reversed(PROVIDERS) if (found := store.get(provider, kind, name))), None)
