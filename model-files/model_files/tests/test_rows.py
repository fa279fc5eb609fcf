"""Rows from files: CSV and Parquet, and words that only look like nothing."""

from pathlib import Path

import pandas as pd
import pytest

from model_files import rows
from model_files.rows import RowsError


@pytest.mark.parametrize("name", ["data.csv", "data.parquet"])
def test_both_kinds_of_files_give_the_same_rows(tmp_path: Path, name: str) -> None:
    """With the file's name and digest."""
    frame = pd.DataFrame({"city": ["NA", "None"], "age": [1.5, None]})
    path = tmp_path / name
    frame.to_parquet(path) if path.suffix == ".parquet" else frame.to_csv(path, index=False)
    read, source = rows.load(path)
    assert read["city"].tolist() == ["NA", "None"]
    assert read["age"].isna().tolist() == [False, True]
    assert source["file"] == name
    assert len(source["sha256"]) == 64


@pytest.mark.parametrize(
    ("name", "content", "reason"),
    [
        ("data.xlsx", b"", "expected a .csv or .parquet file"),
        ("data.csv", b"", "it cannot be read: No columns"),
        ("data.csv", b"a,b\n", "it has no rows"),
        ("data.csv", b"a,b\n1,2\n1,2,3\n", "it cannot be read"),
        ("data.csv", b"a\n\xff\n", "it cannot be read"),
        ("data.parquet", b"nothing", "it cannot be read"),
    ],
)
def test_a_file_that_gives_no_rows_is_refused(tmp_path: Path, name: str, content: bytes, reason: str) -> None:
    """In one line that names it."""
    (tmp_path / name).write_bytes(content)
    with pytest.raises(RowsError, match=reason) as refusal:
        rows.load(tmp_path / name)
    assert str(tmp_path / name) in str(refusal.value)
    assert "\n" not in str(refusal.value)


def test_a_missing_file_is_refused(tmp_path: Path) -> None:
    """By name."""
    with pytest.raises(RowsError, match=r"none\.csv: No such file"):
        rows.load(tmp_path / "none.csv")
