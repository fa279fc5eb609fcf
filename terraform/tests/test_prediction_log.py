"""What module prediction-log makes is what monitoring reads, and what the service writes."""

import json
import re
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from monitoring.counting.bigquery.sink import expected
from monitoring.settings import Settings
from monitoring.tests.logs import event, label
from monitoring.tests.stand_in import StandIn
from monitoring.watched import read
from terraform.folders import Folder
from terraform.workspace import HOW_TO_GET, workspace
from tests.parts import require

ROOT = Path(__file__).parents[2]
MODULE = ROOT / "terraform/modules/prediction-log"
PACKAGES = ROOT / "model-files"
MADE = "my-project.puerta.made"
NOON = datetime(2026, 7, 10, 12, tzinfo=UTC)
KINDS = {"STRING": "string", "FLOAT": "float64", "BOOLEAN": "boolean"}
EVENT = "schema ts id request_id client model version label probability features.opera features.tipovuelo features.mes"
LABEL = "schema ts id request_id client label"
LINES = (
    event(NOON, {"OPERA": "Grupo LATAM", "TIPOVUELO": "N", "MES": 7}, id_="a"),
    event(NOON, {"OPERA": "Sky Airline", "TIPOVUELO": "I", "MES": 12}, 1, id_="b", client=None),
    label(NOON, "a", 1),
    label(NOON, "b", 0),
)
RUN = """
const { code, messages } = JSON.parse(require("fs").readFileSync(0, "utf8"));
const run = (name) => messages.map((data) => new Function(`${code}; return ${name}`)()({ data, attributes: {} }, {}));
console.log(JSON.stringify({ prediction: run("prediction"), label: run("label") }));
"""

pytestmark = [pytest.mark.platform, pytest.mark.xdist_group("terraform-prediction-log")]


def entry(line: bytes) -> str:
    """A line as Cloud Logging sends it to Pub/Sub."""
    return json.dumps(
        {
            "insertId": "6560",
            "jsonPayload": json.loads(line),
            "logName": "projects/my-project/logs/run.googleapis.com%2Fstdout",
            "receiveTimestamp": "2026-07-10T12:00:00.123456789Z",
            "resource": {"type": "cloud_run_revision", "labels": {"service_name": "puerta"}},
            "timestamp": "2026-07-10T12:00:00.123456789Z",
        }
    )


def transformed(lines: Sequence[bytes]) -> dict[str, list[Any]]:
    """What each function of row.js makes of lines: the rows, or None for what it leaves out."""
    node = require("node", "apt install nodejs")
    given = json.dumps({"code": (MODULE / "row.js").read_text(), "messages": [entry(line) for line in lines]})
    done = subprocess.run([node, "-e", RUN], input=given, capture_output=True, text=True, check=True)
    return {
        name: [None if message is None else json.loads(message["data"]) for message in messages]
        for name, messages in json.loads(done.stdout).items()
    }


@pytest.fixture(scope="module")
def rows() -> dict[str, list[Any]]:
    """What the transforms make of the lines."""
    return transformed(LINES)


@pytest.fixture
def sunk() -> Iterator[StandIn]:
    """The lines in the table that a sink makes."""
    with closing(StandIn()) as stand_in:
        stand_in.put(MADE, LINES)
        yield stand_in


def resources(plan: Mapping[str, Any], kind: str) -> dict[str, dict[str, Any]]:
    """What is planned of one type, by its address without the type."""
    found = plan["planned_values"]["root_module"]["resources"]
    return {each["address"].removeprefix(f"{kind}."): each["values"] for each in found if each["type"] == kind}


