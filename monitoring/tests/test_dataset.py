"""The labelled log as training data, and the whole way round: events, labels, data, training, package, answers."""

import json
import subprocess
import sys
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pytest

from model_files import flights as flight_data
from model_files import rows
from model_files.packaging import Draft, package
from model_files.tests import packages
from model_files.verification import verify
from monitoring import __main__
from monitoring.dataset import DatasetError, write_dataset
from monitoring.settings import Settings
from monitoring.tests.conftest import ROOT
from monitoring.tests.logs import event, flight_events, label, write
from monitoring.tests.test_run import july
from monitoring.watched import Watched
from service.tests.process import ServiceProcess
from service.tests.wire import post

START = datetime(2026, 7, 1, 10, 30, tzinfo=UTC)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
Make = Callable[..., Settings]


def test_flights_become_counts_that_training_reads(make_settings: Make, flights: Watched, tmp_path: Path) -> None:
    """Every labelled flight once, delayed where its newest label says so, a third of them held out."""
    settings = make_settings()
    events = flight_events(flights, july(flights, 3000), START, DAY)
    write(settings.events_dir, [*events, event(START, {"OPERA": "Sky Airline", "TIPOVUELO": "N", "MES": "7"}, id_="x")])
    first = [label(START + DAY, str(place), 1) for place in range(2000)]
    later = [label(START + 2 * DAY, str(place), int(place % 4 == 0)) for place in range(2000)]
    write(
        settings.labels_dir, [*first, *later, label(START, "x", 1), label(START, "2001", "none"), label(START, "y", 0)]
    )
    said: list[str] = []
    path = tmp_path / "flights.csv"
    assert write_dataset(settings, "flight-delay", path, progress=said.append) == 2000
    assert "2 left out: a feature that can't be read, or a label that is none of the model's" in said
    loaded = flight_data.load(path)  # what `model_files train --counts` reads, and it refuses what it can't use
    train, delayed = loaded.rows("train")
    test, delayed_test = loaded.rows("test")
    assert (len(train) + len(test), delayed.sum() + delayed_test.sum()) == (2000, 500)
    assert len(test) / 2000 == pytest.approx(1 / 3, abs=0.05)
    logged = Counter(json.loads(line)["features"]["OPERA"] for line in events[:2000])
    assert dict(Counter([*train["OPERA"], *test["OPERA"]])) == logged
    again = tmp_path / "again.csv"
    write_dataset(settings, "flight-delay", again)
    assert again.read_bytes() == path.read_bytes()


def test_only_the_asked_time_is_written(make_settings: Make, tmp_path: Path) -> None:
    """From, included, to before; of predictions, whenever their labels came."""
    settings = make_settings(label_min_count=10)
    flight = {"OPERA": "Sky Airline", "TIPOVUELO": "N", "MES": 7}
    write(settings.events_dir, [event(START + hour * HOUR, flight, id_=str(hour)) for hour in range(48)])
    write(settings.labels_dir, [label(START + 9 * DAY, str(hour), hour % 2) for hour in range(48)])
    path = tmp_path / "day.csv"
    assert write_dataset(settings, "flight-delay", path, START + DAY, START + DAY + 20 * HOUR) == 20
    assert flight_data.load(path).counts["flights"].sum() == 20


def test_what_nothing_could_be_learnt_from_is_refused(make_settings: Make, tmp_path: Path) -> None:
    """Too few labels, all the same, no such model, another kind of file; and no file is left."""
    settings = make_settings(label_min_count=100)
    path = tmp_path / "flights.csv"
    flight = {"OPERA": "Sky Airline", "TIPOVUELO": "N", "MES": 7}
    write(settings.events_dir, [event(START, flight, id_=str(place)) for place in range(200)])
    write(settings.labels_dir, [label(START, str(place), 0) for place in range(99)])
    with pytest.raises(DatasetError, match="^99 labelled predictions, expected 100 or more"):
        write_dataset(settings, "flight-delay", path)
    write(settings.labels_dir, [label(START, str(place), 0) for place in range(150)])
    with pytest.raises(DatasetError, match="^all 150 labels are 0, expected at least two classes"):
        write_dataset(settings, "flight-delay", path)
    with pytest.raises(DatasetError, match="^'flight': no package of it in "):
        write_dataset(settings, "flight", path)
    with pytest.raises(DatasetError, match=r"expected a \.csv file"):
        write_dataset(settings, "flight-delay", path.with_suffix(".json"))
    assert not path.exists()


