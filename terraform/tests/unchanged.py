"""A workspace of folders in which no test changes anything."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, TypeVar, cast

from terraform.folders import Folder
from terraform.workspace import Done, Workspace

_Told = TypeVar("_Told")


@dataclass(frozen=True)
class Unchanged(Workspace):
    """What was initialised, planned or shown once stays as it is, and is not asked of Terraform again."""

    _told: dict[tuple[str, Folder], object] = field(default_factory=dict)

    def init(self, folder: Folder) -> Done:
        return self._once("init", folder, super().init)

    def plan(self, folder: Folder) -> Done:
        return self._once("plan", folder, super().plan)

    def plan_json(self, folder: Folder) -> dict[str, Any]:
        return self._once("show", folder, super().plan_json)

    def _once(self, what: str, folder: Folder, ask: Callable[[Folder], _Told]) -> _Told:
        if (what, folder) not in self._told:
            self._told[what, folder] = ask(folder)
        return cast("_Told", self._told[what, folder])
