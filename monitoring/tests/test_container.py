"""The image: it reports what service containers logged to a volume that they share, as the user that it says."""

import json
import os
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any
from urllib.request import urlopen

import pytest
import yaml

from gateway_config.ports import free_port
from gateway_config.tests.waiting import eventually
from monitoring.report import read_latest
from service.tests.image import ROOT, Builder, Image, ask, builder, scrape
from slo.burn import Windows
from slo.contract import missing, read_declared, read_exposition
from slo.promql import selectors
from slo.reading import read_specs

pytestmark = [pytest.mark.platform, pytest.mark.slow, pytest.mark.xdist_group("container")]

AIRLINES = ("Grupo LATAM", "Sky Airline", "Aerolineas Argentinas", "Copa Air")
ROWS = 200  # of each service
EXPOSED = ("drift_", "label_", "quality_", "retrain_")


@pytest.fixture(scope="module")
def build(request: pytest.FixtureRequest) -> Builder:
    """Makes images, each once."""
    return builder(request.config)


@pytest.fixture(scope="module")
def image(build: Builder) -> Image:
    """Without Evidently, which takes a minute to install and has nothing to say here."""
    return build(ROOT / "monitoring" / "Dockerfile", REQUIREMENTS="monitoring-small")


@pytest.fixture(scope="module")
def log(build: Builder) -> Iterator[dict[str, str]]:
    """What two service containers wrote to one volume, both by the same name: the variables that say where it is."""
    image = build(ROOT / "service" / "Dockerfile")
    with tempfile.TemporaryDirectory(prefix="puerta-volume-") as volume, ExitStack() as running:
        if os.geteuid() == 0:
            os.chown(volume, *map(int, image.stage.settings["USER"].split(":")))
        where = {"PUERTA_EVENTS_DIR": f"{volume}/events", "PUERTA_LABELS_DIR": f"{volume}/labels"}
        containers = []
        for _ in range(2):
            ports = {"PUERTA_PORT": str(free_port()), "PUERTA_METRICS_PORT": str(free_port())}
            given = {**where, **ports, "PUERTA_INSTANCE": "service-8001", "PUERTA_DRAIN_SECONDS": "0"}
            containers.append(running.enter_context(image.run(**given)))
            image.await_health(containers[-1], **given)
            flights = [{"OPERA": AIRLINES[i % len(AIRLINES)], "TIPOVUELO": "N", "MES": 7} for i in range(ROWS)]
            port = int(ports["PUERTA_PORT"])
            status, answer = ask(port, "POST", "/v1/predict", {"instances": flights})
            assert status == 200
            labels = [{"id": each["id"], "label": each["label"]} for each in answer["predictions"]]
            assert ask(port, "POST", "/v1/labels", {"labels": labels})[0] in {200, 202}
        assert [container.stop() for container in containers] == [0, 0]
        assert containers[0].output.read_text() == ""
        yield where


def manifests(name: str) -> Iterator[dict[str, Any]]:
    """The documents of a manifest."""
    yield from yaml.safe_load_all((ROOT / "monitoring" / "deploy" / name).read_text())


def test_one_run(image: Image, log: dict[str, str]) -> None:
    """As the CronJob asks for it: every event and every label is in the reports; nothing is written but the state."""
    job = next(manifests("cronjob.yaml"))["spec"]["jobTemplate"]
    (asked,) = job["spec"]["template"]["spec"]["containers"]
    before, scratch = image.files(), image.scratch()
    given = {**log, "HOME": str(scratch), "TMPDIR": str(scratch), "PUERTA_DRIFT_MIN_ROWS": "100"}
    with image.run(*asked["args"], **given) as container:
        assert container.process.wait(60) == 0
    reports = Path(image.stage.environment["PUERTA_STATE_DIR"]) / "reports"
    latest = read_latest(reports)
    assert latest is not None
    made = [json.loads((reports / place).read_bytes()) for place in latest.reports]
    (day,) = [each for each in made if (each["model"], each["window"]) == ("flight-delay", "1d")]
    assert (day["rows"], day["quality"]["labels"]) == (2 * ROWS, 2 * ROWS)
    assert (reports / "index.html").is_file()
    assert image.files() == before
    assert list(scratch.iterdir()) == []


def test_the_scheduler(image: Image, log: dict[str, str]) -> None:
    """Healthy; its metrics have all that the objectives are measured by, so no alert says that something is not; it ends."""
    metrics, console = free_port(), free_port()
    given = {**log, "PUERTA_MONITORING_METRICS_PORT": str(metrics), "PUERTA_CONSOLE_PORT": str(console)}
    given |= {"HOME": str(image.scratch()), "TMPDIR": str(image.scratch()), "PUERTA_DRIFT_MIN_ROWS": "100"}
    windows = Windows.read(ROOT / "slo" / "burn-windows.yaml")
    specs = [
        spec
        for spec in read_specs(ROOT / "slo" / "specs", windows)
        if any(selector.metric.startswith(EXPOSED) for selector in selectors(spec))
    ]
    assert {spec.name for spec in specs} == {"drift", "drift-freshness", "label-arrival", "quality"}
    with image.run(**given) as container:
        image.await_health(container, **given)
        recommended = 'retrain_recommended{model="flight-delay",version="1"} 0.0'
        eventually(lambda: recommended in scrape(metrics), "no report was made")
        page = scrape(metrics)
        assert list(missing(specs, read_exposition([page]), read_declared([page]))) == []
        assert container.stop() == 0
    assert not image.healthy(**given)


def test_what_serves_beside_a_cron_job(image: Image, log: dict[str, str]) -> None:
    """As the manifest starts it: the reports that are there are metrics and pages; it makes none, and needs no log."""
    (asked,) = next(manifests("console.yaml"))["spec"]["template"]["spec"]["containers"]
    metrics, console = free_port(), free_port()
    given = {each["name"]: each["value"] for each in asked["env"]} | {"HOME": str(image.scratch())}
    given |= {"PUERTA_MONITORING_METRICS_PORT": str(metrics), "PUERTA_CONSOLE_PORT": str(console)}
    with image.run("drift", "run", "--quiet", **log, HOME=given["HOME"]) as container:
        assert container.process.wait(60) in {0, 1}
    state = Path(image.stage.environment["PUERTA_STATE_DIR"])
    before = {path for path in state.rglob("*") if path.is_file()}
    with image.run(*asked["args"], **given) as container:
        image.await_health(container, **given)
        assert "drift_verdict{" in scrape(metrics)
        with urlopen(f"http://localhost:{console}/", timeout=60) as answer:
            assert b"flight-delay" in answer.read()
        assert container.stop() == 0
    assert {path for path in state.rglob("*") if path.is_file()} == before
