"""The committed dashboards: what the specs say, as Grafana's own model reads it."""

import itertools
import json
from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import msgspec
import pytest
import yaml
from grafana_foundation_sdk.cog.plugins import register_default_plugins

from dashboards.classic import JSONEncoder, models
from dashboards.generated import Stale, files, require_fresh, write
from dashboards.objectives import Objectives
from dashboards.palette import BROKEN, HEALTHY, NOTICE, WARNING, Step
from dashboards.preview.fields import FieldRules
from dashboards.tests.conftest import ROOM
from slo.burn import Windows
from slo.policy import Policies
from slo.rules import runbook
from slo.spec import Spec

NAMES = {"slo-overview", "slo-detail", "service", "gateway", "model-and-drift", "load-test"}
COLOURED = {"stat", "gauge", "bargauge", "table", "state-timeline"}


def test_what_is_committed_is_what_the_specs_say(made: dict[str, str], tmp_path: Path) -> None:
    """A file that is changed, missing or left over is named; writing mends all three."""
    require_fresh(made, ROOM / "generated")
    assert {name.removesuffix(".json") for name in made} == NAMES
    write(made, tmp_path)
    (tmp_path / "gateway.json").write_text("{}")
    (tmp_path / "service.json").unlink()
    (tmp_path / "other.json").write_text("{}")
    with pytest.raises(
        Stale, match=r"(?s)service.json: not what.*gateway.json: not what.*other.json: nothing makes it"
    ):
        require_fresh(made, tmp_path)
    assert {path.name for path in write(made, tmp_path)} == {"gateway.json", "service.json", "other.json"}
    require_fresh(made, tmp_path)


def test_grafana_s_own_model_reads_all_of_it(documents: dict[str, dict[str, Any]]) -> None:
    """From JSON into the SDK's types and back: nothing is dropped (a misspelt key would be), nothing is added.

    But for the place of links and annotations, of which the SDK knows one alone (see below).
    """
    register_default_plugins()

    def through(document: dict[str, Any]) -> Any:
        told = json.loads(json.dumps(models.Dashboard.from_json(document), cls=JSONEncoder))
        for one in (*told["links"], *told["annotations"]["list"]):
            del one["placement"]
        return told

    for document in documents.values():
        assert document["schemaVersion"] == 42
        assert through(document) == document
    misspelt = documents["gateway"] | {"refersh": "5s"}
    assert through(misspelt) != misspelt


def test_links_and_annotations_stand_above_the_panels(documents: dict[str, dict[str, Any]]) -> None:
    """In the SDK's place, a menu, Grafana draws no link to other dashboards at all (grafana/grafana#115084)."""
    for document in documents.values():
        assert document["links"]
        assert [one for one in (*document["links"], *document["annotations"]["list"]) if "placement" in one] == []


def test_dashboards_begin_with_the_data_source_that_is_provisioned(documents: dict[str, dict[str, Any]]) -> None:
    """By its uid, and by its name, which is what one sees."""
    text = (ROOM / "provisioning/datasources/prometheus.yaml").read_text(encoding="utf-8")
    (source,) = yaml.safe_load(text)["datasources"]
    for document in documents.values():
        (variable,) = [one for one in document["templating"]["list"] if one["type"] == "datasource"]
        assert (variable["current"]["value"], variable["current"]["text"]) == (source["uid"], source["name"])


