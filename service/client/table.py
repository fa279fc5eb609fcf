"""Tables in files, CSV and Parquet, read batch by batch: a file may be larger than memory.

CSV is read as text: what a column holds goes on as it is, and a value that does not fit the model can be shown as it
stands in the file. Parquet keeps its types.
"""

import csv
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    import pyarrow as pa

DELIMITERS = {".csv": ",", ".tsv": "\t"}
PARQUET = ".parquet"
_SUFFIXES = (*DELIMITERS, PARQUET)
_UTF8 = "utf-8-sig"  # with the byte order mark that spreadsheets put first, or without


class TableError(ValueError):
    """A file that can't be read or written as a table; the message names the file, and the row where there is one."""


class Batch(Protocol):
    """Rows that follow one another in a file. ``first`` is the first one's number; the file's first row is 1."""

    first: int
    share: float  # of the file, read so far: 0 to 1

    def __len__(self) -> int: ...

    def column(self, name: str) -> list[Any]:
        """The values of a column; text where the file is CSV."""
        ...

    def where(self, row: int) -> str:
        """In words, where a row of this batch (from 0) stands in the file."""
        ...

    def texts(self) -> Sequence[Sequence[str]]:
        """The rows as text, a missing value as the empty text."""
        ...

    def arrays(self) -> list["pa.Array"]:
        """The columns as Arrow arrays."""
        ...


class Table(Protocol):
    """A file to read. ``names`` are its columns."""

    names: list[str]

    def batches(self, size: int) -> Iterator[Batch]:
        """The rows, ``size`` at a time.

        Raises:
            TableError: where the file is not a table.
        """
        ...

    def schema(self) -> "pa.Schema":
        """The columns' Arrow types."""
        ...


def kind_of(path: Path) -> str:
    """The kind of a table file: its suffix.

    Raises:
        TableError: if that is no kind of table known here.
    """
    kind = path.suffix.lower()
    if kind not in _SUFFIXES:
        raise TableError(f"{path}: the suffix is {path.suffix!r}, expected one of {', '.join(_SUFFIXES)}")
    return kind


def open_table(path: Path, *, delimiter: str | None = None, encoding: str | None = None) -> Table:
    """Open a file. ``delimiter`` (default: as the suffix says) and ``encoding`` (default: UTF-8) are those of CSV.

    Raises:
        TableError: if it is not there or not a table.
    """
    kind = kind_of(path)
    if not path.is_file():
        raise TableError(f"{path}: no such file")
    if kind == PARQUET:
        return _ParquetTable(path)
    return _CsvTable(path, delimiter or DELIMITERS[kind], encoding or _UTF8)


class _CsvBatch:
    """Rows of texts, and the line of the file on which each begins."""

    def __init__(self, names: list[str], first: int, share: float, rows: list[list[str]], lines: list[int]) -> None:
        self.first = first
        self.share = share
        self._names = names
        self._rows = rows
        self._lines = lines

    def __len__(self) -> int:
        return len(self._rows)

    def column(self, name: str) -> list[Any]:
        place = self._names.index(name)
        return [row[place] for row in self._rows]

    def where(self, row: int) -> str:
        return f"row {self.first + row} (line {self._lines[row]})"

    def texts(self) -> Sequence[Sequence[str]]:
        return self._rows

    def arrays(self) -> list["pa.Array"]:
        import pyarrow as pa

        return [pa.array(self.column(name), pa.string()) for name in self._names]


