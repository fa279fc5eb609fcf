"""Every seeded fault is caught by the check that the table names, and for the reason that it gives."""

from collections.abc import Iterator
from typing import get_args

import pytest
from msgspec.structs import replace

from terraform.__main__ import main
from terraform.faults import command
from terraform.faults.bench import Bench, missed, prepare
from terraform.faults.fault import Check, FaultError, read
from terraform.workspace import HOW_TO_GET, workspace
from tests.parts import require

FAULTS = read()
LEAST = 24
# Two benches, of about the same time, so that two processes share them.
PLANNED = {"deployment", "inventory", "plan", "scan"}


def group(name: str) -> str:
    """The bench that a fault is put on."""
    return "terraform-faults-planned" if FAULTS[name].check in PLANNED else "terraform-faults"


@pytest.fixture(scope="module")
def bench() -> Iterator[Bench]:
    """A copy of the deployment, and the stand-in."""
    require("terraform", HOW_TO_GET)
    with workspace(print) as at:
        yield prepare(at, FAULTS)


@pytest.mark.platform
@pytest.mark.slow
@pytest.mark.parametrize("name", [pytest.param(name, marks=pytest.mark.xdist_group(group(name))) for name in FAULTS])
def test_the_fault_is_caught(name: str, bench: Bench) -> None:
    """By its check, which says what is expected, and nothing of a copy without it."""
    assert missed(bench, [name]) == []


@pytest.mark.platform
@pytest.mark.slow
@pytest.mark.xdist_group("terraform-faults")
def test_a_fault_that_passes_is_told(bench: Bench) -> None:
    """Something harmless in a fault's place is named as what no check has caught."""
    name = "misspelt-argument"
    harmless = {name: replace(FAULTS[name], by="  invoker_iam_disabled = true")}
    assert missed(Bench(bench.at, harmless), [name])[0].startswith(f"{name}: validate said 'nothing'")


@pytest.mark.platform
@pytest.mark.slow
@pytest.mark.xdist_group("terraform-faults")
def test_a_fault_that_cannot_be_put_in_is_told(bench: Bench) -> None:
    """What is to be replaced has to be there, and only once."""
    name = "misspelt-argument"
    gone = {name: replace(FAULTS[name], replace="nothing of the kind")}
    with pytest.raises(FaultError, match="is there 0 times"):
        Bench(bench.at, gone).caught(name)


def test_there_are_enough_of_them_and_of_every_kind() -> None:
    """More than a score, and no check without a fault that only it has to catch."""
    assert len(FAULTS) >= LEAST
    assert {fault.check for fault in FAULTS.values()} == set(get_args(Check)) == set(command.CHECKS)


def test_the_table_is_current() -> None:
    """The README's table has every fault, its check, and what that says."""
    assert command.README.read_text(encoding="utf-8") == command.readme(FAULTS), "python -m terraform faults --table"


def test_an_unknown_fault_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    """With the names of those that there are."""
    assert main(["faults", "nonsense"]) == 2
    assert "nonsense came, expected some of unformatted, " in capsys.readouterr().err
