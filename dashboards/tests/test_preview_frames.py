"""Tables, and what transformations make of them."""

from typing import Any

import pytest

from dashboards.preview.colours import NAMED
from dashboards.preview.drawing.panel import draw
from dashboards.preview.frames import frames
from dashboards.preview.links import Links
from dashboards.preview.model import Panel
from dashboards.preview.variables import Scope
from dashboards.tests.canned import Canned, answered, panel, samples

A = {"refId": "A", "expr": "a", "format": "table", "instant": True}
B = {"refId": "B", "expr": "b", "format": "table", "instant": True}
FOUND = (
    [samples(1.0, slo="latency"), samples(2.0, slo="memory")],
    [samples(20.0, slo="memory"), samples(30.0, slo="drift")],
)


def table(*transformations: dict[str, Any], **more: Any) -> Panel:
    """A table of two queries."""
    return panel("table", A, B, transformations=list(transformations), **more)


def shown(one: Panel) -> list[dict[str, Any]]:
    """The frames' columns by name, without the time."""
    found = frames(one, answered(one, *FOUND))
    return [{column.name: list(column.values) for column in frame if column.name != "Time"} for frame in found]


def test_a_query_in_table_format_has_a_column_a_label() -> None:
    """And one for the value, called after the query where there are several."""
    assert shown(table()) == [
        {"slo": ["latency", "memory"], "Value #A": [1.0, 2.0]},
        {"slo": ["memory", "drift"], "Value #B": [20.0, 30.0]},
    ]


def test_merge_joins_rows_that_agree() -> None:
    """What one of them lacks is unknown."""
    assert shown(table({"id": "merge", "options": {}})) == [
        {"slo": ["latency", "memory", "drift"], "Value #A": [1.0, 2.0, None], "Value #B": [None, 20.0, 30.0]}
    ]


def test_a_join_is_outer_or_inner() -> None:
    """By the values of one field."""
    outer = shown(table({"id": "joinByField", "options": {"byField": "slo", "mode": "outer"}}))[0]
    assert (outer["slo"], outer["Value #B"]) == (["latency", "memory", "drift"], [None, 20.0, 30.0])
    inner = shown(table({"id": "joinByField", "options": {"byField": "slo", "mode": "inner"}}))[0]
    assert (inner["slo"], inner["Value #A"], inner["Value #B"]) == (["memory"], [2.0], [20.0])


def test_organize_sort_and_filter() -> None:
    """Columns are left out, ordered and renamed; rows are sorted, those without a value last."""
    organized = {
        "excludeByName": {"Time": True},
        "indexByName": {"Value #B": 0, "slo": 1, "Value #A": 2},
        "renameByName": {"Value #B": "b", "slo": "Objective"},
    }
    rules: list[dict[str, Any]] = [
        {"id": "merge"},
        {"id": "organize", "options": organized},
        {"id": "sortBy", "options": {"sort": [{"field": "b", "desc": True}]}},
        {"id": "filterFieldsByName", "options": {"include": {"names": ["b", "Objective"]}}},
    ]
    (found,) = shown(table(*rules))
    assert list(found.items()) == [("b", [30.0, 20.0, None]), ("Objective", ["drift", "memory", "latency"])]


def test_a_transformation_that_is_not_known_is_said() -> None:
    """Its table would be another one in Grafana."""
    with pytest.raises(ValueError, match="transformation groupBy"):
        shown(table({"id": "groupBy"}))


def test_cells_have_units_colours_and_links() -> None:
    """By the overrides of their column; a link to a dashboard of the preview leads to its page, no script anywhere."""
    link = {"title": "detail", "url": "/d/puerta-slo-detail?var-slo=${__value.text}"}
    script = {"title": "x", "url": "javascript:alert(1)"}
    overrides = [
        {
            "matcher": {"id": "byName", "options": "Value #A"},
            "properties": [
                {"id": "unit", "value": "percent"},
                {"id": "custom.cellOptions", "value": {"type": "color-background"}},
                {
                    "id": "thresholds",
                    "value": {"steps": [{"value": None, "color": "green"}, {"value": 2, "color": "red"}]},
                },
            ],
        },
        {"matcher": {"id": "byName", "options": "slo"}, "properties": [{"id": "links", "value": [link]}]},
        {"matcher": {"id": "byName", "options": "Value #B"}, "properties": [{"id": "links", "value": [script]}]},
    ]
    one = table({"id": "merge"}, fieldConfig={"defaults": {}, "overrides": overrides})
    drawing = draw(one, answered(one, *FOUND), Links(Scope(), {"puerta-slo-detail": "slo-detail.html"}))
    ((headings, rows),) = drawing.content["tables"]
    assert [heading.text for heading in headings] == ["Time", "slo", "Value #A", "Value #B"]
    assert [(cells[2].text, cells[2].background) for cells in rows[:2]] == [
        ("1%", NAMED["green"]),
        ("2%", NAMED["red"]),
    ]
    assert rows[0][1].link.address == "slo-detail.html"
    assert rows[1][3].link.address == ""
    assert rows[0][3].text == "no data"


def test_a_link_leads_where_it_says() -> None:
    """Variables and the row's fields are filled in; what needs a Grafana leads nowhere."""
    links = Links(Scope(plain={"runbooks": "https://example.com/runbooks"}))
    raws = (
        {"title": "${slo}", "url": "${runbooks}/${__data.fields.name}.md"},
        {"title": "b", "url": "/d/other"},
        {"title": "c"},
    )
    found = links.all(raws, {"__data.fields.name": "latency", "slo": "Latency"})
    assert [(link.title, link.address) for link in found] == [
        ("Latency", "https://example.com/runbooks/latency.md"),
        ("b", ""),
    ]
    assert Canned().asked == []
