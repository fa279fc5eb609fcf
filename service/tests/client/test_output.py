"""An output file is there whole, or not at all; what was there before stays until then."""

import errno
import os
from pathlib import Path
from typing import Any, NoReturn

import pyarrow as pa
import pytest
from pyarrow import parquet

from service.client.output import create
from service.client.table import Table, TableError, open_table

ANSWERS: dict[str, type] = {"label": int, "probability": float, "error": str}


@pytest.fixture
def table(tmp_path: Path) -> Table:
    """Three rows of CSV."""
    path = tmp_path / "in.csv"
    path.write_text("a,b\n1,x\n2,\n3,z\n")
    return open_table(path)


def fill(path: Path, table: Table) -> None:
    """Write the table in two batches, the last row without an answer."""
    with create(path, table, ANSWERS) as output:
        first, second = table.batches(2)
        output.write(first, {"label": [0, 1], "probability": [0.25, 0.5], "error": [None, None]})
        output.write(second, {"label": [None], "probability": [None], "error": ["b: no, never"]})


def left(folder: Path) -> list[str]:
    """The files of a folder but for the input."""
    return sorted(path.name for path in folder.iterdir() if path.name != "in.csv")


@pytest.mark.parametrize(("name", "mark"), [("out.csv", ","), ("out.tsv", "\t")])
def test_csv_has_the_input_and_the_answers(tmp_path: Path, table: Table, name: str, mark: str) -> None:
    """The input's columns as they were, the answers at their right, nothing where there is none."""
    fill(tmp_path / name, table)
    expected = ["a,b,label,probability,error", "1,x,0,0.25,", "2,,1,0.5,", '3,z,,,"b: no, never"']
    text = (tmp_path / name).read_text()
    assert (
        text.replace(mark, ",") == "\n".join(expected if mark == "," else [e.replace('"', "") for e in expected]) + "\n"
    )


def test_parquet_has_types(tmp_path: Path, table: Table) -> None:
    """Labels and probabilities are numbers, what is missing is null, and batches become one row group."""
    path = tmp_path / "out.parquet"
    fill(path, table)
    written = parquet.read_table(path)
    assert written.schema.types == [pa.string(), pa.string(), pa.int64(), pa.float64(), pa.string()]
    assert written.column("label").to_pylist() == [0, 1, None]
    assert parquet.ParquetFile(path).num_row_groups == 1


def test_a_parquet_input_keeps_its_types(tmp_path: Path) -> None:
    """What came typed is written typed."""
    path = tmp_path / "in.parquet"
    content = pa.table({"a": pa.array([1, 2], pa.int8())})
    parquet.write_table(content, path)
    table = open_table(path)
    with create(tmp_path / "out.parquet", table, {"label": bool}) as output:
        for batch in table.batches(1):
            output.write(batch, {"label": [True]})
    assert parquet.read_table(tmp_path / "out.parquet").schema.types == [pa.int8(), pa.bool_()]


@pytest.mark.parametrize("kind", ["csv", "parquet"])
def test_an_empty_table_gives_an_empty_file(tmp_path: Path, kind: str) -> None:
    """No row is no error: the columns are there."""
    (tmp_path / "in.csv").write_text("a\n")
    with create(tmp_path / f"out.{kind}", open_table(tmp_path / "in.csv"), {"label": int}):
        pass
    assert open_table(tmp_path / f"out.{kind}").names == ["a", "label"]


@pytest.mark.parametrize("name", ["out.csv", "out.parquet"])
@pytest.mark.parametrize("failure", [ValueError, KeyboardInterrupt])
def test_a_run_that_ends_early_leaves_no_trace(
    tmp_path: Path, table: Table, name: str, failure: type[BaseException]
) -> None:
    """Neither half a file nor a temporary one; an older file stays as it was."""
    (tmp_path / name).write_text("older")
    with pytest.raises(failure), create(tmp_path / name, table, ANSWERS) as output:  # noqa: PT012 - it fails half-way
        output.write(next(table.batches(2)), {"label": [0, 1], "probability": [0.25, 0.5], "error": [None, None]})
        raise failure
    assert left(tmp_path) == [name]
    assert (tmp_path / name).read_text() == "older"


@pytest.mark.parametrize("name", ["out.csv", "out.parquet"])
def test_a_full_disk_is_said_and_leaves_no_trace(
    tmp_path: Path, table: Table, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The file counts as written only when the disk has it."""

    def full(*_: Any) -> NoReturn:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(TableError, match=rf"{name}: can't be written: No space left on device"):
        fill(tmp_path / name, table)
    assert left(tmp_path) == []


def test_a_place_that_can_not_be_written_is_refused_at_once(tmp_path: Path, table: Table) -> None:
    """A missing folder and a folder in the file's place, before anything is asked of anybody."""
    with pytest.raises(TableError, match=r"nowhere/out\.csv: can't be written: No such file or directory"):
        fill(tmp_path / "nowhere" / "out.csv", table)
    (tmp_path / "folder.csv").mkdir()
    with pytest.raises(TableError, match=r"folder\.csv: a folder, expected a file to write"):
        fill(tmp_path / "folder.csv", table)


def test_an_answer_of_another_type_is_refused(tmp_path: Path, table: Table) -> None:
    """A model that answers otherwise than it announced is named as the reason."""
    with (
        pytest.raises(TableError, match="an answer is not what the model announced"),
        create(tmp_path / "out.parquet", table, {"label": int}) as output,
    ):
        output.write(next(table.batches(1)), {"label": ["late"]})
