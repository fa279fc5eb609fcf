"""The counts as SQL for BigQuery, run here after translation, over a table of the shape that a sink of Cloud Logging makes.

``monitoring/README.md`` says how the same SQL was run by GoogleSQL's own reference implementation.
"""

import json
import re
from collections import Counter
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import msgspec
import pytest
import sqlglot
import sqlglot.expressions as sge

from monitoring.__main__ import main
from monitoring.counting.bigquery import SinkError, count_sql, events
from monitoring.counting.store import Store
from monitoring.tests.conftest import ROOT
from monitoring.tests.logs import event, write
from monitoring.watched import Watched, read

START = datetime(2026, 7, 1, 10, 30, tzinfo=UTC)
HOUR = timedelta(hours=1)
TABLE = "run_googleapis_com_stdout"

# What BigQuery has and DuckDB lacks, by BigQuery's documentation; a number without a fraction is an INT64 there.
FUNCTIONS = """
CREATE MACRO safe_string(j) AS CASE WHEN json_type(j) = 'VARCHAR' THEN j ->> '$' END;
CREATE MACRO safe_float64(j) AS CASE WHEN json_type(j) IN ('UBIGINT', 'BIGINT', 'DOUBLE') THEN CAST(j AS DOUBLE) END;
CREATE MACRO safe_int64(j) AS CASE WHEN safe_float64(j) = trunc(safe_float64(j)) THEN CAST(safe_float64(j) AS BIGINT) END;
CREATE MACRO safe_bool(j) AS CASE WHEN json_type(j) = 'BOOLEAN' THEN CAST(j AS BOOLEAN) END;
CREATE MACRO safe_parse_json(t) AS CASE WHEN json_valid(t) THEN CAST(t AS JSON) END;
CREATE MACRO big_to_json_string(j) AS CAST(j AS VARCHAR);
CREATE MACRO big_to_json(v) AS to_json(v);
CREATE MACRO datetime(t, zone) AS timezone(zone, t);
"""


def sunk(value: Any) -> Any:
    """A value as a sink lays it out: names in lower case and with underscores, numbers as floats."""
    if isinstance(value, dict):
        return {re.sub(r"[^a-z0-9_]", "_", name.lower()).lstrip("_"): sunk(part) for name, part in value.items()}
    return float(value) if isinstance(value, int) and not isinstance(value, bool) else value


def in_bigquery(folder: Path, watched: Watched, lines: Iterable[bytes], **limits: datetime) -> Counter[str]:
    """The rows that the statement gives, over the entries of lines."""
    entries = [json.loads(line) for line in lines]
    path = folder / "entries.jsonl"
    path.write_text(
        "".join(json.dumps({"timestamp": entry["ts"], "jsonPayload": sunk(entry)}) + "\n" for entry in entries)
    )
    statement = count_sql(watched, f"project.dataset.{TABLE}", **limits)
    renamed = re.sub(r"\b(to_json|to_json_string)\(", r"big_\1(", re.sub(r"\bsafe\.(?=\w+\()", "safe_", statement))
    parsed = sqlglot.parse_one(renamed, read="bigquery")
    for member in list(parsed.find_all(sge.Bracket)):
        key = sge.Literal.string(f'$."{member.expressions[0].name}"')
        member.replace(sge.Anonymous(this="json_extract", expressions=[member.this.copy(), key]))
    [table] = [table for table in parsed.find_all(sge.Table) if table.name == TABLE]
    assert table.sql(dialect="bigquery").startswith(f"`project`.`dataset`.`{TABLE}`")
    table.set("catalog", None)
    table.set("db", None)
    with duckdb.connect() as connection:
        connection.execute("SET TimeZone = 'UTC'")
        connection.execute(FUNCTIONS)
        columns = _columns(events(watched, TABLE))
        connection.execute(f"CREATE TABLE {TABLE} AS FROM read_json('{path}', columns = {columns})")
        return rounded(connection.execute(parsed.sql(dialect="duckdb")).fetchall())


def _columns(table: Any) -> str:
    """The sink's columns as DuckDB's, from those that the statement reads."""
    import ibis
    from ibis.backends.sql.datatypes import DuckDBType

    [sink] = table.op().find(ibis.expr.operations.UnboundTable)
    kinds = {name: DuckDBType.to_string(kind) for name, kind in sink.schema.items()}
    return "{" + ", ".join(f"{name}: '{kind}'" for name, kind in kinds.items()) + "}"