def test_rows_of_every_type_come_back_as_they_were_asked(
    make_settings: Make, small_models: Path, tmp_path: Path
) -> None:
    """Text with commas and quotes, a category that training never saw, missing numbers, whole numbers, truth values."""
    settings = make_settings(models_dir=small_models, label_min_count=3)
    asked: list[dict[str, Any]] = [
        {"city": 'Viña, "del Mar"', "age": 30.5, "stops": 2, "member": True},
        {"city": "Lima", "age": None, "stops": 0, "member": False},
        {"city": "Lima", "stops": 3.0, "member": False},
    ]
    refused: list[dict[str, Any]] = [
        {"city": "Lima", "age": 1.0, "stops": 0.5, "member": False},
        {"age": 1.0, "stops": 1, "member": False},
    ]
    events = [
        event(START, features, "late", 0.9, id_=str(place), model="mixed", version="0" if place else "1")
        for place, features in enumerate([*asked, *refused])
    ]
    write(settings.events_dir, events)
    write(settings.labels_dir, [label(START, str(place), "late" if place else "early") for place in range(5)])
    path = tmp_path / "mixed.csv"
    assert write_dataset(settings, "mixed", path) == 3
    frame = rows.load(path)[0].sort_values("stops").reset_index(drop=True)
    assert frame["city"].tolist() == ["Lima", asked[0]["city"], "Lima"]
    assert frame["age"].isna().tolist() == [True, False, True]
    assert frame["stops"].tolist() == [0, 2, 3]
    assert frame["member"].tolist() == [False, True, False]
    assert frame["outcome"].tolist() == ["late", "early", "late"]


def test_a_regressions_truths_are_its_numbers(make_settings: Make, small_models: Path, tmp_path: Path) -> None:
    """Also where they are all the same, or beyond what training saw."""
    settings = make_settings(models_dir=small_models, label_min_count=2)
    example = json.loads((small_models / "diabetes/1/manifest.json").read_bytes())["example"]
    write(settings.events_dir, [event(START, example, 1.0, None, id_=name, model="diabetes") for name in "ab"])
    write(settings.labels_dir, [label(START, name, 1e6) for name in "ab"])
    path = tmp_path / "diabetes.csv"
    assert write_dataset(settings, "diabetes", path) == 2
    assert rows.load(path)[0]["target"].tolist() == [1e6, 1e6]


def test_newer_months_take_the_place_of_older_ones(make_settings: Make, tmp_path: Path) -> None:
    """Of a month that the log has enough of, nothing of before stays; of another, both; of those it lacks, the old."""
    settings = make_settings(label_min_count=10)
    months = [7] * 20 + [8] * 5
    events = [
        event(START, {"OPERA": "Sky Airline", "TIPOVUELO": "N", "MES": month}, id_=str(place))
        for place, month in enumerate(months)
    ]
    write(settings.events_dir, events)
    write(settings.labels_dir, [label(START, str(place), place % 2) for place in range(len(months))])
    former = tmp_path / "before.csv"
    cells = [("train", month, 100, 10) for month in (6, 7, 8)] + [("test", month, 50, 5) for month in (6, 7, 8)]
    lines = [f"Sky Airline,N,{month},{split},{flights},{late}" for split, month, flights, late in cells]
    former.write_text("\n".join(["OPERA,TIPOVUELO,MES,split,flights,delayed", *lines]) + "\n")
    path, said = tmp_path / "flights.csv", list[str]()
    assert write_dataset(settings, "flight-delay", path, onto=former, progress=said.append) == 25
    assert f"300 of {former} stay: the log has fewer than 10 of their MES" in said
    sums = flight_data.load(path).counts.groupby("MES")[["flights", "delayed"]].sum()
    assert sums.to_numpy().tolist() == [[150, 15], [20, 10], [155, 17]]
    combinations = [line.rsplit(",", 2)[0] for line in path.read_text().splitlines()]
    assert len(combinations) == len(set(combinations))


def test_rows_of_older_months_stay_too(make_settings: Make, tmp_path: Path) -> None:
    """Where a model is trained on rows: the calendar may be in several columns."""
    settings = make_settings(models_dir=ROOT / "model-files", label_min_count=10)
    manifest = json.loads((ROOT / "model-files/flight-delay-onehot/1/manifest.json").read_bytes())
    july = manifest["example"]
    august = july | {"MES_7": 0, "MES_8": 1}
    write(settings.events_dir, [event(START, july, id_=str(n), model="flight-delay-onehot") for n in range(12)])
    write(settings.labels_dir, [label(START, str(place), place % 2) for place in range(12)])
    former, path = tmp_path / "before.csv", tmp_path / "rows.csv"
    lines = [",".join(map(str, [*month.values(), 1])) for month in (july, august, august)]
    former.write_text("\n".join([",".join([*july, "delay"]), *lines]) + "\n")
    assert write_dataset(settings, "flight-delay-onehot", path, onto=former) == 12
    frame = rows.load(path)[0]
    assert (frame["MES_7"].sum(), frame["MES_8"].sum(), frame["delay"].sum()) == (12, 2, 6 + 2)


