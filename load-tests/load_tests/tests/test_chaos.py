"""Ending a server under load: a good one loses nothing, and one that loses something is found out."""

from dataclasses import replace
from pathlib import Path

import pytest

from load_tests import chaos
from load_tests.chaos import Options, Round
from load_tests.tests import stand_in
from load_tests.tests.conftest import STAND_IN

OPTIONS = Options(rounds=1, connections=4, seconds=0.4, command=STAND_IN)


def test_the_table_says_what_was_lost() -> None:
    """One row per round, with its verdict."""
    rounds = [Round("SIGKILL", 1, 1000, 0, 1003, 1), Round("SIGTERM", 1, 1000, 2, 998, 0, ["2 lost"])]
    assert chaos.table(rounds)[1] == [
        ["SIGKILL", "1", "1,000", "0", "1,003", "1", "good"],
        ["SIGTERM", "1", "1,000", "2", "998", "0", "1 problems"],
    ]


@pytest.mark.platform
@pytest.mark.slow
def test_a_good_server_loses_nothing(tmp_path: Path, models: Path) -> None:
    """Killed or terminated, every answered prediction is in the log and every request sent is answered."""
    said: list[Round] = []
    rounds = chaos.run(replace(OPTIONS, models=models, scratch=tmp_path), said.append)
    assert rounds == said
    assert [one.signal for one in rounds] == ["SIGKILL", "SIGTERM"]
    assert [problem for one in rounds for problem in one.problems] == []
    assert all(one.answered and not one.lost for one in rounds)


@pytest.mark.platform
@pytest.mark.slow
@pytest.mark.parametrize(
    ("fault", "ended_by", "said"),
    [
        ("late log", "SIGKILL", "answered predictions are not in the log"),
        ("dropped at SIGTERM", "SIGTERM", "sent a request that was not answered"),
        ("refuses all", "SIGKILL", "was answered 400"),
    ],
)
def test_a_bad_server_is_found_out(
    tmp_path: Path, models: Path, monkeypatch: pytest.MonkeyPatch, fault: str, ended_by: str, said: str
) -> None:
    """A log written after the answer, connections cut off and refusals are each seen."""
    monkeypatch.setenv(stand_in.FAULT, fault)
    rounds = chaos.run(replace(OPTIONS, models=models, scratch=tmp_path), lambda _: None)
    problems = [problem for one in rounds if one.signal == ended_by for problem in one.problems]
    assert any(said in problem for problem in problems), problems
