"""Rules of a panel."""

from collections.abc import Iterator

from dashboards.lint.model import Json, data_sources
from dashboards.lint.units import UNITS

SILENT = ("row", "text")  # kinds that ask nothing


def panel_datasource(dashboard: Json, panel: Json) -> Iterator[str]:
    """A panel and each of its queries asks the chosen data source."""
    if panel.get("type") in SILENT:
        return
    allowed = [form for one in data_sources(dashboard) for form in (f"${one['name']}", f"${{{one['name']}}}")]
    for what, one in (
        ("panel", panel),
        *((f"query {target.get('refId')}", target) for target in panel.get("targets", [])),
    ):
        uid = (one.get("datasource") or {}).get("uid")
        if uid not in allowed:
            yield f"{what} asks data source {uid!r}, not the chosen one"


def panel_title_description(dashboard: Json, panel: Json) -> Iterator[str]:
    """A panel says what it is."""
    del dashboard
    if panel.get("type") in SILENT:
        return
    for key in ("title", "description"):
        if not panel.get(key):
            yield f"has no {key}"


def panel_units(dashboard: Json, panel: Json) -> Iterator[str]:
    """A panel's values have a unit that Grafana knows, and so has every column that says one."""
    del dashboard
    if panel.get("type") in SILENT:
        return
    config = panel.get("fieldConfig") or {}
    unit = (config.get("defaults") or {}).get("unit")
    if unit not in UNITS:
        yield f"unit {unit!r} is none"
    for override in config.get("overrides") or []:
        for rule in override.get("properties") or []:
            if rule.get("id") == "unit" and rule.get("value") not in UNITS:
                yield f"unit {rule.get('value')!r} of {override['matcher'].get('options')} is none"


def panel_no_targets(dashboard: Json, panel: Json) -> Iterator[str]:
    """A panel asks something."""
    del dashboard
    if panel.get("type") not in SILENT and not panel.get("targets"):
        yield "asks nothing"