def test_what_does_not_fit_beneath_is_refused(make_settings: Make, small_models: Path, tmp_path: Path) -> None:
    """Other columns, a file that is not there, a model to which a month is nothing; and no file is left."""
    settings = make_settings(label_min_count=2)
    flight = {"OPERA": "Sky Airline", "TIPOVUELO": "N", "MES": 7}
    row = {"city": "Lima", "age": 1.0, "stops": 1, "member": True}
    events = [event(START, flight, id_=str(place)) for place in range(2)]
    write(settings.events_dir, [*events, *(event(START, row, id_=name, model="mixed") for name in "ab")])
    labels = [label(START, "a", "late"), label(START, "b", "early")]
    write(settings.labels_dir, [*labels, label(START, "0", 0), label(START, "1", 1)])
    path, former = tmp_path / "out.csv", tmp_path / "before.csv"
    with pytest.raises(duckdb.Error, match=r"before\.csv"):
        write_dataset(settings, "flight-delay", path, onto=former)
    former.write_text("OPERA,MES\nSky Airline,7\n")
    with pytest.raises(DatasetError, match=r"before\.csv: the columns are \['OPERA', 'MES'\], expected \['OPERA', "):
        write_dataset(settings, "flight-delay", path, onto=former)
    with pytest.raises(DatasetError, match="^mixed/1 has no feature that follows the calendar"):
        write_dataset(make_settings(models_dir=small_models, label_min_count=2), "mixed", path, onto=former)
    assert not path.exists()


def test_the_command_says_how_many_or_why_not(
    make_settings: Make, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    """0 and the count, or 2 and the reason."""
    settings = make_settings()
    for name in ("events_dir", "labels_dir", "models_dir", "archive_dir"):
        monkeypatch.setenv(f"PUERTA_{name.upper()}", str(getattr(settings, name)))
    path = tmp_path / "out.csv"
    command = ["dataset", "--model", "flight-delay", "--out", str(path), "--from", "2026-07-01"]
    assert __main__.main(command) == 2
    assert "not written: 0 labelled predictions from 2026-07-01T00:00:00Z, expected 500" in capsys.readouterr().err
    flight = {"OPERA": "Sky Airline", "TIPOVUELO": "N", "MES": 7}
    write(settings.events_dir, [event(START, flight, id_=str(place)) for place in range(600)])
    write(settings.labels_dir, [label(START, str(place), place % 2) for place in range(600)])
    assert __main__.main([*command, "--quiet"]) == 0
    said = capsys.readouterr()
    assert (said.out, said.err) == (f"{path}: 600 labelled predictions\n", "")


@pytest.mark.platform
@pytest.mark.xdist_group("monitoring")
def test_the_loop_closes(tmp_path: Path) -> None:
    """Asked and labelled through the service, written as data, fitted, packaged, verified, and served without a restart."""
    models = tmp_path / "models"
    packages.mixed(models)
    asked = packages.mixed_rows()
    # The world has changed: what was late is early now, so that a model which learnt it answers otherwise.
    truths = np.where(asked["outcome"] == "late", "early", "late").tolist()
    instances = json.loads(asked.drop(columns="outcome").to_json(orient="records"))
    request = post("/v1/predict", json.dumps({"instances": instances}).encode())
    with ServiceProcess(tmp_path, models, default_model="mixed") as service:
        service.until_ready()
        before = json.loads(service.ask(request).body)
        labels = [{"id": one["id"], "label": truth} for one, truth in zip(before["predictions"], truths, strict=True)]
        assert service.ask(post("/v1/labels", json.dumps({"labels": labels}).encode())).status == 200

        path = tmp_path / "mixed.csv"
        command = [sys.executable, "-m", "monitoring", "dataset", "--model", "mixed", "--out", str(path)]
        environment = {"PUERTA_STATE_DIR": str(tmp_path), "PUERTA_MODELS_DIR": str(models)}
        written = subprocess.run(
            command,
            env=environment | {"PUERTA_LABEL_MIN_COUNT": "400"},
            capture_output=True,
            text=True,
            cwd=ROOT,
            check=False,
        )
        assert written.returncode == 0, written.stderr
        assert written.stdout == f"{path}: 400 labelled predictions\n"

        data, source = rows.load(path)
        fitted = packages.mixed_pipeline().fit(data.drop(columns="outcome"), data["outcome"])
        draft = Draft(
            name="mixed",
            version="2",
            target="outcome",
            unseen="count",
            training_data=source,
            tell=packages.no_chapters,
        )
        made = package(fitted, data, draft, models)
        assert all(finding.passed for finding in verify(made))

        assert service.admin(post("/reload", b"")).status == 200
        after = json.loads(service.ask(request).body)
    assert (before["version"], after["version"]) == ("1", "2")
    right = [
        [one["label"] == truth for one, truth in zip(answer["predictions"], truths, strict=True)]
        for answer in (before, after)
    ]
    assert np.mean(right[0]) < 0.4
    assert np.mean(right[1]) > 0.6