def test_colours_of_budgets_come_from_policies_and_windows(
    specs: tuple[Spec, ...], windows: Windows, policies: Policies
) -> None:
    """A policy that gets careful earlier moves what is green, a page for a slower burn what is orange."""
    shipped = Objectives(specs, windows, policies)
    assert [(step.value, step.colour) for step in shipped.left_steps[1:]] == [
        (0, WARNING),
        (0.25, NOTICE),
        (0.5, HEALTHY),
    ]
    assert [step.value for step in shipped.burn_steps] == [0, 1, 6, 14.4]
    first, *others = policies["release"].levels
    earlier = msgspec.structs.replace(
        policies["release"], levels=(msgspec.structs.replace(first, above=Decimal(80)), *others)
    )
    assert Objectives(specs, windows, {**policies, "release": earlier}).left_steps[-1] == Step(0.8, HEALTHY)
    (fast, slow) = windows.by_period["30d"]["page"]
    slower = {**windows.by_period["30d"], "page": (fast, replace(slow, factor=Decimal(4)))}
    changed = Windows({**windows.by_period, "30d": slower})
    assert Objectives(specs, changed, policies).burn_steps[2] == Step(4, WARNING)


def test_lines_are_within_the_chart(documents: dict[str, dict[str, Any]]) -> None:
    """A chart of parts that is empty or all 0 reaches from 0 to 100 %: a limit of 0.05 % would not be seen on it."""
    for name, panel in _panels(documents):
        config = panel["fieldConfig"]["defaults"]
        lines = [step["value"] for step in config["thresholds"]["steps"] if step["value"] and step["value"] > 0]
        if panel["type"] == "timeseries" and config["unit"] == "percentunit" and lines and max(lines) < 0.5:
            assert max(lines) < config["custom"]["axisSoftMax"] < 2 * max(lines), f"{name}: {panel['title']}"


def test_what_series_are_drawn_like_finds_them(documents: dict[str, dict[str, Any]]) -> None:
    """Codes, and the lines of pages and tickets: every one of them has a colour of its own kind."""
    (burn,) = [one for _, one in _panels(documents) if one["title"] == "Burn rates and what alerts"]
    (codes,) = [one for _, one in _panels({"": documents["service"]}) if one["title"] == "Requests by code"]
    fields = FieldRules({}, tuple(burn["fieldConfig"]["overrides"]))
    assert [fields.of(name).fixed_colour for name in ("page 1h/5m", "ticket 3d/6h", "1h")] == [BROKEN, WARNING, None]
    fields = FieldRules({}, tuple(codes["fieldConfig"]["overrides"]))
    names = ("200", "404", "422", "429", "500", "503")
    assert [fields.of(name).fixed_colour for name in names] == [
        *("green", "yellow", "super-light-yellow"),
        *("orange", "red", "dark-red"),
    ]


def test_panels_stand_side_by_side(documents: dict[str, dict[str, Any]]) -> None:
    """No panel covers another or leaves the grid of 24 columns; ids are their own."""
    for name, document in documents.items():
        panels = document["panels"]
        assert len({panel["id"] for panel in panels}) == len(panels)
        cells = [set(_cells(panel["gridPos"])) for panel in panels]
        for (one, first), (other, second) in itertools.combinations(zip(panels, cells, strict=True), 2):
            assert not first & second, f"{name}: {one['title']} covers {other['title']}"
        assert all(panel["gridPos"]["x"] + panel["gridPos"]["w"] <= 24 for panel in panels)


def test_limits_come_from_the_specs(
    specs: tuple[Spec, ...], windows: Windows, policies: Policies, documents: dict[str, dict[str, Any]]
) -> None:
    """Another threshold in a spec is another line, colour, title and bucket; the old one is nowhere left."""
    assert '"0.4"' in json.dumps(documents["service"]).replace('\\"', '"')
    latency = next(spec for spec in specs if spec.name == "latency")
    assert latency.sli.latency is not None
    changed = msgspec.structs.replace(latency.sli.latency, threshold=msgspec.convert("0.2", type(latency.objective)))
    other = msgspec.structs.replace(latency, sli=msgspec.structs.replace(latency.sli, latency=changed))
    told = files([other if spec is latency else spec for spec in specs], windows, policies)
    for name in ("service.json", "gateway.json", "load-test.json"):
        text = told[name].replace('\\"', '"')
        assert "0.4 s" not in text
        assert 'le="0.4"' not in text
        assert '"value": 0.4\n' not in text
        assert '"value": 0.2' in text


