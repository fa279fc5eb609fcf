"""OpenSLO: what is written is OpenSLO v1 and becomes the same spec again; what a spec can't say is refused by line."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from slo.__main__ import main
from slo.burn import Windows
from slo.openslo.documents import files
from slo.openslo.field import Field
from slo.openslo.objectives import read_objectives
from slo.openslo.parsing import read_counters
from slo.openslo.queries import counters
from slo.openslo.spec_file import spec_file
from slo.reading import SpecError, read_specs
from slo.spec import Selector, Spec
from slo.tests.conftest import ROOM

WRITTEN = ROOM / "generated" / "openslo"
MEASURED = [path.stem for path in sorted((ROOM / "specs").glob("*.yaml")) if "composite:" not in path.read_text()]

# In the shape of the specification's own examples, which are about a web shop.
RATIO = """\
apiVersion: openslo/v1
kind: SLO
metadata:
  name: web-availability
  displayName: The shop answers
  labels: {team: [team-a, team-b]}
spec:
  description: Most requests succeed.
  service: web
  indicator:
    metadata: {name: web-successful-requests-ratio}
    spec:
      ratioMetric:
        counter: true
        good:
          metricSource:
            type: Prometheus
            spec:
              query: sum(http_requests{component="web",code=~"2xx|4xx"})
        total:
          metricSource:
            type: Prometheus
            spec:
              query: sum(http_requests{component="web"})
  timeWindow:
    - duration: 4w
      isRolling: true
  budgetingMethod: Occurrences
  objectives:
    - displayName: Good
      targetPercent: 99.5
"""
GAUGE = """\
apiVersion: openslo/v1
kind: SLI
metadata: {name: queue}
spec:
  thresholdMetric:
    metricSource:
      metricSourceRef: shop
      spec:
        query: kafka_consumergroup_lag{topic="orders"}
---
apiVersion: openslo/v1
kind: DataSource
metadata: {name: shop}
spec: {type: Prometheus, connectionDetails: {url: "http://127.0.0.1:9090"}}
---
apiVersion: openslo/v1
kind: SLO
metadata: {name: queue}
spec:
  service: shop
  indicatorRef: queue
  timeWindow: [{duration: 1M, isRolling: false, calendar: {startTime: "2026-02-01 00:00:00", timeZone: Etc/UTC}}]
  budgetingMethod: Occurrences
  objectives: [{op: lte, value: 1000, target: 0.99}]
