"""When flights are asked for and labels told, by a clock that does not wait."""

from collections import Counter
from itertools import count
from pathlib import Path
from typing import Any, cast

import pytest

from puerta.replay.caller import Caller
from puerta.replay.player import Player
from puerta.replay.year import Year
from puerta.tests.replay.test_year import COUNTS

DAY = 30.0
MIDNIGHT = 1_800_000_000.0  # a whole number of such days


class Clock:
    """Passes only when somebody sleeps."""

    def __init__(self, now: float) -> None:
        self.now = now

    def __call__(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        """Let time pass; a sleep that does nothing would never end."""
        assert seconds > 0
        self.now += seconds


class Witness:
    """Answers as the gateway would, at once, and remembers what it was asked and when."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._ids = map(str, count())
        self.failures = 0
        self.asked: dict[str, tuple[float, dict[str, Any]]] = {}
        self.labelled: dict[str, tuple[float, int]] = {}
        self.largest = 0

    def post(self, path: str, document: dict[str, Any]) -> Any:
        """One request."""
        if path == "/v1/labels":
            assert document["labels"]
            self.largest = max(self.largest, len(document["labels"]))
            self.labelled |= {one["id"]: (self._clock(), one["label"]) for one in document["labels"]}
            return {}
        assert path == "/v1/models/some-model/predict"
        ids = [next(self._ids) for _ in document["instances"]]
        self.asked |= {id_: (self._clock(), instance) for id_, instance in zip(ids, document["instances"], strict=True)}
        return {"predictions": [{"id": id_} for id_ in ids]}


def play(path: Path = COUNTS) -> tuple[Witness, list[float], list[str]]:
    """A year replayed from a moment in a day on: what was witnessed, when the days began, and what was said."""
    clock = Clock(MIDNIGHT + 17)
    witness, said = Witness(clock), list[str]()
    player = Player(cast("Caller", witness), "some-model", DAY, said.append, clock=clock, sleep=clock.sleep)
    return witness, [day.midnight for day in player.play(Year.read(path))], said


def test_a_month_is_a_day() -> None:
    """Every flight is asked for once, on its month's day, and none near midnight, when reports are made."""
    witness, midnights, said = play()
    assert midnights == [MIDNIGHT + number * DAY for number in range(1, 13)]
    assert len(witness.asked) == 68_206
    for at, flight in witness.asked.values():
        assert 0.25 <= (at - midnights[flight["MES"] - 1]) / DAY < 0.85
    assert [line.split()[0] for line in said] == [
        "Replaying",
        "January",
        "February",
        *(line.split()[0] for line in said[3:]),
    ]
    assert "5,992 flights, 29.3% late" in said[7]


def test_labels_follow_late() -> None:
    """Nearly all come, half of them on the next day or so; they say what became of the flights, and are of real ones."""
    witness, _, _ = play()
    lags = sorted((at - witness.asked[id_][0]) / DAY for id_, (at, _) in witness.labelled.items())
    assert 0.96 < len(lags) / len(witness.asked) < 0.98
    assert lags[0] >= 0
    assert lags[len(lags) // 2] == pytest.approx(0.4, abs=0.03)
    assert lags[-1] < 1.6
    assert witness.largest <= 1000
    late = Counter(witness.asked[id_][1]["MES"] for id_, (_, label) in witness.labelled.items() if label)
    told = Counter(witness.asked[id_][1]["MES"] for id_ in witness.labelled)
    assert late[7] / told[7] == pytest.approx(0.293, abs=0.01)


def test_it_is_the_same_each_time() -> None:
    """Same flights, same order, same moments, same labels."""
    first, again = play()[0], play()[0]
    assert (first.asked, first.labelled) == (again.asked, again.labelled)
