"""What one folder of HCL takes, gives, makes, grants and needs."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import yaml

from terraform.documentation.source import Block, plain, read

APIS = Path(__file__).parent / "apis.yaml"
_ROLE = re.compile(r'"(roles/[\w.]+|\S*/roles/\w+)"')
_REFERENCE = re.compile(r"\b(local|var)\.(\w+)")


class MissingApiError(ValueError):
    """A resource of which nobody has said through which API it is made."""


@dataclass(frozen=True)
class Contents:
    """The blocks of all files of a folder."""

    blocks: tuple[Block, ...]

    @classmethod
    def of(cls, folder: Path) -> "Contents":
        """Read them.

        Raises:
            SourceError: naming file and line.
        """
        return cls(tuple(block for path in sorted(folder.glob("*.tf")) for block in read(path)))

    def named(self, kind: str) -> list[Block]:
        """The blocks of a kind, by name."""
        return sorted((block for block in self.blocks if block.kind == kind), key=lambda block: block.labels)

    def resources(self) -> dict[str, list[str]]:
        """The names of the resources, by type."""
        found: dict[str, list[str]] = {}
        for block in self.named("resource"):
            found.setdefault(block.labels[0], []).append(block.name)
        return found

    def modules(self) -> dict[str, list[str]]:
        """The names of the calls, by the module's name."""
        found: dict[str, list[str]] = {}
        for block in self.named("module"):
            found.setdefault(Path(plain(block.arguments["source"])).name, []).append(block.name)
        return found

    def roles(self) -> dict[str, list[str]]:
        """The resources that grant each role: those that it stands in, by way of locals and defaults too."""
        found: dict[str, list[str]] = {}
        for block in self.named("resource"):
            if "role" in block.arguments:
                text = " ".join(block.arguments.get(name, "") for name in ("role", "for_each"))
                for role in sorted(set(_ROLE.findall(self._resolved(text, frozenset())))):
                    found.setdefault(role, []).append(".".join(block.labels))
        return dict(sorted(found.items()))

    def apis(self, known: Mapping[str, list[str]]) -> list[str]:
        """The APIs that its own resources need.

        Raises:
            MissingApiError: if ``known`` does not have a resource's.
        """
        return sorted({api for resource in self.resources() for api in _apis(resource, known)})

    def _resolved(self, text: str, seen: frozenset[str]) -> str:
        """The expression, and those of the locals and variables that it names."""
        return " ".join((text, *self._behind(text, seen)))

    def _behind(self, text: str, seen: frozenset[str]) -> Iterator[str]:
        for kind, name in sorted(set(_REFERENCE.findall(text))):
            key = f"{kind}.{name}"
            if key not in seen and (expression := self._value(kind, name)):
                yield self._resolved(expression, seen | {key})

    def _value(self, kind: str, name: str) -> str | None:
        if kind == "local":
            return next((block.arguments[name] for block in self.named("locals") if name in block.arguments), None)
        return next((block.arguments.get("default") for block in self.named("variable") if block.name == name), None)


def known_apis() -> dict[str, list[str]]:
    """The APIs by how a resource's type begins."""
    read_: dict[str, list[str]] = yaml.safe_load(APIS.read_text(encoding="utf-8"))
    return read_


def _apis(resource: str, known: Mapping[str, list[str]]) -> list[str]:
    begins = [start for start in known if f"{resource.removeprefix('google_')}_".startswith(f"{start}_")]
    if not begins:
        raise MissingApiError(f"{resource}: expected its API in {APIS.name}")
    return known[max(begins, key=len)]