"""


@pytest.fixture(scope="session")
def schema() -> jsonschema_rs.Validator:
    """OpenSLO v1."""
    return jsonschema_rs.validator_for(json.loads((ROOM / "openslo" / "v1.schema.json").read_text()))


def _documents(name: str) -> Iterator[Any]:
    return (one for one in yaml.safe_load_all((WRITTEN / f"{name}.yaml").read_text()) if one is not None)


def _read(folder: Path, windows: Windows, text: str) -> str:
    path = folder / "slo.yaml"
    path.write_text(text)
    try:
        read_objectives(path, windows)
    except SpecError as error:
        return str(error).replace(f"{folder}/", "")
    return ""


@pytest.mark.parametrize("name", ["_shared", *MEASURED])
def test_what_is_written_is_openslo(schema: jsonschema_rs.Validator, name: str) -> None:
    """By the schema, and with nothing referred to that is not there."""
    made = [*_documents(name), *_documents("_shared")]
    for document in made:
        assert [error.message for error in schema.iter_errors(document)] == []
    names = {(document["kind"], document["metadata"]["name"]) for document in made}
    for document in made:
        spec = document["spec"]
        wanted = {("AlertPolicy", one) for one in spec.get("alertPolicies", ())}
        wanted |= {("AlertCondition", one["conditionRef"]) for one in spec.get("conditions", ())}
        wanted |= {("AlertNotificationTarget", one["targetRef"]) for one in spec.get("notificationTargets", ())}
        if document["kind"] == "SLO":
            wanted |= {("SLI", spec["indicatorRef"]), ("Service", spec["service"])}
        assert wanted <= names


def _misspelt(document: dict[str, Any]) -> None:
    document["spec"]["timeWindows"] = document["spec"].pop("timeWindow")


def _percent(document: dict[str, Any]) -> None:
    document["spec"]["objectives"][0]["target"] = 99.95


def _two_indicators(document: dict[str, Any]) -> None:
    document["spec"]["indicator"] = {"metadata": {"name": "a"}, "spec": {}}


def _no_calendar(document: dict[str, Any]) -> None:
    document["spec"]["timeWindow"] = [{"duration": "1M", "isRolling": False}]


def _seconds(document: dict[str, Any]) -> None:
    document["spec"]["timeWindow"] = [{"duration": "30s", "isRolling": True}]


def _plain_prefix(document: dict[str, Any]) -> None:
    document["metadata"]["annotations"] = {"puerta/owner": "platform"}


def _other_version(document: dict[str, Any]) -> None:
    document["apiVersion"] = "openslo/v1alpha"


@pytest.mark.parametrize(
    "fault", [_misspelt, _percent, _two_indicators, _no_calendar, _seconds, _plain_prefix, _other_version]
)
def test_the_schema_finds_faults(schema: jsonschema_rs.Validator, fault: Callable[[dict[str, Any]], None]) -> None:
    """In an SLO that is right without them."""
    (document,) = (one for one in _documents("gateway-availability") if one["kind"] == "SLO")
    assert schema.is_valid(document)
    fault(document)
    assert not schema.is_valid(document)


def test_burn_rates_are_those_of_the_alerts(windows: Windows, specs: dict[str, Spec]) -> None:
    """Each pair of windows that can fire, exactly; a page that could never fire at 90 % is not there."""
    conditions = [one["spec"] for one in _documents("latency") if one["kind"] == "AlertCondition"]
    pairs = [
        (severity, pair.long) for severity in ("page", "ticket") for pair in windows.pairs(specs["latency"], severity)
    ]
    assert [(one["severity"], one["condition"]["lookbackWindow"]) for one in conditions] == pairs
    assert ("page", "1h") not in pairs
    assert "threshold: 14.4\n" in (WRITTEN / "gateway-availability.yaml").read_text()
    assert "target: 0.9995\n" in (WRITTEN / "gateway-availability.yaml").read_text()


def test_a_composite_is_left_out_and_says_why(windows: Windows, specs: dict[str, Spec]) -> None:
    """OpenSLO v1 has no place for it."""
    text = files(specs.values(), windows)["platform.yaml"]
    assert "exactly one indicator" in text
    assert yaml.safe_load(text) is None


@pytest.mark.parametrize("name", MEASURED)
def test_round_trip(windows: Windows, specs: dict[str, Spec], name: str) -> None:
    """Our own documents become the spec that they were made of, whole."""
    assert read_objectives(WRITTEN / f"{name}.yaml", windows) == (specs[name],)


def test_a_spec_file_says_the_spec(windows: Windows, specs: dict[str, Spec], tmp_path: Path) -> None:
    """As it is read again from its file."""
    for name, spec in specs.items():
        (tmp_path / f"{name}.yaml").write_text(spec_file(spec))
    assert {spec.name: spec for spec in read_specs(tmp_path, windows)} == specs


def test_a_ratio_of_others_is_read(tmp_path: Path, windows: Windows) -> None:
    """Good of total: bad are those without the label that makes them good. What is not said has a sensible value."""
    path = tmp_path / "slo.yaml"
    path.write_text(RATIO)
    (spec,) = read_objectives(path, windows)
    events = spec.sli.events
    assert events is not None
    assert (events.total[0].metric, events.total[0].match) == ("http_requests", {"component": "web"})
    assert events.bad[0].exclude == {"code": "2xx|4xx"}
    assert (spec.window, str(spec.objective), spec.owner, spec.alerting.severities) == ("28d", "99.5", "web", ())


def test_what_is_good_by_not_being_something_is_read(tmp_path: Path, windows: Windows) -> None:
    """Bad are those that are it."""
    path = tmp_path / "slo.yaml"
    path.write_text(RATIO.replace('code=~"2xx|4xx"', 'code!~"5.."'))
    (spec,) = read_objectives(path, windows)
    assert spec.sli.events is not None
    assert spec.sli.events.bad == (Selector(metric="http_requests", match={"component": "web", "code": "5.."}),)


def test_a_gauge_of_others_is_read(tmp_path: Path, windows: Windows) -> None:
    """Its indicator and its data source are documents of their own; a month begins at its first day."""
    path = tmp_path / "slo.yaml"
    path.write_text(GAUGE)
    (spec,) = read_objectives(path, windows)
    slices = spec.sli.slices
    assert slices is not None
    assert (slices.metric, slices.match, str(slices.above)) == ("kafka_consumergroup_lag", {"topic": "orders"}, "1000")
    assert (spec.window, spec.title) == ("month", "queue")


def test_a_literal_is_no_regular_expression(tmp_path: Path, windows: Windows) -> None:
    """What OpenSLO compares as it stands matches only itself here."""
    path = tmp_path / "slo.yaml"
    path.write_text(RATIO.replace('component="web"', 'component="a.b|c"'))
    (spec,) = read_objectives(path, windows)
    assert spec.sli.events is not None
    assert spec.sli.events.total[0].match == {"component": r"a\.b\|c"}


_PIECES = ["a", "B1", ".", ".*", "5..", "|", "-", "_", "(x|y)", "\\.", "\\\\", '"', "'", "\\{", "é", " ", "/v1/"]
_VALUES = st.lists(st.sampled_from(_PIECES), min_size=1, max_size=5).map("".join)
_MATCHERS = st.dictionaries(st.sampled_from(["code", "route", "le"]), _VALUES, max_size=3)
_SELECTORS = st.builds(Selector, metric=st.just("a_total"), match=_MATCHERS, exclude=_MATCHERS)


@given(st.lists(_SELECTORS, min_size=1, max_size=3))
def test_selectors_become_themselves_again(selectors: list[Selector]) -> None:
    """Whatever they match."""
    query = Field(Path("slo.yaml"), "query", yaml.ScalarNode("tag:yaml.org,2002:str", counters(selectors)))
    assert read_counters(query) == tuple(selectors)


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        # What the specification's own examples have and no spec can say.
        ("Occurrences", "Timeslices", "slo.yaml:28: spec.budgetingMethod: 'Timeslices' came, expected Occurrences"),
        ("Occurrences", "RatioTimeslices", "spec.budgetingMethod: 'RatioTimeslices' came, expected Occurrences"),
        ("4w\n      isRolling: true", "1w\n      calendar: {}", "duration: '1w' came, expected 1M"),
        ("4w", "1M", "slo.yaml:26: spec.timeWindow[0].duration: '1M' came, expected 30d or 28d or 4w"),
        (
            "type: Prometheus",
            "type: Datadog",
            "metricSource.type: 'Datadog' came, expected a metric source of type Prom",
        ),
        ("            spec:\n", "            spec:\n              dimensions: [a]\n", "came, expected only query here"),
        # Wrong, or more than a spec has.
        ("openslo/v1", "openslo/v1alpha", "slo.yaml:1: apiVersion: 'openslo/v1alpha' came, expected openslo/v1"),
        ("kind: SLO", "kind: SLA", "slo.yaml:2: kind: 'SLA' came, expected AlertCondition or "),
        ("  service: web\n", "", "spec: a mapping with description, indicator, timeWindow"),
        ("counter: true", "counter: false", "ratioMetric.counter: 'false' came, expected true"),
        (
            "targetPercent: 99.5",
            "targetPercent: 100",
            "'100' came, expected more than nothing and less than everything",
        ),
        ("targetPercent: 99.5", "target: 0.9\n      value: 3", "objectives[0].value: '3' came, expected only"),
        ("name: web-availability", "name: Web", "slo.yaml:4: metadata: a mapping with name, displayName, labels came"),
        ('sum(http_requests{component="web"})', "http_requests{", "slo.yaml:24: "),
        ('sum(http_requests{component="web"})', "sum by (a) (b)", "'sum by (a) (b)' came, expected a sum of counters"),
        ('sum(http_requests{component="web"})', "other", "expected the total's series with one label matched more"),
        ('sum(http_requests{component="web"})', "sum(rate(a[5m] offset 1h))", "without offset"),
        ("  objectives:\n", "  objectives:\n    - {target: 0.9}\n", "a list of 2 came, expected exactly one objective"),
        (
            "  objectives:\n",
            "  alertPolicies: [page]\n  objectives:\n",
            "expected the name of an AlertPolicy in the same",
        ),
    ],
)
def test_what_no_spec_can_say_is_refused(tmp_path: Path, windows: Windows, old: str, new: str, said: str) -> None:
    """With file, line and field, what came and what was expected."""
    assert old in RATIO
    assert said in _read(tmp_path, windows, RATIO.replace(old, new))


@pytest.mark.parametrize(
    ("name", "old", "new", "said"),
    [
        (
            "gateway-availability",
            "threshold: 14.4",
            "threshold: 10",
            "expected a burn rate that is in burn-windows.yaml",
        ),
        ("gateway-availability", "severity: page", "severity: sev1", "severity: 'sev1' came, expected page or ticket"),
        (
            "gateway-availability",
            "  - gateway-availability-page-6h\n",
            "",
            "expected all burn rates of a page: 14.4 over 1h",
        ),
        ("latency", 'le="0.4"', 'le="+Inf"', "expected a bucket with a bound"),
        (
            "latency",
            "seconds_bucket",
            "minutes_bucket",
            "expected the same series as the total's, in a bucket of its hist",
        ),
        ("memory", "op: lte", "op: lt", "op: 'lt' came, expected lte or gte"),
        ("drift", "max by", "min by", "expected max, as the worst of what has to be lte its value"),
        ("drift", "max by", "avg by", "expected a gauge"),
    ],
)
def test_what_would_become_another_objective_is_refused(
    tmp_path: Path, windows: Windows, name: str, old: str, new: str, said: str
) -> None:
    """Other burn rates, another bound, another side of a limit: nothing is read as if it were nearly the same."""
    text = (WRITTEN / f"{name}.yaml").read_text()
    assert old in text
    assert said in _read(tmp_path, windows, text.replace(old, new))


@pytest.mark.parametrize("text", ["", "- 1\n", "a: [", "apiVersion: openslo/v1\nkind: Service\nmetadata: {name: a}\n"])
def test_a_file_without_an_objective_is_refused(tmp_path: Path, windows: Windows, text: str) -> None:
    """Empty, no mapping, no YAML, nothing but a service."""
    assert _read(tmp_path, windows, text).startswith("slo.yaml:1: ")


def test_the_command(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Prints a spec or writes its file, never over one that is there."""
    source = str(WRITTEN / "memory.yaml")
    assert main(["import", source]) == 0
    printed = capsys.readouterr().out
    assert main(["import", source, "--out", str(tmp_path)]) == 0
    assert (tmp_path / "memory.yaml").read_text() == printed
    assert main(["import", source, "--out", str(tmp_path)]) == 1
    assert "memory.yaml" in capsys.readouterr().err
