"""A provider's schema out of the wheel of its Python bindings, in the shape of ``terraform providers schema -json``.

The bindings are generated from that schema. A wheel holds them as an archive of JavaScript files, and the source map
at each file's end holds the TypeScript, which tells of every argument whether it is computed, optional or required,
its type, and whether it is a block.
"""

import base64
import binascii
import io
import json
import re
import tarfile
import zipfile
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import zip_longest
from pathlib import Path
from typing import Any, Literal, get_args

Kind = Literal["resource", "data", "provider"]
KINDS: tuple[Kind, ...] = get_args(Kind)
Json = dict[str, Any]

_FOLDER = re.compile(r"package/lib/([\w-]+)/.*\.js")
_SOURCE_MAP = "//# sourceMappingURL=data:application/json;base64,"
_EXPORT = re.compile(r"^export (interface|function|class) (\w+)", re.MULTILINE)
_BASE = re.compile(r"extends cdktn\.Terraform(Resource|DataSource|Provider)\b")
_TYPE_NAME = re.compile(r'tfResourceType = "([\w-]+)"')
_ARGUMENT = re.compile(
    r"^ +(\w+): \{\n +value: .*\n +isBlock: (true|false),\n +type: \"(\w+)\",\n +storageClassType: \"(\w+)\"",
    re.MULTILINE,
)
_FIELD = re.compile(
    r"^  // (\w+) - computed: (true|false), optional: (true|false), required: (true|false)\n"
    r"(.*?)(?=^  // \w+ - computed:|^  // ====|\Z)",
    re.MULTILINE | re.DOTALL,
)
_DOCUMENTED = re.compile(r"/\*\*\n((?:(?!\*/).)*?)\* Docs at [^{]*\{@link \S*#(\w+) ", re.DOTALL)
_NESTED = re.compile(r"= new (\w+?)(OutputReference|List|Map)\(this, \"\w+\"(?:, (true|false))?\)")
_VALUES = re.compile(r"= new cdktn\.(\w+)\(this")
_GETTER = re.compile(r"this\.get(\w*?)Attribute\('")
_IS_SET = re.compile(r"tolist\(|\(this, \"\w+\", true\)")
_KINDS: Mapping[str, Kind] = {"Resource": "resource", "DataSource": "data", "Provider": "provider"}
_SIMPLE = {"string": "string", "number": "number", "boolean": "bool", "any": "dynamic", "": "string"}
_WRITE_ONLY = "_wo"


class ExtractionError(ValueError):
    """A wheel that is not what the extraction knows; the message says what."""


@dataclass(frozen=True)
class Argument:
    """What the bindings say of an argument that can be set."""

    block: bool
    collection: str
    storage: str


