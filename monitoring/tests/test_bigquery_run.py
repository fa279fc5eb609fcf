"""A whole run over a log in BigQuery, through its real client, with a stand-in for the service on the loopback."""

import random
import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest

from model_files.reference_file import Histogram, Values
from monitoring import moment
from monitoring.__main__ import main
from monitoring.counting.source import SourceError
from monitoring.dataset import write_dataset
from monitoring.report import read, read_latest
from monitoring.run import run
from monitoring.settings import PREFIX, Settings
from monitoring.tests.conftest import copy_package
from monitoring.tests.logs import event, label, write
from monitoring.tests.stand_in import Refusal, StandIn, serving
from monitoring.watched import Watched
from monitoring.watched import read as read_package

TABLE = "company.logs.run_googleapis_com_stdout"
LABELS = "company.logs.labels"
DAY = timedelta(days=1)
END = datetime(2026, 7, 10, tzinfo=UTC)
ROWS = 2400  # of the four days before the end

pytestmark = pytest.mark.platform


@pytest.fixture
def big(monkeypatch: pytest.MonkeyPatch) -> Iterator[StandIn]:
    """A stand-in, which the client takes for BigQuery."""
    with serving() as stand_in:
        monkeypatch.setenv("BIGQUERY_EMULATOR_HOST", stand_in.host)
        yield stand_in


@pytest.fixture
def settings(make_settings: Callable[..., Settings]) -> Settings:
    """Few rows are enough, and labels are due after a day."""
    return make_settings(drift_min_rows=200, label_min_count=100, label_due_days=1.0, bigquery_seconds=60)


def packages(name: str, small_models: Path, folder: Path) -> Path:
    """A folder with one package."""
    if name.startswith("flight"):
        copy_package(name, folder)
    else:
        folder.mkdir()
        (folder / name).symlink_to(small_models / name)
    return folder


def value(known: Values | Histogram, draw: random.Random) -> Any:
    """What training knew, or now and then not, as far as a column of a sink can hold it."""
    if draw.random() < 0.02:
        return None
    if isinstance(known, Histogram):
        low, high = known.edges[0], known.edges[-1]
        return round(draw.uniform(low, high) + (high - low) * (draw.random() < 0.02), 3)
    if draw.random() < 0.05 and not any(isinstance(each, bool) for each in known.values):
        return "Quito" if any(isinstance(each, str) for each in known.values) else draw.choice((1300, 99, -7))
    return draw.choice(known.values[: draw.choice((3, len(known.values)))])


def lines(watched: Watched, draw: random.Random) -> tuple[list[bytes], list[bytes]]:
    """Events of a model, and labels of most of them: late, early, changed, of nobody.

    Numbers that are added have few binary digits, so that the order of adding does not show.
    """
    events, labels = [], []
    reference, classes = watched.reference, watched.manifest.classes
    for place in range(ROWS):
        at = END - 4 * DAY * (1 - place / ROWS)
        features = {name: value(known, draw) for name, known in reference.features.items()}
        answer = draw.choice(classes) if classes else draw.randrange(400, 3200) / 8
        chance = draw.randrange(65) / 64 if reference.probability else None
        client = draw.choice(("demo", "acme", None))
        id_ = f"{watched.name}-{place}"
        events.append(event(at, features, answer, chance, id_=id_, model=watched.name, client=client))
        for _ in range(draw.choice((0, 1, 1, 1, 2))):
            truth = draw.choice(classes) if classes else draw.randrange(400, 3200) / 8
            labels.append(label(min(at + DAY * draw.uniform(-0.01, 1.4), END), id_, truth))
    labels.append(label(END - DAY, "nobody", classes[0] if classes else 100.5))
    events.append(event(END - DAY, {"a": 1.5}, classes[0] if classes else 2.5, 0.5, model="stranger"))
    return events, labels


def log_both(
    settings: Settings, big: StandIn, events: list[bytes], labels: list[bytes], labels_table: str = ""
) -> None:
    """The same lines in files and in the tables of a sink."""
    write(settings.events_dir, events)
    write(settings.labels_dir, labels)
    big.put(TABLE, [*events, *([] if labels_table else labels)])
    if labels_table:
        big.put(labels_table, labels)