class _CsvTable:
    """A CSV file, its first line the columns' names. Blank lines are no rows."""

    def __init__(self, path: Path, delimiter: str, encoding: str) -> None:
        self._path = path
        self._delimiter = delimiter
        self._encoding = encoding
        self.names: list[str] = next(self._rows(), ([], 0, 0.0))[0]
        if not self.names:
            raise TableError(f"{path}: empty, expected a line with the columns' names")
        for name in self.names:
            if self.names.count(name) > 1:
                raise TableError(f"{path}: the column {name!r} is there {self.names.count(name)} times, expected once")

    def schema(self) -> "pa.Schema":
        import pyarrow as pa

        return pa.schema([(name, pa.string()) for name in self.names])

    def batches(self, size: int) -> Iterator[Batch]:
        rows: list[list[str]] = []
        lines: list[int] = []
        first, share = 1, 0.0
        source = self._rows()
        next(source)
        for row, line, share in source:
            if len(row) != len(self.names):
                where = f"row {first + len(rows)} (line {line})"
                expected = f"{len(self.names)}, as in the first line"
                raise TableError(f"{self._path}, {where}: {len(row)} values came, expected {expected}")
            rows.append(row)
            lines.append(line)
            if len(rows) == size:
                yield _CsvBatch(self.names, first, share, rows, lines)
                first += size
                rows, lines = [], []
        if rows:
            yield _CsvBatch(self.names, first, share, rows, lines)

    def _rows(self) -> Iterator[tuple[list[str], int, float]]:
        """Every row, the line on which it begins, and the share of the file read so far."""
        line = 1
        try:
            with self._path.open(encoding=self._encoding, newline="") as file:
                size = os.fstat(file.fileno()).st_size
                reader = csv.reader(file, delimiter=self._delimiter, strict=True)
                for row in reader:
                    if row:
                        yield row, line, os.lseek(file.fileno(), 0, os.SEEK_CUR) / size
                    line = reader.line_num + 1
        except UnicodeDecodeError as error:
            raise TableError(f"{self._path}, line {line}: not {error.encoding}; --encoding says another") from error
        except LookupError as error:
            raise TableError(f"{self._path}: {error}") from error
        except csv.Error as error:
            raise TableError(f"{self._path}, line {line}: not CSV: {error}") from error
        except OSError as error:
            raise TableError(f"{self._path}: can't be read: {error.strerror}") from error


class _ParquetBatch:
    """Rows of an Arrow record batch."""

    def __init__(self, first: int, share: float, record: "pa.RecordBatch") -> None:
        self.first = first
        self.share = share
        self._record = record

    def __len__(self) -> int:
        return int(self._record.num_rows)

    def column(self, name: str) -> list[Any]:
        values: list[Any] = self._record.column(name).to_pylist()
        return values

    def where(self, row: int) -> str:
        return f"row {self.first + row}"

    def texts(self) -> Sequence[Sequence[str]]:
        import pyarrow as pa

        columns = []
        for name, column in zip(self._record.schema.names, self._record.columns, strict=True):
            try:
                columns.append([text or "" for text in column.cast(pa.string()).to_pylist()])
            except pa.ArrowException as error:
                raise TableError(
                    f"the column {name!r} is {column.type}, which CSV can't hold: write Parquet"
                ) from error
        return list(zip(*columns, strict=True))

    def arrays(self) -> list["pa.Array"]:
        columns: list[pa.Array] = self._record.columns
        return columns


class _ParquetTable:
    """A Parquet file."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self.names: list[str] = list(self.schema().names)

    def schema(self) -> "pa.Schema":
        with self._open() as file:
            return file.schema_arrow

    def batches(self, size: int) -> Iterator[Batch]:
        first = 1
        with self._open() as file:
            for record in file.iter_batches(batch_size=size):
                if record.num_rows:
                    share = (first - 1 + record.num_rows) / file.metadata.num_rows
                    yield _ParquetBatch(first, share, record)
                    first += record.num_rows

    @contextmanager
    def _open(self) -> Iterator[Any]:
        import pyarrow as pa
        from pyarrow import parquet

        try:
            with parquet.ParquetFile(self._path) as file:
                yield file
        except pa.ArrowException as error:
            raise TableError(f"{self._path}: not Parquet that can be read: {first_line(error)}") from error
        except OSError as error:
            raise TableError(f"{self._path}: can't be read: {first_line(error)}") from error


def first_line(error: Exception) -> str:
    """What an error says, without the lines that explain it to programmers."""
    return str(error).partition("\n")[0]
