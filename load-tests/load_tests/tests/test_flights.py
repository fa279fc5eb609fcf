"""Drawing flights from the counts."""

from collections import Counter
from itertools import islice
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from load_tests import flights
from load_tests.flights import Flights, FlightsError

HEAD = "OPERA,TIPOVUELO,MES,split,flights,delayed\n"


def test_the_counts_hold_every_flight() -> None:
    """The file of counts adds up to the 68,206 flights of the data set."""
    assert flights.read().cumulative[-1] == 68_206


@given(seed=st.integers(0, 2**32))
def test_the_same_seed_draws_the_same_flights(seed: int) -> None:
    """A load can be repeated exactly."""
    drawn = Flights(({"MES": 1}, {"MES": 2}, {"MES": 3}), (1, 3, 6))
    assert drawn.draw(50, seed) == drawn.draw(50, seed)
    assert list(islice(drawn.stream(seed), 50)) == list(islice(drawn.stream(seed), 50))


def test_a_kind_is_drawn_as_often_as_it_flew() -> None:
    """Nine flights to one are drawn about nine times to one, and what never flew is never drawn."""
    drawn = Flights(({"MES": 1}, {"MES": 2}, {"MES": 3}), (0, 9, 10))
    months = Counter(flight["MES"] for flight in drawn.draw(10_000, seed=7))
    assert set(months) == {2, 3}
    assert 8_700 < months[2] < 9_300


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (HEAD, "no flights"),
        ("OPERA,MES,flights\nA,1,2\n", "no column TIPOVUELO"),
        (HEAD + "A,N,July,train,3,1\n", "line 2: MES and flights must be whole numbers"),
        (HEAD + "A,N,7\n", "line 2"),
    ],
)
def test_a_bad_file_is_refused_in_words(tmp_path: Path, text: str, said: str) -> None:
    """The error names the file, the line and the field."""
    path = tmp_path / "counts.csv"
    path.write_text(text)
    with pytest.raises(FlightsError, match=said):
        flights.read(path)


def test_a_missing_file_is_refused_in_words(tmp_path: Path) -> None:
    """A file that is not there is no traceback."""
    with pytest.raises(FlightsError, match=r"nowhere\.csv: No such file"):
        flights.read(tmp_path / "nowhere.csv")
