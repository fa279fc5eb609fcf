"""The storm: a good server weathers it, and one that breaks the rules is found out."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from load_tests import fuzz
from load_tests.cases import Case
from load_tests.connection import Answer
from load_tests.fuzz import Options
from load_tests.tests import stand_in
from load_tests.tests.conftest import STAND_IN

BAD = Case(1, "predict", ("noise",), b"")
GOOD = Case(2, "predict", (), b"")
OPTIONS = Options(requests=600, connections=4, command=STAND_IN)


def _problem(status: int, said: int, kind: str = "application/problem+json") -> Answer:
    return Answer(status, {"content-type": kind}, json.dumps({"status": said}).encode())


@pytest.mark.parametrize(
    ("case", "answer"),
    [
        (GOOD, Answer(200, {}, b"")),
        (BAD, Answer(200, {}, b"")),
        (BAD, _problem(422, 422)),
        (BAD, _problem(400, 400, "application/problem+json; charset=utf-8")),
    ],
)
def test_a_right_answer_is_let_pass(case: Case, answer: Answer) -> None:
    """A success, or a refusal in the one shape."""
    assert fuzz.wrong(case, answer) is None


@pytest.mark.parametrize(
    ("case", "answer"),
    [
        (GOOD, _problem(400, 400)),
        (BAD, _problem(500, 500)),
        (BAD, _problem(503, 503)),
        (BAD, _problem(302, 302)),
        (BAD, _problem(400, 422)),
        (BAD, _problem(400, 400, "application/json")),
        (BAD, Answer(400, {}, b"")),
        (BAD, Answer(400, {"content-type": "application/problem+json"}, b"[]")),
        (BAD, Answer(400, {"content-type": "application/problem+json"}, b"oops")),
    ],
)
def test_a_wrong_answer_is_told(case: Case, answer: Answer) -> None:
    """A 5xx, a refused good request, another shape, another status inside."""
    assert f"was answered {answer.status}" in (fuzz.wrong(case, answer) or "")


def test_few_of_a_kind_are_shown() -> None:
    """A thousand failures of one kind do not hide the one of another."""
    storm = fuzz.Storm()
    for number in range(1000):
        storm.fail(f"case {number}", "predict 500")
    storm.fail("case 1000", "labels 500")
    assert storm.failed == 1001
    assert storm.problems == ["case 0", "case 1", "case 2", "case 1000"]


def test_growth_is_taken_after_warming_up() -> None:
    """The first quarter of the samples is not growth; no sample is none."""
    storm = fuzz.Storm(rss=[(1, 10), (2, 50), (3, 50), (4, 50), (5, 50), (6, 50), (7, 50), (8, 50)])
    assert storm.growth_bytes == 0
    assert fuzz.Storm().growth_bytes == 0


@pytest.mark.platform
@pytest.mark.slow
def test_a_good_server_weathers_the_storm(tmp_path: Path, models: Path) -> None:
    """Every case is answered as it should be, and the table tells how."""
    storm = fuzz.run(replace(OPTIONS, models=models, scratch=tmp_path), lambda _: None)
    assert storm.problems == []
    assert storm.sent == 600
    head, rows = fuzz.table(storm)
    assert {"200", "400"} <= set(head)
    assert [row[0] for row in rows] == sorted(row[0] for row in rows)
    assert "600 requests of seed" in fuzz.summary(storm, OPTIONS.seed)


@pytest.mark.platform
@pytest.mark.slow
@pytest.mark.parametrize(
    ("fault", "said"),
    [
        ("5xx", "was answered 500"),
        ("plain errors", "expected application/problem+json"),
        ("refuses all", "because it is a good request"),
        ("breaks off", "broke the connection"),
        ("leaks", "it grew by"),
        ("wrong answers", "after the storm"),
    ],
)
def test_a_bad_server_is_found_out(
    tmp_path: Path, models: Path, monkeypatch: pytest.MonkeyPatch, fault: str, said: str
) -> None:
    """Each broken rule is seen and told."""
    monkeypatch.setenv(stand_in.FAULT, fault)
    storm = fuzz.run(replace(OPTIONS, models=models, scratch=tmp_path), lambda _: None)
    assert storm.failed
    assert any(said in problem for problem in storm.problems), storm.problems


@pytest.mark.platform
@pytest.mark.slow
def test_one_case_can_be_sent_again(tmp_path: Path, models: Path) -> None:
    """By its number, alone, and shown as it is sent."""
    said: list[str] = []
    storm = fuzz.run(replace(OPTIONS, models=models, scratch=tmp_path, only=17), said.append)
    assert storm.sent == 1
    assert "HTTP/1.1" in said[0]
