"""The folders of HCL that there are: modules, and the roots that call them."""

from dataclasses import dataclass
from pathlib import Path

ROOM = Path(__file__).resolve().parent
ROOT = ROOM.parent
# What holds folders of HCL; bootstrap is one itself.
GROUPS = ("modules", "bootstrap", "examples", "environments")
VARIABLES = "terraform.tfvars.example"


@dataclass(frozen=True)
class Folder:
    """One folder of HCL, by its path inside ``terraform/``, e.g. ``modules/gateway``."""

    name: str

    @property
    def is_root(self) -> bool:
        """Whether it is planned and applied itself, with a provider and a state of its own."""
        return not self.name.startswith("modules/")


def folders(room: Path = ROOM) -> tuple[Folder, ...]:
    """Every folder with HCL in it, modules first."""
    found = []
    for group in GROUPS:
        within = [room / group, *sorted((room / group).glob("*/"))]
        found += [Folder(str(path.relative_to(room))) for path in within if any(path.glob("*.tf"))]
    return tuple(found)


def named(asked: str, room: Path = ROOM) -> Folder:
    """The folder that was asked for: by its path from here, or inside ``terraform/``.

    Raises:
        ValueError: if it holds no HCL.
    """
    for path in (Path(asked).resolve(), (room / asked).resolve()):
        if path.is_relative_to(room) and any(path.glob("*.tf")):
            return Folder(str(path.relative_to(room)))
    raise ValueError(f"{asked!r} came, expected one of {', '.join(folder.name for folder in folders(room))}")
