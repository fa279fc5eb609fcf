"""A dashboard as a linter reads it: its JSON, and where in it a rule is broken."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

Json = Mapping[str, Any]


@dataclass(frozen=True)
class Complaint:
    """A rule that is broken: of what panel (and which of its queries), and how."""

    rule: str
    dashboard: str
    panel: str
    target: str
    what: str

    def __str__(self) -> str:
        """One line."""
        place = " ".join(part for part in (self.panel, self.target and f"({self.target})") if part)
        return f"{self.rule}: {self.dashboard}: {place + ': ' if place else ''}{self.what}"


DashboardRule = Callable[[Json], Iterator[str]]
PanelRule = Callable[[Json, Json], Iterator[str]]
TargetRule = Callable[[Json, Json, Json], Iterator[str]]


def variables(dashboard: Json) -> list[Json]:
    """The dashboard's variables."""
    found: list[Json] = dashboard.get("templating", {}).get("list", [])
    return found


def variable(dashboard: Json, name: str) -> Json | None:
    """The variable of a name."""
    return next((one for one in variables(dashboard) if one.get("name") == name), None)


def query(one: Json) -> str:
    """A variable's query, which is text or holds it."""
    found = one.get("query", "")
    return str(found.get("query", "")) if isinstance(found, dict) else str(found)


def data_sources(dashboard: Json) -> list[Json]:
    """The variables that choose a data source."""
    return [one for one in variables(dashboard) if one.get("type") == "datasource"]


def asks_prometheus(dashboard: Json) -> bool:
    """Whether the first data source variable is one of Prometheus; the rules of PromQL hold for no other."""
    found = data_sources(dashboard)
    return bool(found) and query(found[0]) == "prometheus"


def panels(dashboard: Json) -> Iterator[Json]:
    """Every panel, those in closed rows too, and not the rows."""
    for panel in dashboard.get("panels", []):
        yield from panel.get("panels", [])
        if panel.get("type") != "row":
            yield panel


def targets(panel: Json) -> Iterator[Json]:
    """The panel's queries, but those that are hidden."""
    return (target for target in panel.get("targets", []) if not target.get("hide"))
