"""Error-budget policies: what follows when little of a budget is left."""

from collections.abc import Iterator, Mapping
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from slo.document import SpecError, read_document
from slo.spec import Name, Text

Release = Literal["normal", "low-risk"]


class Level(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What follows while more than ``above`` percent of a budget is left; the last level, without it, always."""

    name: Text
    above: Decimal | None = None
    allows: tuple[Release, ...] = ()
    text: Text


class Policy(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Levels, from a full budget to none. Only a policy about releases holds any back."""

    about: Literal["releases", "models", "data"]
    levels: Annotated[tuple[Level, ...], Meta(min_length=1)]

    def level(self, left: float) -> Level:
        """The level at which so much (a part of 1) of a budget is left."""
        return next(one for one in self.levels if one.above is None or left > one.above / 100)


Policies = Mapping[str, Policy]


def read_policies(path: Path) -> dict[str, Policy]:
    """The policies of a file, by name.

    Raises:
        SpecError: naming every mistake with line and field.
    """
    document = read_document(path, dict[Name, Policy])
    mistakes = [document.mistake(where, what) for where, what in _mistakes(document.content)]
    if mistakes:
        raise SpecError("\n".join(mistakes))
    return document.content


def _mistakes(policies: Policies) -> Iterator[tuple[str, str]]:
    for name, policy in policies.items():
        bounds = [level.above for level in policy.levels]
        last = len(bounds) - 1
        for number, (level, bound) in enumerate(zip(policy.levels, bounds, strict=True)):
            where = f"{name}.levels[{number}]"
            if (bound is None) != (number == last):
                yield f"{where}.above", "expected a percentage at every level but the last"
            higher = policy.levels[number - 1] if number else None
            if higher is None:
                continue
            if bound is not None and higher.above is not None and bound >= higher.above:
                yield f"{where}.above", f"{bound} came, expected less than {higher.above}, as the level before says"
            if more := set(level.allows) - set(higher.allows):
                yield f"{where}.allows", f"{', '.join(more)} came, which the level before does not allow"
        if policy.about == "releases" and not policy.levels[0].allows:
            yield f"{name}.levels[0].allows", "nothing came, expected a kind of release: none could ever go out"
        if policy.about != "releases" and any(level.allows for level in policy.levels):
            yield f"{name}.about", f"{policy.about} came, expected releases where a level allows some"
