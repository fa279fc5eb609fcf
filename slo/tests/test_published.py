"""What others read: the table in the README, and the gates of load tests."""

import json
from decimal import Decimal

from slo.spec import Spec
from slo.tests.conftest import ROOM


def test_the_readme_has_the_table(specs: dict[str, Spec]) -> None:
    """Between its markers, as it is generated, with a row for every objective."""
    readme = (ROOM.parent / "README.md").read_text()
    table = (ROOM / "generated" / "slo-table.md").read_text()
    between = readme.partition("<!-- slo-table -->\n")[2].partition("<!-- /slo-table -->")[0]
    assert between == table, "put slo/generated/slo-table.md between the markers of README.md"
    rows = [line for line in table.splitlines() if line.startswith("| ")][2:]
    assert sorted(row.split(" | ")[0].removeprefix("| ") for row in rows) == sorted(specs)


def test_gates_are_of_what_a_load_test_can_judge(specs: dict[str, Spec]) -> None:
    """Events and latency, with the exact objective and PromQL of raw metrics over any window."""
    found = {gate["name"]: gate for gate in json.loads((ROOM / "generated" / "gates.json").read_text())["gates"]}
    assert set(found) == {name for name, spec in specs.items() if {*spec.sli.kinds} & {"events", "latency"}}
    for name, gate in found.items():
        assert Decimal(gate["objective"]) == specs[name].objective
        assert gate["kind"] == specs[name].sli.kinds[0]
        assert "[$window]" in gate["error_ratio"]
        assert "slo:" not in gate["error_ratio"]
        assert "[5m]" not in gate["error_ratio"]