def test_no_data_is_never_green(documents: dict[str, dict[str, Any]]) -> None:
    """Every panel says "no data" in words; in its first threshold and its mapping of nothing it is not green."""
    for name, panel in _panels(documents):
        config = panel["fieldConfig"]
        overrides = [{rule["id"]: rule["value"] for rule in one["properties"]} for one in config["overrides"]]
        assert config["defaults"]["noValue"] == "no data"
        for fields in (config["defaults"], *overrides):
            steps = fields.get("thresholds", {}).get("steps", [])
            assert all(step["color"] != HEALTHY for step in steps if step["value"] is None), f"{name}: {panel['title']}"
            if panel["type"] in COLOURED and "mappings" in fields:
                (nothing,) = [one["options"] for one in fields["mappings"] if one["type"] == "special"]
                assert nothing["match"] == "null+nan"
                assert (nothing["result"]["text"], nothing["result"]["color"] != HEALTHY) == ("no data", True)


def test_values_of_now_are_asked_for_now(documents: dict[str, dict[str, Any]]) -> None:
    """Single values and tables ask for now alone: the last value of a range may be of an hour ago."""
    for name, panel in _panels(documents):
        if panel["type"] in {"stat", "bargauge", "gauge", "table"}:
            assert all(target["instant"] for target in panel["targets"]), f"{name}: {panel['title']}"


def test_links_lead_from_overview_to_detail_to_runbook(
    documents: dict[str, dict[str, Any]], specs: tuple[Spec, ...]
) -> None:
    """Each line of the overview leads to its objective, that to its runbook, which is there, and all to each other."""
    overview, detail = documents["slo-overview"], documents["slo-detail"]
    (table,) = [panel for panel in overview["panels"] if panel["type"] == "table"]
    links = [
        rule["value"][0]["url"]
        for override in table["fieldConfig"]["overrides"]
        for rule in override["properties"]
        if rule["id"] == "links"
    ]
    assert links == ["/d/puerta-slo-detail?var-slo=${__value.text}&${datasource:queryparam}&${__url_time_range}"]
    assert detail["uid"] == "puerta-slo-detail"
    assert "${runbooks}/${slo}.md" in {link.get("url") for link in detail["links"]}
    assert {runbook(spec) for spec in specs} == {spec.name for spec in specs}  # or the link would have to know better
    for spec in specs:
        assert (ROOM.parent / "monitoring/runbooks" / f"{spec.name}.md").is_file(), spec.name
    uids = {document["uid"] for document in documents.values()}
    for document in documents.values():
        assert document["tags"] == ["puerta"]
        assert [link["tags"] for link in document["links"] if link["type"] == "dashboards"] == [["puerta"]]
        paths = [link["url"] for link in document["links"] if link["type"] == "link" and link["url"].startswith("/d/")]
        assert {path.removeprefix("/d/") for path in paths} <= uids


def test_charts_of_latency_show_exemplars(documents: dict[str, dict[str, Any]]) -> None:
    """Quantiles and heatmaps of the service's latency ask for traces."""
    asked = {
        panel["title"]: all(target.get("exemplar") for target in panel["targets"])
        for _, panel in _panels({"service": documents["service"]})
    }
    assert all(asked[title] for title in ("P50, P90, P99", "Slower than 0.4 s", "Within 0.4 s"))


def _panels(documents: dict[str, dict[str, Any]]) -> list[tuple[str, dict[str, Any]]]:
    return [(name, panel) for name, one in documents.items() for panel in one["panels"] if panel["type"] != "row"]


def _cells(grid: dict[str, int]) -> Iterator[tuple[int, int]]:
    return itertools.product(range(grid["x"], grid["x"] + grid["w"]), range(grid["y"], grid["y"] + grid["h"]))
