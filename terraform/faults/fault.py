"""The faults, as data: what is replaced by what, and which check says what of it."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Literal

import msgspec
import yaml

from terraform.folders import Folder

ROOM = Path(__file__).parent
FILE = ROOM / "faults.yaml"

Check = Literal["fmt", "validate", "hcl", "test", "plan", "deployment", "inventory", "scan", "docs", "generated"]


class FaultError(ValueError):
    """A fault that can't be put in, or that a sound copy has."""


class Fault(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One fault, in one file."""

    what: str
    check: Check
    file: str  # inside the repository
    replace: str
    by: str
    says: str  # what the check has to say, among other things
    by_name: str = ""  # the test, the policy: whatever a check has several of
    root: str = ""  # the folder that is asked, if it is another than the file's

    @property
    def folder(self) -> Folder:
        """The folder of HCL that the check is asked of."""
        parts = Path(self.file).parts
        return Folder(self.root or "/".join(parts[1:2] if parts[1:2] == ("bootstrap",) else parts[1:3]))

    @contextmanager
    def seeded(self, repository: Path) -> Iterator[None]:
        """Put it into a copy of the repository, and take it out again.

        Raises:
            FaultError: if what it replaces is not there exactly once.
        """
        path = repository / self.file
        text = path.read_text(encoding="utf-8")
        if (times := text.count(self.replace)) != 1:
            raise FaultError(f"{self.file}: {self.replace!r} is there {times} times, expected once")
        path.write_text(text.replace(self.replace, self.by), encoding="utf-8")
        try:
            yield
        finally:
            path.write_text(text, encoding="utf-8")


def read() -> dict[str, Fault]:
    """Every fault, by its name.

    Raises:
        msgspec.ValidationError: naming the field that is none.
    """
    return msgspec.convert(yaml.safe_load(FILE.read_text(encoding="utf-8")), dict[str, Fault])
