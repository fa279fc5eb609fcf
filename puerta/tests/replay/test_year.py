"""The flights of a replay: all of them, always in the same order, and what changed among them."""

from collections import Counter
from pathlib import Path

import pytest

from puerta.configuration import ConfigurationError
from puerta.replay.year import Change, Year

ROOT = Path(__file__).parents[3]
COUNTS = ROOT / "model-files" / "flight-counts.csv"


def test_every_flight_is_there_once() -> None:
    """As many of each month as the counts have, late ones among them, and the same order each time."""
    year = Year.read(COUNTS)
    assert list(year.months) == list(range(1, 13))
    assert sum(map(len, year.months.values())) == 68_206
    assert year.late(7) == pytest.approx(0.293, abs=0.001)
    latam = Counter(flight.late for flight in year.months[7] if flight.features["OPERA"] == "Grupo LATAM")
    assert latam.total() == 3631
    assert Year.read(COUNTS) == year
    assert Year.read(COUNTS, seed=1) != year


def test_flights_are_mixed() -> None:
    """A part of a month looks like the month: neither one airline after another, nor the late ones first."""
    first = Year.read(COUNTS).months[7][:1000]
    assert sum(flight.features["OPERA"] == "Grupo LATAM" for flight in first) / 1000 == pytest.approx(0.606, abs=0.05)
    assert sum(flight.late for flight in first) / 1000 == pytest.approx(0.293, abs=0.05)


def counts(path: Path, *lines: str) -> Path:
    """A file of counts: airline, month, flights, and how many of them were late."""
    rows = (line.split(",") for line in lines)
    text = [f"{airline},N,{month},train,{flights},{late}" for airline, month, flights, late in rows]
    path.write_text("\n".join(["OPERA,TIPOVUELO,MES,split,flights,delayed", *text]) + "\n")
    return path


def test_who_came_went_and_shrank(tmp_path: Path) -> None:
    """Only what the flights say: an airline that was there from the first month on did not arrive."""
    year = Year.read(
        counts(tmp_path / "c.csv", "Old,1,90,9", "Gone,1,10,1", "Old,2,50,5", "New,2,50,5", "Old,3,75,0", "New,3,25,0")
    )
    assert list(year.arrived()) == [Change("New", 2, 0.5, 2, 0.5)]
    assert list(year.left()) == [Change("Gone", 1, 0.1, 1, 0.1)]
    assert year.shrank_most() == Change("Gone", 1, 0.1, 2, 0.0)


def test_the_shipped_year() -> None:
    """Four airlines arrive, none leaves for good, and Avianca shrinks most."""
    year = Year.read(COUNTS)
    assert {change.airline: change.month for change in year.arrived()} == {
        "JetSmart SPA": 7,
        "Lacsa": 9,
        "Oceanair Linhas Aereas": 8,
        "Plus Ultra Lineas Aereas": 7,
    }
    assert list(year.left()) == []
    shrank = year.shrank_most()
    assert shrank is not None
    assert (shrank.airline, shrank.month, shrank.later) == ("Avianca", 4, 10)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "there are no flights"),
        ("OPERA,MES\na,1\n", "not counts of flights: KeyError"),
        ("OPERA,TIPOVUELO,MES,split,flights,delayed\na,N,1,train,many,1\n", "not counts of flights: ValueError"),
        ("OPERA,TIPOVUELO,MES,split,flights,delayed\na\n", "not counts of flights: TypeError"),
    ],
)
def test_what_is_no_counts(tmp_path: Path, text: str, reason: str) -> None:
    """The file is named, with what is wrong with it."""
    path = tmp_path / "c.csv"
    path.write_text(text)
    with pytest.raises(ConfigurationError, match=f"c.csv: {reason}"):
        Year.read(path)


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    """So is the setting that chooses another."""
    with pytest.raises(ConfigurationError, match="no such file or directory; PUERTA_DEMO_FLIGHTS chooses another"):
        Year.read(tmp_path / "c.csv")