def columns(table: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """A table's columns by name."""
    return named(json.loads(table["schema"]))


def named(fields: Sequence[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """Fields by name."""
    return {field["name"]: field for field in fields}


@pytest.fixture(scope="module")
def planned() -> dict[str, Any]:
    """The plan of each route, with the packages that ship."""
    require("terraform", HOW_TO_GET)
    manifests = {str(path.relative_to(PACKAGES)): path.read_text() for path in PACKAGES.glob("*/*/manifest.json")}
    given = {"project_id": "my-project", "location": "EU", "manifests": manifests}
    folder = Folder("modules/prediction-log")
    found = {}
    with workspace(print) as at:
        for route in ("sink", "pubsub"):
            (at.path(folder) / "terraform.tfvars.json").write_text(json.dumps(given | {"route": route}))
            found[route] = at.plan_json(folder)
    return found


@pytest.mark.parametrize("package", ["flight-delay/1", "flight-delay-onehot/1"])
@pytest.mark.parametrize(("route", "table"), [("sink", 'stdout["stdout"]'), ("pubsub", 'log["events"]')])
def test_the_columns_are_those_that_monitoring_expects(
    planned: dict[str, Any], route: str, table: str, package: str
) -> None:
    """Of each package, by name and type, on both routes; so that no value of the service is of another type."""
    payload = named(columns(resources(planned[route], "google_bigquery_table")[table])["jsonPayload"]["fields"])
    wanted = expected(read(PACKAGES / package), MADE)
    features = {name: KINDS[field["type"]] for name, field in named(payload["features"]["fields"]).items()}
    assert {name: KINDS[payload[name]["type"]] for name in wanted.payload} == wanted.payload
    assert {name: features[name] for name in wanted.features} == wanted.features


def test_every_line_goes_to_one_table(rows: dict[str, list[Any]]) -> None:
    """Predictions to the one, labels to the other, and none is left out of both."""
    assert [row is None for row in rows["prediction"]] == [False, False, True, True]
    assert [row is None for row in rows["label"]] == [True, True, False, False]


@pytest.mark.parametrize(("function", "table", "names"), [("prediction", "events", EVENT), ("label", "labels", LABEL)])
def test_a_row_is_what_a_sink_would_write(
    rows: dict[str, list[Any]], sunk: StandIn, planned: dict[str, Any], function: str, table: str, names: str
) -> None:
    """The same names and values, and nothing for which the table has no column."""
    made = [row for row in rows[function] if row is not None]
    asked = ", ".join(f"jsonPayload.{name}" for name in names.split())
    kind = "IS NOT NULL" if function == "prediction" else "IS NULL"
    _, wanted = sunk.run(f"SELECT {asked} FROM `{MADE}` WHERE jsonPayload.model {kind} ORDER BY jsonPayload.id")  # noqa: S608 - the test's own names
    assert [tuple(member(row["jsonPayload"], name) for name in names.split()) for row in made] == wanted
    there = columns(resources(planned["pubsub"], "google_bigquery_table")[f'log["{table}"]'])
    payload = named(there["jsonPayload"]["fields"])
    for row in made:
        assert row.keys() == there.keys()
        assert row["jsonPayload"].keys() == payload.keys()


def member(value: Any, path: str) -> Any:
    """A value in records."""
    for name in path.split("."):
        value = value[name]
    return value


def test_moments_have_no_nanoseconds(rows: dict[str, list[Any]]) -> None:
    """BigQuery would refuse them, and every entry would be a dead letter."""
    assert {row["timestamp"] for row in rows["prediction"] if row} == {"2026-07-10T12:00:00.123456Z"}


def test_names_become_columns_as_a_sink_does_it() -> None:
    """As monitoring looks for them, whatever a feature is called."""
    names = {"OPERA_Aerolineas Argentinas": 1, "_Año": 2, "is late?": True}
    (row,) = transformed([event(NOON, names)])["prediction"]
    with closing(StandIn()) as stand_in:
        stand_in.put(MADE, [event(NOON, names)])
        asked = ", ".join(f"jsonPayload.features.{name}" for name in row["jsonPayload"]["features"])
        _, wanted = stand_in.run(f"SELECT {asked} FROM `{MADE}`")  # noqa: S608 - the test's own names
    assert [tuple(row["jsonPayload"]["features"].values())] == wanted


def test_what_is_no_line_of_the_service_is_a_dead_letter() -> None:
    """It throws, so that Pub/Sub keeps it, rather than being left out of both tables."""
    with pytest.raises(subprocess.CalledProcessError):
        transformed([b"null"])


def test_the_view_has_the_labels_and_nothing_else(planned: dict[str, Any], sunk: StandIn) -> None:
    """In the shape that the drift job reads."""
    tables = resources(planned["sink"], "google_bigquery_table")
    (view,) = tables['labels_view["stdout"]']["view"]
    table = tables['stdout["stdout"]']
    query = view["query"].replace(f"my-project.puerta.{table['table_id']}", MADE)
    assert query != view["query"]
    _, found = sunk.run(f"SELECT jsonPayload.id, jsonPayload.label FROM ({query}) ORDER BY 1")  # noqa: S608 - the plan's own
    assert found == [("a", 1.0), ("b", 0.0)]


def test_the_filter_finds_the_lines(planned: dict[str, Any]) -> None:
    """Every field that it asks for is in predictions and labels, with that value."""
    (sink,) = resources(planned["sink"], "google_logging_project_sink").values()
    asked = re.findall(r"^jsonPayload\.(\w+)([=:])(.+)$", sink["filter"], flags=re.MULTILINE)
    assert [name for name, _, _ in asked] == ["schema", "id"]
    for line in map(json.loads, LINES):
        for name, operator, value in asked:
            assert line[name] == json.loads(value) if operator == "=" else line[name]


def test_retention_is_no_shorter_than_reports_look_back() -> None:
    """The least that the module takes, and what it refuses, are above what the settings say."""
    (least,) = re.findall(r"var\.retention_days >= (\d+)", (MODULE / "variables.tf").read_text())
    assert int(least) >= Settings().least_keep_days
