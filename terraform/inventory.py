"""What a first apply makes of each root: counts by type and every address, kept beside it as ``inventory.yaml``."""

import argparse
import sys
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import yaml

from terraform.folders import ROOM, Folder, folders, named
from terraform.workspace import Workspace, workspace

NAME = "inventory.yaml"
_MADE = "# Made by `python -m terraform inventory`: what a first apply makes, with the values of terraform.tfvars.example.\n"


@dataclass(frozen=True)
class Inventory:
    """Resources of a plan."""

    addresses: tuple[str, ...]
    types: dict[str, int]

    @classmethod
    def of(cls, plan: dict[str, Any]) -> Self:
        """What a plan in JSON creates; data sources are none of it.

        Raises:
            ValueError: if it does anything else than create, as a first one can't.
        """
        changes = [change for change in plan["resource_changes"] if change["mode"] == "managed"]
        others = [change["address"] for change in changes if change["change"]["actions"] != ["create"]]
        if others:
            raise ValueError(f"{', '.join(others)}: expected to be created by a first plan")
        types = Counter(change["type"] for change in changes)
        return cls(tuple(sorted(change["address"] for change in changes)), dict(sorted(types.items())))

    def text(self) -> str:
        """The file's content."""
        document = {"resources": len(self.addresses), "types": self.types, "addresses": list(self.addresses)}
        return _MADE + yaml.safe_dump(document, sort_keys=False, width=1000)


def path(folder: Folder, room: Path = ROOM) -> Path:
    """Where a root's inventory is kept."""
    return room / folder.name / NAME


def read(folder: Folder) -> Inventory:
    """The inventory as it is kept."""
    document: dict[str, Any] = yaml.safe_load(path(folder).read_text(encoding="utf-8"))
    return Inventory(tuple(document["addresses"]), document["types"])


def roots() -> tuple[Folder, ...]:
    """Every folder that is applied by itself."""
    return tuple(folder for folder in folders() if folder.is_root)


def add_parser(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Describe the command."""
    parser = commands.add_parser("inventory", help="write what a first apply makes of each root, from its plan")
    parser.add_argument("folders", metavar="FOLDER", nargs="*", help="such as environments/dev; default: every root")
    parser.add_argument("--check", action="store_true", help="write nothing; name those that are stale")
    parser.set_defaults(run=_run)


def stale(asked: Iterable[Folder], at: Workspace) -> dict[Path, str]:
    """The inventories that are not what the plans say, each with what it has to be."""
    made = {path(folder): Inventory.of(at.plan_json(folder)).text() for folder in asked}
    return {file: text for file, text in made.items() if not file.exists() or file.read_text(encoding="utf-8") != text}


def _run(options: argparse.Namespace) -> int:
    asked = [named(name) for name in options.folders] or roots()
    with workspace(_say) as at:
        found = stale(asked, at)
    for file, text in found.items():
        if options.check:
            sys.stderr.write(f"{file}: not what is planned; run `python -m terraform inventory`\n")
        else:
            file.write_text(text, encoding="utf-8")
            sys.stdout.write(f"wrote {file}\n")
    return 1 if options.check and found else 0


def _say(text: str) -> None:
    sys.stderr.write(f"{text}\n")
