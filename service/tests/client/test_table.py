"""Tables are read batch by batch, every row once and in order; what is wrong is named with the file and the row."""

import csv
from collections.abc import Callable
from pathlib import Path
from typing import TypeAlias

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pyarrow import parquet

from service.client.table import TableError, open_table

CELLS = st.text(st.characters(codec="utf-8", exclude_characters="\x00"), max_size=5)


Write: TypeAlias = Callable[..., Path]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Writes a file of the test's own."""

    def write_one(content: str | bytes, name: str = "table.csv") -> Path:
        path = tmp_path / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    return write_one


def test_csv_is_text(write: Write) -> None:
    """Nothing is guessed: leading zeros, spaces and empty cells stay."""
    table = open_table(write('\ufeffa,b\r\n007,"x, y"\r\n , \r\n'))
    assert table.names == ["a", "b"]
    [batch] = table.batches(10)
    assert batch.texts() == [["007", "x, y"], [" ", " "]]
    assert batch.column("b") == ["x, y", " "]
    assert batch.arrays() == [pa.array(["007", " "]), pa.array(["x, y", " "])]
    assert table.schema() == pa.schema([("a", pa.string()), ("b", pa.string())])


def test_rows_are_numbered_through_the_file(write: Write) -> None:
    """A row is named by its number among the rows, and by the line on which it begins."""
    table = open_table(write('a,b\n1,"two\nlines"\n\n2,x\n3,y\n'))
    first, second = table.batches(2)
    assert [first.where(row) for row in range(len(first))] == ["row 1 (line 2)", "row 2 (line 5)"]
    assert (second.first, second.where(0), second.share) == (3, "row 3 (line 6)", 1.0)


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        ("", "empty, expected a line with the columns' names"),
        ("\n\n", "empty, expected a line with the columns' names"),
        ("a,b,a\n", "the column 'a' is there 2 times, expected once"),
        ("a,b\n1,2\n1\n", "row 2 (line 3): 1 values came, expected 2, as in the first line"),
        ('a,b\n1,2\n"1,2\n', "line 3: not CSV: unexpected end of data"),
        (b"a,b\n1,2\n\xff,2\n", "line 1: not utf-8; --encoding says another"),
    ],
)
def test_what_is_no_csv_is_refused_by_name(write: Write, content: str | bytes, complaint: str) -> None:
    """The file, the row where there is one, what came and what was expected."""
    path = write(content)
    with pytest.raises(TableError) as refused:
        list(open_table(path).batches(10))
    assert str(refused.value).startswith(str(path))
    assert str(refused.value).endswith(complaint)


def test_the_form_of_csv_can_be_said(write: Write) -> None:
    """Delimiter and encoding; a .tsv has tabs of itself."""
    path = write("a;b\nñ;2\n".encode("latin-1"))
    [batch] = open_table(path, delimiter=";", encoding="latin-1").batches(5)
    assert batch.texts() == [["ñ", "2"]]
    assert open_table(write("a\tb\n", "table.tsv")).names == ["a", "b"]
    with pytest.raises(TableError, match="unknown encoding: nonsense"):
        open_table(path, encoding="nonsense")


@pytest.mark.parametrize("name", ["missing.csv", "missing.parquet", "."])
def test_what_is_not_there_is_refused(tmp_path: Path, name: str) -> None:
    """A missing file and a folder are no tables."""
    with pytest.raises(TableError, match=r"no such file|the suffix is ''"):
        open_table(tmp_path / name)


def test_an_unknown_kind_of_file_is_refused(write: Write) -> None:
    """Nothing is guessed from the content."""
    with pytest.raises(TableError, match=r"the suffix is '\.xlsx', expected one of \.csv, \.tsv, \.parquet"):
        open_table(write("", "table.xlsx"))


def test_parquet_keeps_its_types(tmp_path: Path) -> None:
    """Values come as they are, and as text for whoever writes CSV."""
    path = tmp_path / "table.parquet"
    content = pa.table({"a": [1, None, 3], "b": [True, False, None], "c": [0.5, 1.0, 2.0]})
    parquet.write_table(content, path)
    table = open_table(path)
    assert (table.names, table.schema()) == (["a", "b", "c"], content.schema)
    first, second = table.batches(2)
    assert first.column("a") == [1, None]
    assert list(first.texts()) == [("1", "true", "0.5"), ("", "false", "1")]
    assert (second.first, second.where(0), second.share, len(second)) == (3, "row 3", 1.0, 1)


def test_what_is_no_parquet_is_refused(write: Write, tmp_path: Path) -> None:
    """By name, in the library's own first line; a column that CSV can't hold likewise."""
    with pytest.raises(TableError, match=r"table\.parquet: not Parquet that can be read"):
        open_table(write("a,b\n", "table.parquet"))
    path = tmp_path / "nested.parquet"
    parquet.write_table(pa.table({"a": [[1, 2]]}), path)
    [batch] = open_table(path).batches(1)
    with pytest.raises(TableError, match=r"the column 'a' is list<.*>, which CSV can't hold: write Parquet"):
        batch.texts()


@given(
    rows=st.lists(st.tuples(CELLS, CELLS), max_size=30),
    size=st.integers(min_value=1, max_value=40),
    kind=st.sampled_from([".csv", ".tsv", ".parquet"]),
)
def test_every_row_comes_once_in_order(
    tmp_path_factory: pytest.TempPathFactory, rows: list[tuple[str, str]], size: int, kind: str
) -> None:
    """Whatever the cells hold and however the rows are cut into batches."""
    path = tmp_path_factory.mktemp("tables") / f"table{kind}"
    if kind == ".parquet":
        columns = {name: [row[place] for row in rows] for place, name in enumerate("ab")}
        parquet.write_table(pa.table(columns, pa.schema([("a", pa.string()), ("b", pa.string())])), path)
    else:
        with path.open("w", newline="", encoding="utf-8") as file:
            csv.writer(file, delimiter="\t" if kind == ".tsv" else ",").writerows([("a", "b"), *rows])
    batches = list(open_table(path).batches(size))
    assert [tuple(row) for batch in batches for row in batch.texts()] == rows
    assert [batch.first for batch in batches] == list(range(1, len(rows) + 1, size))
    assert all(len(batch) == size for batch in batches[:-1])