@dataclass
class _Source:
    """One resource's TypeScript, cut into what it exports."""

    classes: dict[str, str] = field(default_factory=dict)
    arguments: dict[str, dict[str, Argument]] = field(default_factory=dict)
    descriptions: dict[str, dict[str, str]] = field(default_factory=dict)

    def read(self, text: str) -> None:
        marks = [*_EXPORT.finditer(text)]
        for mark, following in zip_longest(marks, marks[1:]):
            what, name, body = mark[1], mark[2], text[mark.start() : following.start() if following else None]
            if what == "interface":
                self.descriptions[name] = {found[2]: _prose(found[1]) for found in _DOCUMENTED.finditer(body)}
            elif what == "class":
                self.classes[name] = body
                if _BASE.search(body.split("\n", 1)[0]):
                    self.arguments[name] = _arguments(body)
            elif name.endswith("ToHclTerraform"):
                struct = name.removesuffix("ToHclTerraform")
                self.arguments[struct[0].upper() + struct[1:]] = _arguments(body)

    def schemas(self) -> Iterator[tuple[Kind, str, Json]]:
        for name, body in self.classes.items():
            if base := _BASE.search(body.split("\n", 1)[0]):
                found = _TYPE_NAME.search(body)
                if found is None:
                    raise ExtractionError(f"class {name}: no tfResourceType in it")
                yield _KINDS[base[1]], found[1], {"version": 0, "block": self._block(name, body, f"{name}Config")}

    def _block(self, struct: str, body: str, interface: str) -> Json:
        arguments = self.arguments.get(struct, {})
        descriptions = self.descriptions.get(interface, {})
        attributes: Json = {}
        blocks: Json = {}
        for name, computed, optional, required, code in _FIELD.findall(body):
            argument = arguments.get(name)
            nested = _NESTED.search(code)
            if argument and argument.block:
                blocks[name] = self._nested(nested, argument, required == "true")
                continue
            attribute: Json = {"type": self._type(name, code, argument, nested)}
            attribute |= {
                key: True
                for key, said in (("required", required), ("optional", optional), ("computed", computed))
                if said == "true"
            }
            if name.endswith(_WRITE_ONLY) and argument:
                attribute["write_only"] = True
            if text := descriptions.get(name):
                attribute["description"] = text
            attributes[name] = attribute
        made: Json = {"attributes": attributes}
        if blocks:
            made["block_types"] = blocks
        return made

    def _nested(self, nested: re.Match[str] | None, argument: Argument, required: bool) -> Json:
        made: Json = {"nesting_mode": "single" if argument.collection == "struct" else argument.collection}
        if nested is None:  # in a provider's own configuration, of which nothing can be read back
            fields = self.arguments[argument.storage.removesuffix("List")]
            attributes = {
                name: {"type": self._type(name, "", of, None), "optional": True} for name, of in fields.items()
            }
            return made | {"block": {"attributes": attributes}, "max_items": 1}
        struct, how = nested[1], nested[2]
        made["block"] = self._block(struct, self._class(struct), struct)
        if made["nesting_mode"] != "single":
            made |= {"min_items": 1} if required else {}
            made |= {"max_items": 1} if how == "OutputReference" else {}
        return made

    def _type(self, name: str, code: str, argument: Argument | None, nested: re.Match[str] | None) -> Any:
        """The type in Terraform's own notation, e.g. ``["list", "string"]``."""
        if nested:
            fields = _FIELD.findall(self._class(nested[1]))
            arguments = self.arguments.get(nested[1], {})
            of = [
                "object",
                {key: self._type(key, body, arguments.get(key), _NESTED.search(body)) for key, *_, body in fields},
            ]
            collection = argument.collection if argument else "set" if nested[3] == "true" else nested[2].lower()
            if collection == "struct":
                return of
            return ["list" if collection == "outputreference" else collection, of]
        if argument:
            said = _notation(argument.storage)
            return [argument.collection, said[1]] if isinstance(said, list) else said
        if found := _VALUES.search(code) or _GETTER.search(code):
            said = _notation(found[1])
            return ["set", said[1]] if isinstance(said, list) and _IS_SET.search(code) else said
        if "interpolationForAttribute" in code:
            return "dynamic"
        raise ExtractionError(f"{name}: no type can be read from {code[:200]!r}")

    def _class(self, struct: str) -> str:
        try:
            return self.classes[f"{struct}OutputReference"]
        except KeyError:
            raise ExtractionError(f"{struct}: no class {struct}OutputReference") from None


def schemas(wheel: Path) -> Iterator[tuple[Kind, str, Json]]:
    """Kind, name and schema of every resource and data source of a wheel, and of the provider itself.

    A resource is left out where the bindings gave two of its blocks one name, so that one seems to hold itself
    (of 8.7.0 only ``google_cloud_security_compliance_cloud_control``).

    Raises:
        ExtractionError: if the wheel is not one of a provider's bindings.
    """
    for source in _sources(wheel):
        with suppress(RecursionError):
            yield from source.schemas()


def _sources(wheel: Path) -> Iterator[_Source]:
    try:
        with zipfile.ZipFile(wheel) as opened:
            inner = [name for name in opened.namelist() if name.endswith(".jsii.tgz")]
            if len(inner) != 1:
                raise ExtractionError(f"{wheel.name}: {len(inner)} archives of bindings in it, expected 1")
            packed = opened.read(inner[0])
        found: dict[str, _Source] = {}
        with tarfile.open(fileobj=io.BytesIO(packed), mode="r:gz") as archive:
            for member in archive:
                folder = _FOLDER.fullmatch(member.name)
                file = archive.extractfile(member) if folder else None
                if folder and file and (text := _typescript(file.read().decode())):
                    found.setdefault(folder[1], _Source()).read(text)
    except (OSError, zipfile.BadZipFile, tarfile.TarError, binascii.Error, json.JSONDecodeError) as error:
        raise ExtractionError(f"{wheel.name}: {error}") from error
    yield from found.values()


def _typescript(code: str) -> str:
    at = code.rfind(_SOURCE_MAP)
    if at < 0:
        return ""
    return "".join(json.loads(base64.b64decode(code[at + len(_SOURCE_MAP) :])).get("sourcesContent") or ())


def _arguments(code: str) -> dict[str, Argument]:
    return {name: Argument(block == "true", *rest) for name, block, *rest in _ARGUMENT.findall(code)}


def _notation(name: str) -> Any:
    """E.g. ``["list", ["map", "string"]]`` for ``stringMapList``."""
    for ending in ("List", "Map"):
        if name.endswith(ending):
            return [ending.lower(), _notation(name.removesuffix(ending))]
    return _SIMPLE[name.lower()]


def _prose(comment: str) -> str:
    return "\n".join(line.strip().removeprefix("*").strip() for line in comment.strip().splitlines()).strip()
