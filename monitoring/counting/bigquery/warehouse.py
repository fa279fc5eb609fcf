"""BigQuery as a place that answers statements, with its refusals in words that say what to do."""

from collections.abc import Iterator
from concurrent.futures import TimeoutError as WaitError
from contextlib import contextmanager
from os import environ
from typing import Any, Final

import requests
from google.api_core.exceptions import BadRequest, Forbidden, GoogleAPICallError, NotFound, RetryError
from google.auth.credentials import AnonymousCredentials
from google.auth.exceptions import GoogleAuthError
from google.cloud.bigquery import DEFAULT_RETRY, Client, QueryJobConfig, SchemaField

from monitoring.counting.bigquery.compiler import sql
from monitoring.counting.bigquery.sink import Sink, SinkError
from monitoring.counting.source import SourceError
from monitoring.counting.store import Row
from monitoring.settings import Settings

_EMULATOR: Final = "BIGQUERY_EMULATOR_HOST"  # the client's own: whoever answers there asks for no credentials
_JOB_LABELS: Final = {"application": "puerta", "part": "monitoring"}  # to be found by in the bill
_GIGABYTE: Final = 10**9
_KINDS: Final = {  # by the names of the older SQL and of GoogleSQL
    "BOOL": "boolean",
    "BOOLEAN": "boolean",
    "FLOAT": "float64",
    "FLOAT64": "float64",
    "INT64": "int64",
    "INTEGER": "int64",
    "STRING": "string",
}


class WarehouseError(SourceError):
    """What BigQuery did not do; the message says what, why and what may help."""


class Warehouse:
    """Runs statements in the project of a table, within limits of cost and time."""

    def __init__(self, table: str, settings: Settings) -> None:
        """Ask with the credentials of this machine.

        Raises:
            WarehouseError: if there are none.
        """
        self._table = table
        self._seconds = settings.bigquery_seconds
        self._gigabytes = settings.bigquery_gigabytes
        self._limits = QueryJobConfig(
            job_timeout_ms=settings.bigquery_seconds * 1000,  # what nobody waits for any more costs nothing more
            labels=_JOB_LABELS,
            maximum_bytes_billed=settings.bigquery_gigabytes * _GIGABYTE,
        )
        with self._explained():
            self._client = _client(table.split(".", maxsplit=1)[0], settings.bigquery_location)
        self._retry = DEFAULT_RETRY.with_timeout(settings.bigquery_seconds)

    def fetch(self, expression: Any) -> list[Row]:
        """The rows of an expression, as plain values.

        Raises:
            WarehouseError: if it did not come to that.
        """
        with self._explained():
            rows = self._client.query_and_wait(
                sql(expression), job_config=self._limits, retry=self._retry, wait_timeout=self._seconds
            )
            return [row.values() for row in rows]

    def sink(self, table: str) -> Sink:
        """The columns that a sink's table has by now.

        Raises:
            SinkError: if it is none of a sink's.
            WarehouseError: if it can't be looked at.
        """
        with self._explained(table):
            columns = self._client.get_table(table, retry=self._retry).schema
        payload = _fields(columns, "jsonPayload")
        if not payload or not any(column.name == "timestamp" for column in columns):
            raise SinkError(f"{table}: no columns timestamp and jsonPayload, expected the table of a log sink")
        return Sink(table, _kinds(payload), _kinds(_fields(payload, "features")))

    def close(self) -> None:
        """Let the connection go."""
        self._client.close()  # type: ignore[no-untyped-call]

    @contextmanager
    def _explained(self, table: str = "") -> Iterator[None]:
        name = table or self._table
        try:
            yield
        except NotFound as error:
            where = f"{name} is not there{f' in {self._client.location}' if self._client.location else ''}"
            raise WarehouseError(f"{where}: {_said(error)}; a sink makes its table with the first entry") from error
        except Forbidden as error:
            raise WarehouseError(f"{name}: BigQuery refuses: {_said(error)}; {self._needed(error)}") from error
        except BadRequest as error:
            raise WarehouseError(f"{name}: {_said(error)}{self._cost(error)}") from error
        except WaitError as error:
            raise WarehouseError(
                f"{name}: no answer of BigQuery within {self._seconds} s; PUERTA_BIGQUERY_SECONDS is how long is waited"
            ) from error
        except (GoogleAPICallError, GoogleAuthError, RetryError, requests.RequestException, OSError) as error:
            raise WarehouseError(f"{name}: BigQuery can't be asked: {_said(error)}") from error

    def _needed(self, error: GoogleAPICallError) -> str:
        if _reason(error) in {"quotaExceeded", "rateLimitExceeded"}:
            return "a quota of the project is used up"
        return (
            f"needed are roles/bigquery.jobUser in {self._client.project}"
            " and roles/bigquery.dataViewer on the dataset of the table"
        )

    def _cost(self, error: GoogleAPICallError) -> str:
        if _reason(error) != "bytesBilledLimitExceeded":
            return ""
        return f"; PUERTA_BIGQUERY_GIGABYTES is {self._gigabytes}: how much one statement may read"


def _client(project: str, location: str) -> Client:
    credentials = AnonymousCredentials() if _EMULATOR in environ else None  # type: ignore[no-untyped-call]
    return Client(project=project, credentials=credentials, location=location or None)


def _fields(columns: list[SchemaField], name: str) -> list[SchemaField]:
    return [field for column in columns if column.name == name for field in column.fields]


def _kinds(columns: list[SchemaField]) -> dict[str, str]:
    """The types of plain columns; any other, such as a list, is as if it were not there."""
    return {
        column.name: _KINDS[column.field_type]
        for column in columns
        if column.field_type in _KINDS and column.mode != "REPEATED"
    }


def _reason(error: GoogleAPICallError) -> str:
    return next((str(each.get("reason", "")) for each in error.errors), "")


def _said(error: Exception) -> str:
    told = [each.get("message") for each in error.errors] if isinstance(error, GoogleAPICallError) else []
    return str(next(filter(None, told), error))
