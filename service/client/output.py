"""Output files, CSV and Parquet: a table's columns with the answers at their right, written whole or not at all."""

import csv
import io
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, Any, Protocol

from service.client.table import DELIMITERS, PARQUET, Batch, Table, TableError, first_line, kind_of

_ROW_GROUP = 65_536  # rows: small groups make a Parquet file large and slow to read


class Output:
    """A file being written."""

    def __init__(self, path: Path, writer: "_Writer") -> None:
        self._path = path
        self._writer = writer

    def write(self, batch: Batch, answers: Mapping[str, Sequence[Any]]) -> None:
        """Write a batch's columns, and those of ``answers`` at their right.

        Raises:
            TableError: if they can't be written.
        """
        with _explained(self._path):
            self._writer.write(batch, answers)


@contextmanager
def create(path: Path, table: Table, answers: Mapping[str, type]) -> Iterator[Output]:
    """Write ``table``'s columns and those of ``answers`` (str, int, float or bool) to a file.

    It is written beside its place and put there in one step when the block ends well; else it leaves no trace.

    Raises:
        TableError: if the file can't be written.
    """
    kind = kind_of(path)
    if path.is_dir():
        raise TableError(f"{path}: a folder, expected a file to write")
    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        with _explained(path):
            file = part.open("xb")
        try:
            with _explained(path):
                writer = _writer(kind, file, table, answers)
            try:
                yield Output(path, writer)
                with _explained(path):
                    writer.close()
                    file.flush()
                    os.fsync(file.fileno())
            finally:
                with suppress(OSError):
                    writer.close()
        finally:
            with suppress(OSError):
                file.close()
        with _explained(path):
            part.replace(path)
    finally:
        part.unlink(missing_ok=True)


@contextmanager
def _explained(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise TableError(f"{path}: can't be written: {error.strerror or error}") from error


class _Writer(Protocol):
    def write(self, batch: Batch, answers: Mapping[str, Sequence[Any]]) -> None: ...

    def close(self) -> None: ...


def _writer(kind: str, file: IO[bytes], table: Table, answers: Mapping[str, type]) -> _Writer:
    if kind == PARQUET:
        return _ParquetWriter(file, table, answers)
    return _CsvWriter(file, table, answers, DELIMITERS[kind])


class _CsvWriter:
    def __init__(self, file: IO[bytes], table: Table, answers: Mapping[str, type], delimiter: str) -> None:
        self._file = file
        self._delimiter = delimiter
        self._write_rows([[*table.names, *answers]])

    def write(self, batch: Batch, answers: Mapping[str, Sequence[Any]]) -> None:
        rows = zip(batch.texts(), *answers.values(), strict=True)
        self._write_rows([*texts, *values] for texts, *values in rows)

    def close(self) -> None:
        """Every batch is with the file already."""

    def _write_rows(self, rows: Iterable[Sequence[Any]]) -> None:
        text = io.StringIO(newline="")
        csv.writer(text, delimiter=self._delimiter, lineterminator="\n").writerows(rows)
        self._file.write(text.getvalue().encode())


class _ParquetWriter:
    def __init__(self, file: IO[bytes], table: Table, answers: Mapping[str, type]) -> None:
        import pyarrow as pa
        from pyarrow import parquet

        types = {str: pa.string(), int: pa.int64(), float: pa.float64(), bool: pa.bool_()}
        self._types = {name: types[kind] for name, kind in answers.items()}
        self._schema = pa.schema([*table.schema(), *(pa.field(name, kind) for name, kind in self._types.items())])
        self._writer = parquet.ParquetWriter(file, self._schema)
        self._waiting: list[pa.RecordBatch] = []

    def write(self, batch: Batch, answers: Mapping[str, Sequence[Any]]) -> None:
        import pyarrow as pa

        try:
            right = [pa.array(values, self._types[name]) for name, values in answers.items()]
        except pa.ArrowException as error:
            raise TableError(f"an answer is not what the model announced: {first_line(error)}") from error
        self._waiting.append(pa.RecordBatch.from_arrays([*batch.arrays(), *right], schema=self._schema))
        if sum(record.num_rows for record in self._waiting) >= _ROW_GROUP:
            self._write_waiting()

    def close(self) -> None:
        """Write what is waiting, and the footer."""
        if self._writer.is_open:
            self._write_waiting()
            self._writer.close()

    def _write_waiting(self) -> None:
        import pyarrow as pa

        waiting, self._waiting = self._waiting, []
        if waiting:
            self._writer.write_table(pa.Table.from_batches(waiting))
