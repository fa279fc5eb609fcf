"""The storm's command: what it prints and writes, how it shows one volley again, and when it fails."""

import io
from collections import Counter
from pathlib import Path

import pytest

from gateway_config.__main__ import run
from gateway_config.commands.trials import render_report
from gateway_config.trials.storm import Report


def command(*arguments: str) -> tuple[int, str, str]:
    """The command's exit code, output and errors."""
    out, err = io.StringIO(), io.StringIO()
    return run(["storm", *arguments], {}, out, err), out.getvalue(), err.getvalue()


@pytest.mark.platform
@pytest.mark.xdist_group("storm")
@pytest.mark.usefixtures("_envoy_is_there")
def test_storm(tmp_path: Path) -> None:
    """A short storm passes; its report is printed, written, and names the command that makes it again."""
    path = tmp_path / "results" / "storm.md"
    code, out, err = command("--requests", "300", "--seed", "short", "--write", str(path))
    assert (code, err) == (0, "")
    assert path.read_text() == out
    assert " --seed short`\n" in out
    assert "| **got in without a right to** | **0** |" in out
    assert "| **kept out with a right to get in** | **0** |" in out


@pytest.mark.platform
@pytest.mark.xdist_group("storm")
@pytest.mark.usefixtures("_envoy_is_there")
def test_one_volley() -> None:
    """One volley of a seed is shown in full, shot by shot."""
    code, out, err = command("--seed", "short", "--volley", "5")
    assert err == ""
    assert out.startswith("from 127.0.")
    assert "Shot(number='5.0', method=b'" in out
    assert (code == 0) == ("| right ones, which have to be let in | 0 |" not in out)


def test_what_went_wrong() -> None:
    """Who got in and who was kept out is listed, the first of them, with how to see it again."""
    report = Report(
        seed="x", shots=5000, good=1000, statuses=Counter({"400-": 1500, "400": 500, "200": 3000}),
        breaches=[f"shot {number}.0: arrived" for number in range(30)], missing=["7.1"],
    )  # fmt: skip
    text = render_report(report)
    assert "| answers | 200 3,000, 400 2,000 |" in text
    assert "| **got in without a right to** | **30** |" in text
    assert "\nGOT IN: shot 19.0: arrived\n" in text
    assert "shot 20.0" not in text
    assert "\nKEPT OUT: shot 7.1\n" in text
    assert "--volley" in text
    assert not report.passed
