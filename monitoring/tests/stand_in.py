"""A stand-in for BigQuery on the loopback: its REST interface as the real client speaks it, its SQL run by DuckDB.

Statements are translated by sqlglot, and what BigQuery has and DuckDB lacks is written out by BigQuery's documentation.
Tables are what a sink of Cloud Logging makes of lines.
"""

import json
import re
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Final
from urllib.parse import parse_qs, urlsplit

import duckdb
import sqlglot
import sqlglot.expressions as sge

# A number without a fraction is an INT64 to BigQuery's JSON functions.
_FUNCTIONS: Final = """
CREATE MACRO safe_string(j) AS CASE WHEN json_type(j) = 'VARCHAR' THEN j ->> '$' END;
CREATE MACRO safe_float64(j) AS CASE WHEN json_type(j) IN ('UBIGINT', 'BIGINT', 'DOUBLE') THEN CAST(j AS DOUBLE) END;
CREATE MACRO safe_int64(j) AS CASE WHEN safe_float64(j) = trunc(safe_float64(j)) THEN CAST(safe_float64(j) AS BIGINT) END;
CREATE MACRO safe_bool(j) AS CASE WHEN json_type(j) = 'BOOLEAN' THEN CAST(j AS BOOLEAN) END;
CREATE MACRO safe_parse_json(t) AS CASE WHEN json_valid(t) THEN CAST(t AS JSON) END;
CREATE MACRO big_to_json_string(j) AS CAST(j AS VARCHAR);
CREATE MACRO big_to_json(v) AS to_json(v);
CREATE MACRO big_datetime(t, zone) AS timezone(zone, t);
CREATE MACRO big_timestamp(t) AS timezone('UTC', t);
"""
_RENAMED: Final = r"\b(to_json|to_json_string|datetime|timestamp)\((?!')"  # of a literal, sqlglot knows better
_KINDS: Final = {str: ("STRING", "VARCHAR"), float: ("FLOAT", "DOUBLE"), bool: ("BOOLEAN", "BOOLEAN")}
_RESULTS: Final = {
    "VARCHAR": "STRING",
    "SMALLINT": "INTEGER",
    "INTEGER": "INTEGER",
    "BIGINT": "INTEGER",
    "HUGEINT": "INTEGER",
    "DOUBLE": "FLOAT",
    "DECIMAL": "FLOAT",  # of numbers with a fraction in a statement, which are FLOAT64 there
    "BOOLEAN": "BOOLEAN",
    "TIMESTAMP": "DATETIME",
}
_PAGE: Final = 1000  # rows in one answer, so that few are many

Columns = dict[str, Any]  # names, and BigQuery's type or the columns of a record


@dataclass(frozen=True)
class Refusal:
    """What is answered instead of a result; status 0 is a connection that is cut."""

    status: int
    reason: str = ""
    message: str = ""


