"""What a result was measured on."""

import platform
from pathlib import Path

import pytest

from load_tests import machine


def test_the_machine_and_the_versions_are_told() -> None:
    """A figure without them says little; nothing is empty."""
    told = machine.describe()
    assert {"cpu", "cores", "python", "wrk", "uvicorn", "onnxruntime", "date", "command"} <= set(told)
    assert all(told.values())
    assert told["uvicorn"][0].isdigit()


def test_the_command_is_as_one_types_it() -> None:
    """No path of this machine is in it."""
    typed = machine.command(["/somewhere/load_tests/__main__.py", "fuzz", "--scratch", "a b"])
    assert typed == "python -m load_tests fuzz --scratch 'a b'"


@pytest.mark.parametrize(
    ("text", "name"), [("model name\t: AMD EPYC 7763\nmodel name\t: other\n", "AMD EPYC 7763"), ("none\n", None)]
)
def test_the_processor_is_named(tmp_path: Path, text: str, name: str | None) -> None:
    """By its model where the system tells it, else by its architecture."""
    (tmp_path / "cpuinfo").write_text(text)
    assert machine.cpu_model(tmp_path / "cpuinfo") == (name or platform.machine())
    assert machine.cpu_model(tmp_path / "nowhere") == platform.machine()
