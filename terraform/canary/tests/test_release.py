"""A release as it runs: the command, a ``gcloud`` that keeps the traffic, and a real Prometheus that sees what comes of it."""

import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from terraform.canary import __main__ as command
from terraform.canary.tests.platform import Platform, Revision, Stage, gcloud, stage
from terraform.workflows.workflow import ROOT

pytestmark = [pytest.mark.platform, pytest.mark.xdist_group("canary")]

WHERE = ["--project", "my-project", "--region", "europe-west1"]
QUICK = ["--least", "2s", "--most", "1m", "--look", "1s"]


@pytest.fixture(scope="module")
def watched(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    """A Prometheus for all tests of this module."""
    with stage(tmp_path_factory.mktemp("prometheus")) as one:
        yield one


class Release:
    """The command on one service."""

    def __init__(self, watched: Stage, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        """Two revisions, of which the old one serves all."""
        self.watched = watched
        self.old, self.new = (f"puerta-{next(watched.numbers):05}" for _ in range(2))
        self.kept, self.environment = gcloud(folder, {"newest": self.new, "traffic": {self.old: 100}})
        for name, value in self.environment.items():
            monkeypatch.setenv(name, value)

    def set(self, **values: Any) -> None:
        """Change what ``gcloud`` knows."""
        self.kept.write_text(json.dumps({**json.loads(self.kept.read_text()), **values}))

    def show(self, old: Revision | None = None, new: Revision | None = None) -> None:
        """Let Prometheus see them."""
        self.watched.show(Platform(self.kept, {self.old: old or Revision(), self.new: new or Revision()}))

    @property
    def traffic(self) -> dict[str, int]:
        """Who serves now."""
        found: dict[str, int] = json.loads(self.kept.read_text())["traffic"]
        return found

    @property
    def splits(self) -> list[str]:
        """Every split that was asked for, in order."""
        calls = json.loads(self.kept.read_text())["calls"]
        return [word.split("=", 1)[1] for call in calls for word in call if word.startswith("--to-revisions=")]

    def run(self, *options: str) -> list[str]:
        """The arguments of a quick release."""
        return ["run", *WHERE, "--prometheus", self.watched.url, *QUICK, *options]


@pytest.fixture
def release(watched: Stage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Release:
    """A service with a new revision that serves nothing yet, all well."""
    one = Release(watched, tmp_path, monkeypatch)
    one.show()
    return one


def test_good_revision_gets_all(release: Release, capsys: pytest.CaptureFixture[str]) -> None:
    """5, 25, 99 percent, each watched; then the new revision serves all, by name."""
    assert command.main(release.run("--least", "1s")) == command.DONE, capsys.readouterr()
    assert release.splits == [
        f"{release.new}=5,{release.old}=95",
        f"{release.new}=25,{release.old}=75",
        f"{release.new}=99,{release.old}=1",
        f"{release.new}=100",
    ]
    said = capsys.readouterr().out
    assert f"{release.new} is ready and serves 0 %, {release.old} the rest" in said
    assert said.endswith(f"{release.new} serves all\n")
    assert "service-availability: 0 of" in said


@pytest.mark.parametrize(
    ("wrong", "objective"),
    [
        (Revision(failed=0.05), "service-availability"),
        (Revision(slow=0.9), "latency"),
        (Revision(rejected=0.5), "valid-input"),
    ],
)
def test_bad_revision_is_taken_back(
    release: Release, wrong: Revision, objective: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """At 5 percent: the old revision serves all again, and the reason is told."""
    release.show(new=wrong)
    assert command.main(release.run()) == command.REFUSED
    assert release.splits == [f"{release.new}=5,{release.old}=95", f"{release.old}=100"]
    assert re.search(rf"taken back: .*{objective}: \d+ of \d+ bad, burns \d+", capsys.readouterr().err)


def test_what_is_bad_everywhere_is_not_the_new_revisions_doing(
    release: Release, capsys: pytest.CaptureFixture[str]
) -> None:
    """It is not called burning; but as long as it lasts nothing goes on, and in the end the release is taken back."""
    release.show(old=Revision(rejected=0.3), new=Revision(rejected=0.3))
    assert command.main(release.run("--most", "3s")) == command.REFUSED
    assert release.traffic == {release.old: 100}
    said = capsys.readouterr()
    assert "burning" not in said.out
    assert "still not known to be good: valid-input" in said.err


def test_no_metrics_is_no_good_news(release: Release, capsys: pytest.CaptureFixture[str]) -> None:
    """A revision that nothing is known of gets no more traffic."""
    release.watched.exposed.clear()
    release.set(newest="puerta-03")
    assert command.main(release.run("--most", "2s")) == command.REFUSED
    assert release.traffic == {release.old: 100}
    assert "service-availability: not measured" in capsys.readouterr().err


def test_no_prometheus_is_no_good_news(release: Release, capsys: pytest.CaptureFixture[str]) -> None:
    """Who can't look gives no more traffic."""
    arguments = [word if word != release.watched.url else "http://127.0.0.1:9" for word in release.run("--most", "2s")]
    assert command.main(arguments) == command.REFUSED
    assert release.traffic == {release.old: 100}
    assert "no answer of a Prometheus" in capsys.readouterr().err


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_interrupted_takes_back(release: Release, number: signal.Signals) -> None:
    """SIGTERM or Ctrl-C in the middle of a step: the old revision serves all, within the look that was under way."""
    arguments = [sys.executable, "-m", "terraform.canary", *release.run("--least", "1m", "--most", "2m")]
    environment = {**os.environ, **release.environment}
    with subprocess.Popen(
        arguments, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=ROOT, env=environment
    ) as run:
        assert run.stdout is not None
        for line in run.stdout:
            if "watched for" in line:
                break
        assert release.traffic == {release.new: 5, release.old: 95}
        run.send_signal(number)
        said = run.communicate(timeout=20)
    assert run.returncode == command.REFUSED, said
    assert "taken back: interrupted" in said[1]
    assert release.traffic == {release.old: 100}


@pytest.mark.parametrize("share", [25, 99])
def test_killed_then_run_again_goes_on(release: Release, share: int, capsys: pytest.CaptureFixture[str]) -> None:
    """Where SIGKILL left a release in the middle, the next run goes on at that step."""
    release.set(traffic={release.old: 100 - share, release.new: share})
    assert command.main(release.run("--least", "1s")) == command.DONE, capsys.readouterr()
    watched = [f"{release.new}=25,{release.old}=75", f"{release.new}=99,{release.old}=1"]
    assert release.splits == [*watched[share == 99 :], f"{release.new}=100"]


def test_budget_of_a_good_service(release: Release, capsys: pytest.CaptureFixture[str]) -> None:
    """All of every budget is left."""
    command.main(release.run("--steps", "100"))
    assert command.main(["budget", *WHERE, "--prometheus", release.watched.url, "--window", "2s", "--least", "99"]) == 0
    assert "service-availability: 100.0% left" in capsys.readouterr().out


def test_budget_of_a_bad_service(release: Release, capsys: pytest.CaptureFixture[str]) -> None:
    """A release has to wait, with the objective that holds it."""
    release.show(new=Revision(failed=0.01))
    command.main(release.run("--steps", "100", "--burn", "9.9", "--failures", "1000000"))
    capsys.readouterr()
    assert command.main(["budget", *WHERE, "--prometheus", release.watched.url, "--window", "2s"]) == command.REFUSED
    said = capsys.readouterr().err
    assert re.search(r"service-availability: -1[89]\d\d\.\d% of its budget is left, expected at least 0\.0%", said), (
        said
    )
    assert "latency" not in said


def test_budget_of_what_is_not_measured(release: Release, capsys: pytest.CaptureFixture[str]) -> None:
    """What nobody knows lets nothing out."""
    arguments = ["budget", *WHERE, "--service", "other", "--prometheus", release.watched.url]
    assert command.main(arguments) == command.REFUSED
    assert "prediction-log: nobody knows what is left of its budget" in capsys.readouterr().err
