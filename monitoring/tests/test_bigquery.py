"""The counts as SQL for BigQuery, run here after translation, over a table of the shape that a sink of Cloud Logging makes.

``monitoring/README.md`` says how the same SQL was run by GoogleSQL's own reference implementation.
"""

import re
from collections import Counter
from collections.abc import Iterable
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest

from monitoring.__main__ import main
from monitoring.counting.bigquery.compiler import sql
from monitoring.counting.bigquery.sink import Sink, SinkError, expected
from monitoring.counting.bigquery.statement import count_sql
from monitoring.counting.cube import cube
from monitoring.counting.store import Store
from monitoring.quality.due import due
from monitoring.quality.labelled import join, lags
from monitoring.tests.conftest import ROOT
from monitoring.tests.logs import event, write
from monitoring.tests.stand_in import StandIn
from monitoring.watched import Watched, read

START = datetime(2026, 7, 1, 10, 30, tzinfo=UTC)
HOUR = timedelta(hours=1)
TABLE = "company.logs.run_googleapis_com_stdout"


def in_bigquery(watched: Watched, lines: Iterable[bytes], **limits: datetime) -> Counter[str]:
    """The rows that the statement gives, over the entries of lines."""
    with closing(StandIn()) as stand_in:
        stand_in.put(TABLE, lines)
        _, rows = stand_in.run(count_sql(watched, TABLE, **limits))
        return rounded(rows)


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
    assert in_bigquery(watched, lines) == expected


def test_the_statement_counts_the_hours_that_it_is_asked_for(tmp_path: Path, flights: Watched) -> None:
    """And lets BigQuery leave out the partitions of all others, a day after the last for entries that came late."""
    lines = [event(START + hour * HOUR, flights.manifest.example) for hour in range(5)]
    since = START.replace(minute=0) + HOUR
    found = in_bigquery(flights, lines, since=since, until=since + 2 * HOUR)
    assert found == here(tmp_path, flights, lines[1:3])
    statement = count_sql(flights, TABLE, since, since + 2 * HOUR)
    assert "`timestamp` >= TIMESTAMP('2026-07-01T11:00:00+00:00')" in statement
    assert "`timestamp` < TIMESTAMP('2026-07-02T13:00:00+00:00')" in statement
    labels = sql(expected(flights, TABLE).labels(since))
    assert "`timestamp` >= TIMESTAMP('2026-06-30T11:00:00+00:00')" in labels  # some come before what they are of
    assert "`timestamp` <" not in labels


def test_nothing_is_in_the_statement_that_bigquery_refuses(flights: Watched) -> None:
    """It casts neither to JSON nor from it, and a text that names its zone to no DATETIME: these Ibis does by itself."""
    statement = count_sql(flights, TABLE)
    assert not re.search(r"AS JSON\)|AS DATETIME\)", statement)
    assert "SAFE_CAST(" in statement
    assert "to_json(" in statement


def test_functions_are_of_what_a_moment_is_there(flights: Watched) -> None:
    """A moment without a zone is a DATETIME, which no function of a TIMESTAMP takes."""
    sink = expected(flights, TABLE)
    events, labels = sink.events(None, START, START + HOUR), sink.labels(START)
    waits = sql(lags(join(events, labels)))
    assert waits.count("UNIX_SECONDS(timestamp(") == 2
    late = sql(due(events, labels, START, START + HOUR, 8 * HOUR))
    assert "datetime_add(" in late
    assert "TIMESTAMP_ADD" not in late


def test_what_no_entry_had_yet_is_missing(flights: Watched) -> None:
    """A sink makes a column with the first entry that has it: of features, probabilities, labels."""
    line = event(START, {"OPERA": "Iberia", "TIPOVUELO": None}, None, None)
    with closing(StandIn()) as stand_in:
        stand_in.put(TABLE, [line])
        sink = Sink(TABLE, dict.fromkeys(("ts", "id", "client", "model", "version"), "string"), {"opera": "string"})
        _, [row] = stand_in.run(sql(cube(sink.events(flights.manifest), flights)))
        assert row[4:9] == ("cell", f"{row[5].split(',')[0]},-1,-1", -1, -1, 1)
        assert stand_in.run(sql(sink.labels().select("id")))[1] == []


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