def elsewhere(settings: Settings, folder: Path, **values: Any) -> Settings:
    """The same settings over BigQuery, with reports of their own and without any file of a log."""
    nowhere = {f"{name}_dir": folder / name for name in ("events", "labels", "reports", "archive", "state")}
    return replace(settings, **(nowhere | {"events_table": TABLE} | values))


@pytest.mark.parametrize(
    "name",
    [
        "flight-delay",
        "iris",
        "mixed",
        *(pytest.param(name, marks=pytest.mark.slow) for name in ("flight-delay-onehot", "diabetes", "wine")),
    ],
)
def test_a_run_over_bigquery_says_what_one_over_files_says(
    tmp_path: Path, small_models: Path, settings: Settings, big: StandIn, name: str
) -> None:
    """The same reports to the byte, and the same labels due; only how many files were read is not."""
    models = packages(name, small_models, tmp_path / "models")
    here = replace(settings, models_dir=models)
    there = elsewhere(here, tmp_path / "there")
    events, labels = lines(read_package(models / name / "1"), random.Random(name))  # noqa: S311 - no secret
    log_both(here, big, events, labels)
    run(here, END, ("1d",))
    run(there, END, ("1d",))
    expected, found = (read_latest(each.reports_dir) for each in (here, there))
    assert expected is not None
    assert found is not None
    for place in expected.reports:
        assert (there.reports_dir / place).read_bytes() == (here.reports_dir / place).read_bytes()
    assert found.reports == expected.reports
    assert found.due == expected.due
    assert found.due_until == expected.due_until
    assert expected.due[0].due > 1000
    assert found.log.segments == 0
    assert msgspec.structs.replace(found.log, segments=expected.log.segments) == expected.log
    report = read(there.reports_dir, found.reports[0])
    assert report.rows > 500
    assert report.quality.labels > 200
    assert report.faults


def test_labels_may_be_in_a_table_of_their_own(
    tmp_path: Path, flight_models: Path, settings: Settings, big: StandIn
) -> None:
    """Where the service's labels go to another sink."""
    here = replace(settings, models_dir=flight_models)
    events, labels = lines(read_package(flight_models / "flight-delay/1"), random.Random(1))  # noqa: S311 - no secret
    log_both(here, big, events, labels, LABELS)
    (found,) = run(elsewhere(here, tmp_path / "there", labels_table=LABELS), END, ("1d",))
    (expected,) = run(here, END, ("1d",))
    assert found.quality.labels > 200
    assert found == expected