def here(folder: Path, watched: Watched, lines: Iterable[bytes]) -> Counter[str]:
    """The rows of the same expression over the log."""
    with Store() as store:
        return rounded(store.fetch(store.count([write(folder, lines)], [watched])))


def rounded(rows: Iterable[tuple[Any, ...]]) -> Counter[str]:
    """Rows, their sum without the digits that the order of adding decides."""
    return Counter(str((*row[:-1], None if row[-1] is None else round(row[-1], 9))) for row in rows)


def changes(watched: Watched) -> list[dict[str, Any]]:
    """What may be in one feature at a time, as far as a column of a sink can hold it."""
    found: list[dict[str, Any]] = [{}]
    for feature in watched.manifest.features:
        found.append({feature.name: None})
        if feature.type != "boolean":
            is_text = any(isinstance(value, str) for value in feature.categories)
            found += [{feature.name: value} for value in (("Quito", "null") if is_text else (1_000_000_000, -7))]
    return found


@pytest.mark.parametrize("name", ["flight-delay", "flight-delay-onehot", "mixed", "iris"])
def test_the_statement_counts_what_the_expression_counts_here(tmp_path: Path, small_models: Path, name: str) -> None:
    """For categories, one-hot columns with dots in their names, numbers, and text or numbers as answers."""
    folder = ROOT / "model-files" if name.startswith("flight") else small_models
    watched = read(folder / name / "1")
    answers = watched.manifest.classes
    lines = [
        event(START + place * HOUR, dict(watched.manifest.example) | change, answer, chance, model=name, client=client)
        for change in changes(watched)
        for place, (answer, chance) in enumerate(((answers[0], 0.1), (answers[1], 0.75), (None, None)))
        for client in ("demo", None)
    ]
    expected = here(tmp_path, watched, lines)
    assert len(expected) > len(changes(watched))
    assert in_bigquery(tmp_path, watched, lines) == expected


def test_the_statement_counts_the_hours_that_it_is_asked_for(tmp_path: Path, flights: Watched) -> None:
    """And lets BigQuery leave out the partitions of all others, a day after the last for entries that came late."""
    lines = [event(START + hour * HOUR, flights.manifest.example) for hour in range(5)]
    since = START.replace(minute=0) + HOUR
    found = in_bigquery(tmp_path, flights, lines, since=since, until=since + 2 * HOUR)
    assert found == here(tmp_path, flights, lines[1:3])
    statement = count_sql(flights, TABLE, since, since + 2 * HOUR)
    assert "`timestamp` >= TIMESTAMP('2026-07-01T11:00:00+00:00')" in statement
    assert "`timestamp` < TIMESTAMP('2026-07-02T13:00:00+00:00')" in statement


def test_nothing_is_in_the_statement_that_bigquery_refuses(flights: Watched) -> None:
    """It casts neither to JSON nor from it, and a text that names its zone to no DATETIME: these Ibis does by itself."""
    statement = count_sql(flights, TABLE)
    assert not re.search(r"AS JSON\)|AS DATETIME\)", statement)
    assert "SAFE_CAST(" in statement
    assert "to_json(" in statement


def test_features_that_a_sink_can_not_tell_apart_are_refused(flights: Watched) -> None:
    """By name."""
    first, second, *rest = flights.manifest.features
    twins = (msgspec.structs.replace(first, name="a.b"), msgspec.structs.replace(second, name="A b"), *rest)
    watched = Watched(msgspec.structs.replace(flights.manifest, features=twins), flights.reference)
    with pytest.raises(
        SinkError, match=re.escape("flight-delay/1: a sink has one column for the features ['A b', 'a.b']")
    ):
        count_sql(watched, TABLE)


def test_the_statement_is_printed(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """For the model and the hours that are asked for."""
    monkeypatch.setenv("PUERTA_MODELS_DIR", str(ROOT / "model-files"))
    assert main(["sql", "--model", "flight-delay", "--table", "p.d.t", "--from", "2026-07-01T10:00:00Z"]) == 0
    printed = capsys.readouterr().out
    assert printed == count_sql(read(ROOT / "model-files/flight-delay/1"), "p.d.t", START.replace(minute=0)) + "\n"
    assert main(["sql", "--model", "nobody"]) == 2
    assert "nobody" in capsys.readouterr().err
