"""Rules of a dashboard and its variables."""

import re
from collections.abc import Iterator

from dashboards.expression import parse
from dashboards.lint.model import Json, asks_prometheus, data_sources, query, variable, variables

ON_TIME_RANGE_CHANGE = 2
_CALL = re.compile(r"([a-z_]+)\((.+)\)", re.DOTALL)
_KNOWN = ("label_names", "label_values", "metrics", "query_result")


def template_datasource(dashboard: Json) -> Iterator[str]:
    """There is a variable of the data source, called ``datasource`` and labelled "Data source"."""
    found = data_sources(dashboard)
    if not found:
        yield "has no variable that chooses a data source"
    for one in found:
        kind = query(one)
        names, labels = [f"{kind}_datasource"], [f"{kind.title()} data source"]
        if len(found) == 1:
            names, labels = [*names, "datasource"], [*labels, "Data source"]
        if one.get("name") not in names:
            yield f"data source variable is named {one.get('name')!r}, not {' or '.join(names)}"
        if one.get("label") not in labels:
            yield f"data source variable is labelled {one.get('label')!r}, not {' or '.join(labels)}"


def template_job(dashboard: Json) -> Iterator[str]:
    """There is a variable ``job``, of several values, "All" being ``.+``."""
    return _template(dashboard, "job")


def template_instance(dashboard: Json) -> Iterator[str]:
    """There is a variable ``instance``, of several values, "All" being ``.+``."""
    return _template(dashboard, "instance")


def template_label_promql(dashboard: Json) -> Iterator[str]:
    """A variable's query is one of Grafana's functions of valid PromQL."""
    if not asks_prometheus(dashboard):
        return
    for one in variables(dashboard):
        if one.get("type") != "query":
            continue
        found = _CALL.search(query(one))
        if found is None or found[1] not in _KNOWN:
            yield f"variable {one.get('name')}: {query(one)!r} is none of {', '.join(_KNOWN)}"
            continue
        selector = found[2].rsplit(",", 1)[0] if found[1] == "label_values" and "," in found[2] else found[2]
        try:
            parse(selector)
        except ValueError as error:
            yield f"variable {one.get('name')}: {selector!r} is no PromQL: {error}"


def template_on_time_change_reload(dashboard: Json) -> Iterator[str]:
    """Variables are asked for anew whenever the shown time changes."""
    for one in variables(dashboard):
        if one.get("type") == "query" and one.get("refresh") != ON_TIME_RANGE_CHANGE:
            yield f"variable {one.get('name')} is refreshed {one.get('refresh')!r}, not {ON_TIME_RANGE_CHANGE}"


def uneditable(dashboard: Json) -> Iterator[str]:
    """It can't be edited: what is changed belongs into its source."""
    if dashboard.get("editable", True):
        yield "can be edited"


def _template(dashboard: Json, name: str) -> Iterator[str]:
    if not asks_prometheus(dashboard):
        return
    found = variable(dashboard, name)
    if found is None:
        yield f"has no variable {name}"
        return
    wanted = {"type": "query", "label": name.title(), "multi": True, "allValue": ".+"}
    for key, value in wanted.items():
        if found.get(key) != value:
            yield f"variable {name} has {key} {found.get(key)!r}, not {value!r}"
    sources = [f"{form}" for one in data_sources(dashboard) for form in (f"${one['name']}", f"${{{one['name']}}}")]
    if (found.get("datasource") or {}).get("uid") not in sources:
        yield f"variable {name} does not ask the chosen data source"
