"""The check: a slower service is found, a slower machine is not."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from load_tests import baseline, check
from load_tests.baseline import Baseline
from load_tests.check import CEILING, SERVICE, Found, Look, Options
from load_tests.cli import main
from load_tests.processes import ProcessError
from load_tests.tests import stand_in
from load_tests.tests.conftest import STAND_IN

OPTIONS = Options(rounds=3, seconds=1, paths=(SERVICE,))


real = [
    pytest.mark.platform,
    pytest.mark.slow,
    pytest.mark.xdist_group("check"),
    pytest.mark.usefixtures("wrk_installed"),
]


class TestForReal:
    """On the service itself."""

    pytestmark = real

    def test_a_wrong_answer_is_no_figure(self, models: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        """However fast it comes."""
        monkeypatch.setenv(stand_in.FAULT, "wrong answers")
        with pytest.raises(ProcessError, match="service answered 200 to a good request: .*expected"):
            check.measure(replace(OPTIONS, models=models, command=STAND_IN), lambda _: None)

    def test_the_gateway_is_a_path(self, tmp_path: Path, models: Path) -> None:
        """Under the shipped policy, with its metrics' exporter; the command writes its baseline."""
        path = tmp_path / "baseline.json"
        asked = ["check", "--update", "--rounds", "1", "--seconds", "1", "--models", str(models)]
        assert main([*asked, "--baseline", str(path), "--scratch", str(tmp_path)]) == 0
        costs = baseline.read(path).costs
        assert set(costs) == set(check.PATHS)
        assert [entry.name for entry in tmp_path.iterdir()] == ["baseline.json"]


FOUND = Found(
    "pinned",
    (SERVICE,),
    [Look(CEILING, 1, 20.0, 20.0, []), Look(SERVICE, 1, 30.0, 30.0, [])],
)


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The command after a measurement of a service that costs half as much again as the ceiling; baseline: as much."""
    monkeypatch.setattr(check, "measure", lambda *_: FOUND)
    path = baseline.write(Baseline({SERVICE: baseline.Cost(1.0, 1.0)}, {}), tmp_path / "baseline.json")
    return ["check", "--baseline", str(path)]


def test_a_regression_is_told_and_fails_only_when_asked_to(run: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    """In CI it is a report; ``--strict`` makes it a failure."""
    assert main(run) == 0
    assert "REGRESSION: service: CPU of a request +50%, bound +25%" in capsys.readouterr().out
    assert main([*run, "--strict"]) == 1
    assert main([*run, "--strict", "--bound", "0.6"]) == 0
    assert "no regression" in capsys.readouterr().out


def test_a_slower_machine_is_not_minded() -> None:
    """Everything takes twice as long: the parts stay what they are. A service that alone does is found."""
    known = Baseline(FOUND.costs, {})
    slower = [replace(look, cpu=2 * look.cpu, time=2 * look.time) for look in FOUND.looks]
    assert not any(each.is_regression for each in baseline.changes(known, replace(FOUND, looks=slower).spreads, 0.25))
    alone = [FOUND.looks[0], slower[1]]
    assert all(each.is_regression for each in baseline.changes(known, replace(FOUND, looks=alone).spreads, 0.25))


def test_the_report_is_written(run: list[str], tmp_path: Path) -> None:
    """As JSON and Markdown, with every look."""
    assert main([*run, "--out", str(tmp_path / "out")]) == 0
    assert "REGRESSION" in (tmp_path / "out" / "check.md").read_text()
    document = json.loads((tmp_path / "out" / "check.json").read_text())
    assert len(document["looks"]) == len(FOUND.looks)


def test_an_update_makes_it_the_baseline(run: list[str]) -> None:
    """What was a regression is none any more."""
    assert main([*run, "--update"]) == 0
    assert main([*run, "--strict"]) == 0


def test_wrong_answers_fail_and_write_nothing(run: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever the figures are."""
    broken = replace(FOUND, looks=[replace(look, problems=["3 answers 503"]) for look in FOUND.looks])
    monkeypatch.setattr(check, "measure", lambda *_: broken)
    before = Path(run[-1]).read_bytes()
    assert main([*run, "--update"]) == 1
    assert main(run) == 1
    assert Path(run[-1]).read_bytes() == before


def test_no_baseline_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """In one line, before anything is measured."""
    assert main(["check", "--baseline", str(tmp_path / "none.json")]) == 1
    assert "check --update" in capsys.readouterr().err