@dataclass
class StandIn:
    """Projects with tables, and jobs that run over them.

    ``refusals`` are given to the next statements, one each. ``waits`` is how often a job is said not to be done yet.
    ``megabytes`` is what every statement reads. ``asked`` is the body of every one that came, and ``cancelled`` how many
    were given up.
    """

    host: str = ""
    refusals: list[Refusal] = field(default_factory=list)
    waits: int = 0
    megabytes: int = 10
    cancelled: int = 0
    asked: list[dict[str, Any]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._tables: dict[str, Columns] = {}
        self._jobs: dict[str, dict[str, Any]] = {}
        self._lock = threading.Lock()
        self._connection = duckdb.connect()
        self._connection.execute("SET TimeZone = 'UTC'")
        self._connection.execute(_FUNCTIONS)

    def put(self, table: str, lines: Iterable[bytes]) -> None:
        """Make a table, ``project.dataset.name``, of the entries that lines become."""
        entries = [_entry(line) for line in lines]
        columns: Columns = {"timestamp": "TIMESTAMP", "textPayload": "STRING"} | _columns(entries)
        kinds = ", ".join(f'"{name}" {_kind(kind)}' for name, kind in columns.items())
        self._connection.execute(f'CREATE OR REPLACE TABLE "{table}" ({kinds})')
        shape = json.dumps([{name: _kind(kind) for name, kind in columns.items()}])
        self._connection.execute(
            f'INSERT INTO "{table}" SELECT each.* FROM (SELECT unnest(from_json(?, ?)) AS each)',  # noqa: S608 - a name of the test's own
            [json.dumps(entries), shape],
        )
        self._tables[table] = columns

    def close(self) -> None:
        """Forget everything."""
        self._connection.close()

    def answer(self, method: str, path: str, query: dict[str, list[str]], body: dict[str, Any]) -> tuple[int, Any]:
        """The status and the document that a request is answered with."""
        parts = path.removeprefix("/bigquery/v2/projects/").split("/")
        match method, parts:
            case "GET", [project, "datasets", dataset, "tables", table]:
                return self._table(f"{project}.{dataset}.{table}")
            case "POST", [project, "queries"]:
                return self._query(project, body)
            case "GET", [_, "queries", job]:
                return self._results(self._jobs[job], int(query.get("pageToken", ["0"])[0]), query)
            case "GET", [_, "jobs", job]:
                return 200, self._jobs[job]["resource"] | {"status": {"state": self._state()}}
            case "POST", [_, "jobs", job, "cancel"]:
                self.cancelled += 1
                return 200, {"job": self._jobs[job]["resource"] | {"status": {"state": "DONE"}}}
        return 501, _error(501, "notImplemented", f"{method} {path}")

    def run(self, statement: str) -> tuple[list[dict[str, str]], list[tuple[Any, ...]]]:
        """The columns and rows of a statement in BigQuery's SQL."""
        renamed = re.sub(r"\bsafe\.(?=\w+\()", "safe_", statement)
        parsed = sqlglot.parse_one(re.sub(_RENAMED, r"big_\1(", renamed), read="bigquery")
        for member in list(parsed.find_all(sge.Bracket)):
            key = sge.Literal.string(f'$."{member.expressions[0].name}"')
            member.replace(sge.Anonymous(this="json_extract", expressions=[member.this.copy(), key]))
        for table in parsed.find_all(sge.Table):
            if table.db:
                name = f"{table.catalog}.{table.db}.{table.name}"
                if name not in self._tables:
                    raise FileNotFoundError(name)
                table.set("this", sge.to_identifier(name, quoted=True))
                table.set("catalog", None)
                table.set("db", None)
        with self._lock:
            result = self._connection.execute(parsed.sql(dialect="duckdb", copy=False))
            columns = [
                {"name": name, "type": _RESULTS[str(kind).split("(")[0]], "mode": "NULLABLE"}
                for name, kind, *_ in result.description
            ]
            return columns, result.fetchall()

    def _table(self, name: str) -> tuple[int, Any]:
        if name not in self._tables:
            return 404, _error(404, "notFound", f"Not found: Table {name}")
        project, dataset, table = name.split(".")
        reference = {"projectId": project, "datasetId": dataset, "tableId": table}
        return 200, {"tableReference": reference, "schema": {"fields": _fields(self._tables[name])}}

    def _query(self, project: str, body: dict[str, Any]) -> tuple[int, Any]:
        self.asked.append(body)
        if self.refusals:
            refusal = self.refusals.pop(0)
            return refusal.status, _error(refusal.status, refusal.reason, refusal.message)
        if int(body["maximumBytesBilled"]) < self.megabytes * 2**20:
            said = f"Query exceeded limit for bytes billed: {body['maximumBytesBilled']}."
            return 400, _error(400, "bytesBilledLimitExceeded", said)
        try:
            columns, rows = self.run(body["query"])
        except FileNotFoundError as error:
            return 404, _error(404, "notFound", f"Not found: Table {error}")
        except (duckdb.Error, sqlglot.ParseError, KeyError) as error:
            return 400, _error(400, "invalidQuery", str(error))
        reference = {"projectId": project, "jobId": f"job-{len(self._jobs)}", "location": "EU"}
        resource = {"jobReference": reference, "configuration": {"query": {"query": body["query"]}}, "statistics": {}}
        job = self._jobs[reference["jobId"]] = {"resource": resource, "columns": columns, "rows": rows}
        return self._results(job, 0, {})

    def _results(self, job: dict[str, Any], first: int, query: dict[str, list[str]]) -> tuple[int, Any]:
        reference = {"jobReference": job["resource"]["jobReference"]}
        if self.waits:
            self.waits -= 1
            return 200, reference | {"jobComplete": False}
        rows, last = job["rows"], first + int(query.get("maxResults", [str(_PAGE)])[0])
        found = {
            "jobComplete": True,
            "schema": {"fields": job["columns"]},
            "totalRows": str(len(rows)),
            "rows": [{"f": [{"v": _value(value)} for value in row]} for row in rows[first:last]],
        }
        return 200, reference | found | ({"pageToken": str(last)} if last < len(rows) else {})

    def _state(self) -> str:
        return "RUNNING" if self.waits else "DONE"


@contextmanager
def serving() -> Iterator[StandIn]:
    """A stand-in that answers until the block ends; its ``host`` is what the client calls an emulator's."""
    stand_in = StandIn()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True  # or the body waits until the client acknowledges the head, 40 ms each time

        def _answer(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers.get("content-length", 0))) or b"{}")
            url = urlsplit(self.path)
            status, document = stand_in.answer(self.command, url.path, parse_qs(url.query), body)
            if not status:
                self.close_connection = True
                return
            content = json.dumps(document).encode()
            self.send_response(status)
            self.send_header("content-type", "application/json")
            self.send_header("content-length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        do_GET = do_POST = _answer  # noqa: N815 - the names that the server looks for

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name of the method's own
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    stand_in.host = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield stand_in
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
        stand_in.close()


def _entry(line: bytes) -> dict[str, Any]:
    """A line as Cloud Logging has it, from the moment that it was made."""
    try:
        found = json.loads(line)
        moment = datetime.fromisoformat(found["ts"])
    except (ValueError, KeyError, TypeError):
        return {"timestamp": "2026-07-09T10:30:00Z", "textPayload": line.decode(errors="replace")}
    return {"timestamp": moment.isoformat(), "jsonPayload": _sunk(found)}


def _sunk(value: Any) -> Any:
    """A value as a sink lays it out: names in lower case and with underscores, numbers as floats, nulls left out."""
    if isinstance(value, dict):
        return {
            re.sub(r"[^a-z0-9_]", "_", name.lower()).lstrip("_"): _sunk(part)
            for name, part in value.items()
            if part is not None
        }
    return float(value) if isinstance(value, int) and not isinstance(value, bool) else value


def _columns(entries: Iterable[dict[str, Any]]) -> Columns:
    """The columns that entries make; a column has one type.

    Raises:
        TypeError: if entries have different types for one column: a sink would put what came later elsewhere.
    """
    found: Columns = {}
    for entry in entries:
        values = {name: value for name, value in entry.items() if name != "timestamp"}
        kinds = {
            name: _columns([value]) if isinstance(value, dict) else _KINDS[type(value)][0]
            for name, value in values.items()
        }
        found = _merged(found, kinds)
    return found


def _merged(one: Columns, other: Columns) -> Columns:
    merged = dict(one)
    for name, kind in other.items():
        if isinstance(kind, dict):
            merged[name] = _merged(merged.get(name, {}), kind)
        elif merged.setdefault(name, kind) != kind:
            raise TypeError(f"{name} is {merged[name]}, and {kind} came")
    return merged


def _kind(kind: Any) -> str:
    if isinstance(kind, dict):
        return "STRUCT(" + ", ".join(f'"{name}" {_kind(part)}' for name, part in kind.items()) + ")"
    return {"TIMESTAMP": "TIMESTAMPTZ"}.get(kind) or next(own for name, own in _KINDS.values() if name == kind)


def _fields(columns: Columns) -> list[dict[str, Any]]:
    return [
        {"name": name, "type": "RECORD", "mode": "NULLABLE", "fields": _fields(kind)}
        if isinstance(kind, dict)
        else {"name": name, "type": kind, "mode": "NULLABLE"}
        for name, kind in columns.items()
    ]


def _value(value: Any) -> str | None:
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, datetime):
        return value.isoformat()
    return json.dumps(value) if isinstance(value, bool) else str(value)


def _error(status: int, reason: str, message: str) -> dict[str, Any]:
    return {"error": {"code": status, "message": message, "errors": [{"reason": reason, "message": message}]}}
