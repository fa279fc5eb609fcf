"""The command line."""

from pathlib import Path

import pytest

from load_tests.cli import main
from load_tests.paths import WRK_BODIES


@pytest.mark.usefixtures("models")
def test_bodies_are_written(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The default options give the committed file; the path is told."""
    assert main(["bodies", "--out", str(tmp_path / "new" / "flights.jsonl")]) == 0
    assert (tmp_path / "new" / "flights.jsonl").read_bytes() == WRK_BODIES.read_bytes()
    assert "flights.jsonl" in capsys.readouterr().out


@pytest.mark.parametrize("command", ["benchmark", "memory", "kill", "fuzz", "bodies"])
def test_a_missing_model_is_one_line(tmp_path: Path, command: str, capsys: pytest.CaptureFixture[str]) -> None:
    """A user's mistake is told in words, without a traceback."""
    assert main([command, "--models", str(tmp_path)]) == 1
    said = capsys.readouterr().err.splitlines()[-1]
    assert said.startswith("error: ")
    assert "no package of the model 'flight-delay'" in said


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["benchmark", "--rounds", "0"], "0 is too small, expected 1 or more"),
        (["benchmark", "--only", "flask"], "invalid choice: 'flask'"),
        (["fuzz", "--bodies", "many"], "'many' is no number"),
        ([], "COMMAND"),
    ],
)
def test_a_wrong_option_is_told(arguments: list[str], said: str, capsys: pytest.CaptureFixture[str]) -> None:
    """With the usage, and exit code 2."""
    with pytest.raises(SystemExit) as ended:
        main(arguments)
    assert ended.value.code == 2
    assert said in capsys.readouterr().err