def test_the_command_runs_over_bigquery(
    tmp_path: Path,
    settings: Settings,
    big: StandIn,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """With one setting; every statement is limited in cost and time, bears labels, and reads some partitions only."""
    draw = random.Random(2)  # noqa: S311 - no secret
    events, labels = lines(read_package(settings.models_dir / "flight-delay/1"), draw)
    big.put(TABLE, [*events, *labels, b"a line that somebody printed\n"])
    command(monkeypatch, settings, tmp_path)
    assert main(["drift", "run", "--window", "1d", "--at", moment.text(END), "--exit-zero"]) == 0
    latest = read_latest(tmp_path / "reports")
    assert latest is not None
    assert latest.log.events == len(events)
    assert latest.log.unreadable == 1
    assert latest.log.unwatched == {"stranger/1": 1}
    assert "flight-delay" in capsys.readouterr().out
    assert len(big.asked) >= 5
    for asked in big.asked[:-1]:  # the last one is of labels that were due before the first run: all of them
        assert asked["maximumBytesBilled"] == "100000000000"
        assert asked["jobTimeoutMs"] == "600000"
        assert asked["labels"] == {"application": "puerta", "part": "monitoring"}
        assert asked["query"].count(f"`{TABLE.replace('.', '`.`')}`") == asked["query"].count("`timestamp` >=")


@pytest.mark.parametrize("name", ["flight-delay", "mixed"])
def test_training_data_comes_from_bigquery_too(
    tmp_path: Path,
    small_models: Path,
    settings: Settings,
    big: StandIn,
    monkeypatch: pytest.MonkeyPatch,
    name: str,
) -> None:
    """The same file, as counts or as rows."""
    models = packages(name, small_models, tmp_path / "models")
    log_both(settings, big, *lines(read_package(models / name / "1"), random.Random(name)))  # noqa: S311 - no secret
    here, there = tmp_path / "here.csv", tmp_path / "there.csv"
    expected = write_dataset(replace(settings, models_dir=models), name, here)
    command(monkeypatch, settings, tmp_path, models_dir=str(models))
    assert main(["dataset", "--model", name, "--out", str(there), "--quiet"]) == 0
    assert expected > 1000
    assert sorted(there.read_text().splitlines()) == sorted(here.read_text().splitlines())


def command(monkeypatch: pytest.MonkeyPatch, settings: Settings, folder: Path, **values: str) -> None:
    """The settings of a command, as variables."""
    variables = {"events_table": TABLE, "models_dir": settings.models_dir, "state_dir": folder, "evidently": "no"}
    for name, value in (variables | values).items():
        monkeypatch.setenv(PREFIX + name.upper(), str(value))


@pytest.mark.parametrize(
    ("refusal", "said"),
    [
        (
            Refusal(403, "accessDenied", "Access Denied: User does not have bigquery.jobs.create permission"),
            r"refuses: Access Denied.*roles/bigquery.jobUser in company and roles/bigquery.dataViewer on the dataset",
        ),
        (Refusal(403, "quotaExceeded", "Quota exceeded: your project"), "Quota exceeded.*a quota of the project is"),
        (
            Refusal(404, "notFound", "Not found: Table company:logs"),
            "is not there.*makes its table with the first entry",
        ),
        (Refusal(400, "invalidQuery", "Syntax error: Unexpected )"), "Syntax error: Unexpected"),
    ],
)
def test_what_bigquery_refuses_is_said_in_words(
    tmp_path: Path,
    settings: Settings,
    big: StandIn,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    refusal: Refusal,
    said: str,
) -> None:
    """What it was about, why, and what is needed; exit code 2, and the reports are as they were."""
    big.put(TABLE, [event(END, {"OPERA": "Iberia", "TIPOVUELO": "I", "MES": 7})])
    big.refusals.append(refusal)
    command(monkeypatch, settings, tmp_path)
    assert main(["drift", "run", "--quiet"]) == 2
    error = capsys.readouterr().err
    assert f"the reports could not be made: {TABLE}" in error
    assert re.search(said, error)
    assert read_latest(tmp_path / "reports") is None


def test_a_table_that_is_not_there_is_named(
    tmp_path: Path,
    settings: Settings,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    big: StandIn,
) -> None:
    """And so is one that no sink made."""
    command(monkeypatch, settings, tmp_path)
    assert main(["drift", "run", "--quiet"]) == 2
    assert f"{TABLE} is not there" in capsys.readouterr().err
    big.put(TABLE, [b"only a text\n"])
    assert main(["drift", "run", "--quiet"]) == 2
    assert "expected the table of a log sink" in capsys.readouterr().err


def test_a_statement_that_would_read_too_much_is_not_run(
    tmp_path: Path,
    settings: Settings,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    big: StandIn,
) -> None:
    """The message names the setting."""
    big.put(TABLE, [event(END, {"OPERA": "Iberia", "TIPOVUELO": "I", "MES": 7})])
    big.megabytes = 2_000
    command(monkeypatch, settings, tmp_path, bigquery_gigabytes="1")
    assert main(["drift", "run", "--quiet"]) == 2
    assert "PUERTA_BIGQUERY_GIGABYTES is 1" in capsys.readouterr().err


def test_a_slow_job_is_waited_for_and_a_cut_connection_tried_again(
    settings: Settings, big: StandIn, tmp_path: Path
) -> None:
    """Both without anything lost or counted twice."""
    events = [event(END, {"OPERA": "Iberia", "TIPOVUELO": "I", "MES": 7})] * 300
    big.put(TABLE, events)
    big.refusals += [Refusal(0), Refusal(503, "backendError", "try again")]
    big.waits = 2
    (report,) = run(elsewhere(settings, tmp_path), END, ("1d",))
    assert report.rows == 300
    assert not big.refusals
    assert not big.waits


def test_a_job_that_takes_too_long_is_given_up(settings: Settings, big: StandIn, tmp_path: Path) -> None:
    """And cancelled, so that nobody pays for it."""
    big.put(TABLE, [event(END, {"OPERA": "Iberia", "TIPOVUELO": "I", "MES": 7})])
    big.waits = 1_000_000
    with pytest.raises(SourceError, match="no answer of BigQuery within 2 s; PUERTA_BIGQUERY_SECONDS"):
        run(elsewhere(settings, tmp_path, bigquery_seconds=2), END, ("1d",))
    assert big.cancelled == 1
