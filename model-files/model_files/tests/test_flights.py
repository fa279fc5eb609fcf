"""The flights: counts become rows and one-hot columns as the challenge has them."""

from pathlib import Path

import pandas as pd
import pytest

from model_files import flights as data
from model_files.flights import Flights, FlightsError


def test_the_counts_give_the_challenges_flights_back(flights: Flights) -> None:
    """Repeating each cell gives the published numbers of flights and of delays."""
    train, delayed = flights.rows("train")
    test, _ = flights.rows("test")
    assert (len(train), len(test)) == (45_698, 22_508)
    assert delayed.sum() + flights.rows("test")[1].sum() == 12_614


def test_rows_hold_the_counts_of_each_cell(flights: Flights) -> None:
    """Counting the rows again gives the file."""
    rows, delayed = flights.rows("train")
    counted = rows.assign(delayed=delayed).groupby(list(data.COLUMNS))["delayed"].agg(["size", "sum"]).reset_index()
    expected = flights.counts[flights.counts["split"] == "train"].sort_values(list(data.COLUMNS))
    assert counted[["size", "sum"]].to_numpy().tolist() == expected[["flights", "delayed"]].to_numpy().tolist()


def test_one_hot_columns_are_in_the_challenges_order(flights: Flights) -> None:
    """23 airlines by alphabet, two types, twelve months; one of each is set."""
    names = [feature.name for feature in flights.one_hot_features]
    assert names[0] == "OPERA_Aerolineas Argentinas"
    assert names[22:27] == ["OPERA_United Airlines", "TIPOVUELO_I", "TIPOVUELO_N", "MES_1", "MES_2"]
    assert (len(names), names[-1]) == (37, "MES_12")
    columns = flights.one_hot(pd.DataFrame([data.EXAMPLE]))
    assert list(columns) == names
    assert [name for name in names if columns[name].iloc[0]] == ["OPERA_Grupo LATAM", "TIPOVUELO_N", "MES_7"]


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("OPERA,MES\nA,1\n", "the columns are"),
        ("OPERA,TIPOVUELO,MES,split,flights,delayed\nA,I,1,train,2,3\n", "line 2 counts more delayed flights"),
    ],
)
def test_a_counts_file_that_is_off_is_refused(tmp_path: Path, text: str, reason: str) -> None:
    """The message names the file and what is wrong."""
    path = tmp_path / "counts.csv"
    path.write_text(text)
    with pytest.raises(FlightsError, match=reason):
        data.load(path)


def test_a_missing_counts_file_is_refused(tmp_path: Path) -> None:
    """The message names the file."""
    with pytest.raises(FlightsError, match=r"none\.csv: No such file"):
        data.load(tmp_path / "none.csv")
