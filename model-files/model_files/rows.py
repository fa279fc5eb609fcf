"""Rows from files: CSV and Parquet."""

import hashlib
from pathlib import Path

import pandas as pd

# Only an empty field is missing, so that the words NA and None stay what somebody wrote.
_MISSING = ("", "NaN", "nan")


class RowsError(ValueError):
    """A file that gives no rows; the message names it and says why."""


def load(path: Path) -> tuple[pd.DataFrame, dict[str, str]]:
    """Read a CSV or Parquet file.

    Returns:
        The rows, and the file's name and SHA-256.

    Raises:
        RowsError: if it is missing, is of another kind, or cannot be read.
    """
    readers = {".csv": _csv, ".parquet": pd.read_parquet}
    if path.suffix not in readers:
        raise RowsError(f"{path}: expected a .csv or .parquet file")
    try:
        digest = hashlib.sha256(path.read_bytes()).hexdigest()
    except OSError as error:
        raise RowsError(f"{path}: {error.strerror}") from error
    try:
        frame = readers[path.suffix](path)
    except (ValueError, OSError) as error:
        raise RowsError(f"{path}: it cannot be read: {str(error).splitlines()[0]}") from error
    if frame.empty:
        raise RowsError(f"{path}: it has no rows")
    return frame, {"file": path.name, "sha256": digest}


def together(first: pd.DataFrame, second: pd.DataFrame) -> pd.DataFrame:
    """Both files' rows, one after the other."""
    return pd.concat([first, second], ignore_index=True)


def _csv(path: Path) -> pd.DataFrame:
    return pd.read_csv(path, keep_default_na=False, na_values=list(_MISSING))
