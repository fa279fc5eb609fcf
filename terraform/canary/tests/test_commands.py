"""The commands around a release: pin, back, and what is refused before anything is changed."""

import json
import os
import re
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from terraform.canary import __main__ as command
from terraform.canary.tests.platform import gcloud
from terraform.workflows.workflow import ROOT

OLD, NEW = "puerta-01", "puerta-02"
WHERE = ["--project", "my-project", "--region", "europe-west1"]


@pytest.fixture
def kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The file of a ``gcloud`` with a service whose first revision serves all."""
    path, environment = gcloud(tmp_path, {"newest": OLD, "latest": True, "traffic": {OLD: 100}})
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    return path


def put(path: Path, **values: Any) -> None:
    """Change what ``gcloud`` knows."""
    path.write_text(json.dumps({**json.loads(path.read_text()), **values}))


def state(path: Path) -> dict[str, Any]:
    """What it knows."""
    found: dict[str, Any] = json.loads(path.read_text())
    return found


def test_pin_takes_the_traffic_from_latest(kept: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Who serves now does so by name; what comes next gets nothing by itself."""
    assert command.main(["pin", *WHERE]) == 0
    assert (state(kept)["traffic"], state(kept)["latest"]) == ({OLD: 100}, False)
    assert capsys.readouterr().out == f"pinned: {OLD} 100 %\n"


