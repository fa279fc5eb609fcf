"""Links of dashboards, panels and fields, led to the pages of the preview where they lead to its dashboards."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from dashboards.preview.variables import Scope

_DASHBOARD = re.compile(r"^(?:\$\{?__?\w+\}?)?/d/([\w-]+)")
_SAFE = re.compile(r"^(https?://|[\w./#-]+(\?|$))")


@dataclass(frozen=True)
class Link:
    """A title, and where it leads; an address that leads nowhere outside Grafana is empty."""

    title: str
    address: str


@dataclass(frozen=True)
class Links:
    """``pages`` are the files of the dashboards that this preview has, by uid."""

    scope: Scope
    pages: Mapping[str, str] = field(default_factory=dict)

    def all(self, raws: tuple[Mapping[str, Any], ...], plain: Mapping[str, str] | None = None) -> list[Link]:
        """The links as the JSON has them; ``plain`` is what is known of the place, such as a row's fields."""
        scope = self.scope.also(plain or {})
        return [
            Link(scope.fill(one.get("title") or ""), self._address(one["url"], scope)) for one in raws if one.get("url")
        ]

    def _address(self, url: str, scope: Scope) -> str:
        filled = scope.fill(url)
        if match := _DASHBOARD.match(filled):
            return self.pages.get(match[1], "")
        return filled if _SAFE.match(filled) else ""
