"""The whole way round with the shipped model: asked, told, drifted, trained again, served without a restart, calm."""

import csv
import json
import random
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from model_files.flights import COUNTS_FILE
from monitoring.tests.conftest import ROOT
from service.tests.process import ServiceProcess
from service.tests.wire import post

pytestmark = [pytest.mark.platform, pytest.mark.slow, pytest.mark.xdist_group("loop")]

ARRIVING = "JetSmart SPA"  # 1.6 % of the year, and hardly there in July
FLIGHTS, BATCH = 5000, 1000
Flight = tuple[dict[str, Any], int]  # what is asked, and whether it left late


def july(rows: int, seed: int) -> list[Flight]:
    """Flights of a July in which every fourth is of an airline that has arrived, and most of these are late."""
    chance = random.Random(seed)  # noqa: S311 - nothing depends on its being hard to guess
    with (ROOT / "model-files" / COUNTS_FILE).open(encoding="utf-8", newline="") as file:
        cells = [line for line in csv.DictReader(file) if line["MES"] == "7"]
    found: list[Flight] = []
    for cell in chance.choices(cells, [int(cell["flights"]) for cell in cells], k=rows):
        late = int(cell["delayed"]) / int(cell["flights"])
        features = {"OPERA": cell["OPERA"], "TIPOVUELO": cell["TIPOVUELO"], "MES": 7}
        if chance.random() < 0.25:
            features, late = {"OPERA": ARRIVING, "TIPOVUELO": "N", "MES": 7}, 0.7
        found.append((features, int(chance.random() < late)))
    return found


class Site:
    """A service in a folder of its own, and the commands that are run beside it."""

    def __init__(self, folder: Path, service: ServiceProcess) -> None:
        self.folder = folder
        self._service = service

    def fly(self, name: str, flights: Sequence[Flight]) -> list[dict[str, Any]]:
        """Ask for every flight, tell what became of it, and return what was predicted."""
        predictions: list[dict[str, Any]] = []
        for place in range(0, len(flights), BATCH):
            batch = flights[place : place + BATCH]
            ids = [f"{name}-{number}" for number in range(place, place + len(batch))]
            asked = self.post("/v1/predict", {"instances": [features for features, _ in batch], "ids": ids})
            predictions += [answer | {"version": asked["version"]} for answer in asked["predictions"]]
            labels = [{"id": id_, "label": late} for id_, (_, late) in zip(ids, batch, strict=True)]
            self.post("/v1/labels", {"labels": labels})
        return predictions

    def post(self, path: str, document: object) -> Any:
        """One request that is answered."""
        answer = self._service.ask(post(path, json.dumps(document).encode()))
        assert answer.status == 200, answer.body
        return json.loads(answer.body)

    def reload(self) -> None:
        """Have the packages read again."""
        assert self._service.admin(post("/reload", b"")).status == 200

    def run(self, *command: str) -> subprocess.CompletedProcess[str]:
        """``python -m`` something, as an operator types it in the folder."""
        environment = {
            "PYTHONPATH": f"{ROOT}:{ROOT / 'model-files'}",
            "PUERTA_STATE_DIR": str(self.folder),
            "PUERTA_MODELS_DIR": str(self.folder / "models"),
            "PUERTA_DRIFT_STEP_HOURS": "0",
            "PUERTA_EVIDENTLY": "false",
        }
        return subprocess.run(
            [sys.executable, "-m", *command],
            cwd=self.folder,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )

    def report(self, version: str) -> Any:
        """The newest report of a day."""
        paths = sorted((self.folder / "reports/drift/flight-delay" / version / "1d").glob("*Z.json"))
        return json.loads(paths[-1].read_bytes())


def test_the_shipped_model_learns_what_has_changed(tmp_path: Path) -> None:
    """An airline arrives: an alert, and the advice to train; what is trained answers better, and finds nothing new."""
    shutil.copytree(ROOT / "model-files/flight-delay/1", tmp_path / "models/flight-delay/1")
    with ServiceProcess(tmp_path, tmp_path / "models", default_model="flight-delay") as service:
        site = Site(tmp_path, service.until_ready())
        before = site.fly("before", july(FLIGHTS, 1))
        told = site.run("monitoring", "drift", "run", "--window", "1d")
        assert told.returncode == 1, told.stderr
        old = site.report("1")
        assert "OPERA" in old["views"]["aligned"]["alerts"]
        assert old["views"]["aligned"]["subjects"][0]["moved"][0]["value"] == ARRIVING
        assert old["retrain"]["reasons"] == ["drift"]

        counts = str(ROOT / "model-files" / COUNTS_FILE)
        written = site.run("monitoring", "dataset", "--model", "flight-delay", "--out", "flights.csv", "--onto", counts)
        assert written.stdout == "flights.csv: 5,000 labelled predictions\n", written.stderr
        trained = site.run(
            *("model_files", "train", "flight-delay"), *("--counts", "flights.csv", "--version", "2", "--out", "models")
        )
        assert trained.stdout.strip() == "models/flight-delay/2", trained.stderr
        verified = site.run("model_files", "verify", "models/flight-delay/2")
        assert verified.returncode == 0, verified.stdout

        site.reload()
        after = site.fly("after", july(FLIGHTS, 2))
        again = site.run("monitoring", "drift", "run", "--window", "1d")
        # The day still has what the first version was asked and answered, which nothing makes good.
        assert again.returncode == 1, again.stderr
        new = site.report("2")
    assert ({one["version"] for one in before}, {one["version"] for one in after}) == ({"1"}, {"2"})
    assert (new["rows"], new["views"]["aligned"]["verdict"], new["quality"]["verdict"]) == (FLIGHTS, "none", "good")
    assert new["retrain"]["reasons"] == []
    measures = old["quality"]["measures"], new["quality"]["measures"]
    assert measures[1]["auc"] > measures[0]["auc"] + 0.05
    assert measures[1]["brier"] < measures[0]["brier"] - 0.01