def test_pin_twice(kept: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The second time there is nothing to do."""
    command.main(["pin", *WHERE])
    calls = len(state(kept)["calls"])
    assert command.main(["pin", *WHERE]) == 0
    assert len(state(kept)["calls"]) == calls + 1
    assert capsys.readouterr().out.endswith(f"pinned already: {OLD} 100 %\n")


def test_pin_before_there_is_a_service(kept: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The first deployment has nothing to pin, and that is well."""
    put(kept, traffic={})
    assert command.main(["pin", *WHERE]) == 0
    assert "no service puerta yet" in capsys.readouterr().out


@pytest.mark.parametrize("name", ["run", "back"])
def test_no_service(kept: Path, name: str, capsys: pytest.CaptureFixture[str]) -> None:
    """For everything else it is a mistake."""
    put(kept, traffic={})
    assert command.main([name, *WHERE]) == command.COULD_NOT
    assert "Cannot find service [puerta]" in capsys.readouterr().err


def test_nothing_to_release(kept: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The newest revision serves all: done, and nothing was changed."""
    assert command.main(["run", *WHERE]) == command.DONE
    assert f"{OLD} serves all already" in capsys.readouterr().out
    assert len(state(kept)["calls"]) == 1


def test_revision_that_does_not_start(kept: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """It gets nothing, and the reason is Cloud Run's."""
    put(kept, newest=NEW, latest=False, ready={NEW: False})
    assert command.main(["run", *WHERE]) == command.COULD_NOT
    assert state(kept)["traffic"] == {OLD: 100}
    assert f"{NEW} is not ready, and serves 0 %: The container failed to start." in capsys.readouterr().err


def test_three_revisions(kept: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A newer revision than the one that is being released: somebody has to say which, so nothing is changed."""
    put(kept, newest="puerta-03", latest=False, traffic={OLD: 95, NEW: 5})
    assert command.main(["run", *WHERE]) == command.COULD_NOT
    assert state(kept)["traffic"] == {OLD: 95, NEW: 5}
    assert "python -m terraform.canary back" in capsys.readouterr().err


def test_revision_that_serves_and_starts_no_more(kept: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A release that was left in the middle, and its revision is not ready any more: taken back."""
    put(kept, newest=NEW, latest=False, traffic={OLD: 95, NEW: 5}, ready={NEW: False})
    assert command.main(["run", *WHERE]) == command.REFUSED
    assert state(kept)["traffic"] == {OLD: 100}
    assert f"taken back: {NEW} is not ready, and serves 5 %: The container failed" in capsys.readouterr().err


def test_revision_that_serves_and_can_not_be_described(kept: Path) -> None:
    """Nobody knows how it stands: taken back too."""
    put(kept, newest=NEW, latest=False, traffic={OLD: 95, NEW: 5}, fail=["revisions"])
    assert command.main(["run", *WHERE]) == command.REFUSED
    assert state(kept)["traffic"] == {OLD: 100}


@pytest.mark.parametrize("word", ["services", "revisions"])
def test_back_that_can_not_tell_who_serves(kept: Path, word: str, capsys: pytest.CaptureFixture[str]) -> None:
    """The traffic may be split: that is not "it could not begin", and a person is told the line."""
    put(kept, newest=NEW, latest=False, traffic={NEW: 75, OLD: 25}, fail=[word])
    assert command.main(["back", *WHERE]) == command.STUCK
    assert "the traffic may be split; do it by hand: gcloud run services update-traffic" in capsys.readouterr().err


def test_nobody_reads(kept: Path) -> None:
    """A pipe that nobody reads: the traffic goes back, and the exit code says so."""
    put(kept, newest=NEW, latest=False, traffic={NEW: 75, OLD: 25})
    unread, pipe = os.pipe()
    os.close(unread)
    try:
        arguments = [sys.executable, "-m", "terraform.canary", "back", *WHERE]
        buffered = {**os.environ, "PYTHONUNBUFFERED": ""}  # or nothing would be left to fail at the end
        done = subprocess.run(arguments, stdout=pipe, stderr=subprocess.PIPE, cwd=ROOT, env=buffered, check=False)
    finally:
        os.close(pipe)
    assert (done.returncode, done.stderr) == (command.DONE, b"")
    assert state(kept)["traffic"] == {OLD: 100}


@pytest.mark.parametrize("share", [75, 99])
def test_back(kept: Path, share: int, capsys: pytest.CaptureFixture[str]) -> None:
    """The oldest of those who serve gets all, whoever has more."""
    put(kept, newest=NEW, latest=False, traffic={NEW: share, OLD: 100 - share})
    assert command.main(["back", *WHERE]) == 0
    assert state(kept)["traffic"] == {OLD: 100}
    assert capsys.readouterr().out == f"back: all to {OLD}\n"


def test_back_when_nothing_is_under_way(kept: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """After a release, or after it was taken back, it does nothing."""
    put(kept, newest=NEW, latest=False, traffic={NEW: 100})
    assert command.main(["back", *WHERE]) == 0
    assert state(kept)["traffic"] == {NEW: 100}
    assert "nothing is under way" in capsys.readouterr().out


def test_refused_by_google(kept: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A step that is refused takes back what was given, and says why."""
    put(kept, newest=NEW, latest=False, fail=[f"{NEW}=5"])
    assert command.main(["run", *WHERE]) == command.REFUSED
    assert state(kept)["traffic"] == {OLD: 100}
    assert "PERMISSION_DENIED" in capsys.readouterr().err


def test_taking_back_is_tried_twice(kept: Path) -> None:
    """One refusal is not the end."""
    put(kept, newest=NEW, latest=False, fail=[f"{NEW}=5", f"--to-revisions={OLD}=100"])
    assert command.main(["run", *WHERE]) == command.REFUSED
    assert state(kept)["traffic"] == {OLD: 100}


def test_traffic_that_can_not_be_taken_back(kept: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Then a person is told the line that does it, and the exit code is one of its own."""
    put(kept, newest=NEW, latest=False, fail=[f"{NEW}=5", *[f"--to-revisions={OLD}=100"] * 2])
    assert command.main(["run", *WHERE]) == command.STUCK
    line = (
        f"gcloud run services update-traffic puerta --to-revisions={OLD}=100 --region europe-west1 --project my-project"
    )
    assert line in capsys.readouterr().err


def test_without_gcloud(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Who has none is told so."""
    monkeypatch.setenv("PATH", str(tmp_path))
    assert command.main(["pin", *WHERE]) == command.COULD_NOT
    assert "gcloud run services describe: " in capsys.readouterr().err


def test_burn_that_nothing_can_reach(kept: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """At 90 percent 14.4 times the budget would be more than all requests: refused, not silently never."""
    assert command.main(["run", *WHERE, "--burn", "14.4"]) == command.COULD_NOT
    assert "--burn 14.4: latency could never burn so fast, expected less than 10" in capsys.readouterr().err
    assert state(kept)["calls"] == []


@pytest.mark.parametrize(
    ("option", "value", "expected"),
    [
        ("--steps", "5,25", "rising percents that end with 100"),
        ("--steps", "25,5,100", "rising percents that end with 100"),
        ("--steps", "0,100", "rising percents that end with 100"),
        ("--steps", "a", "rising percents that end with 100"),
        ("--least", "10", "a duration such as 90s"),
        ("--look", "0s", "a duration such as 90s"),
        ("--burn", "0", "a number above 0"),
        ("--burn", "nan", "a number above 0"),
        ("--burn", "fast", "a number above 0"),
        ("--events", "0", "a whole number above 0"),
        ("--failures", "-1", "a whole number above 0"),
    ],
)
def test_option_that_is_wrong(option: str, value: str, expected: str, capsys: pytest.CaptureFixture[str]) -> None:
    """What came, and what was expected."""
    with pytest.raises(SystemExit) as ended:
        command.main(["run", *WHERE, option, value])
    assert ended.value.code == command.COULD_NOT
    said = capsys.readouterr().err
    assert value in said
    assert expected in said


def test_readme_says_what_can_be_said() -> None:
    """Every command line of the README is one that is understood, and every command is there."""
    text = (Path(command.__file__).parent / "README.md").read_text()
    found = [
        shlex.split(line, comments=True)
        for line in re.findall(r"^python -m terraform.canary (.+)$", text, re.MULTILINE)
    ]
    assert [command._parser().parse_args(one).command for one in found] == ["budget", "pin", "run", "back"]
