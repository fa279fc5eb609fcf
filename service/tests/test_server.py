"""The service as a process: it starts whole or not at all, reloads while it answers, and ends without dropping anything."""

import json
import resource
import shutil
import signal
import socket
import subprocess
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from model_files.manifest import MODEL_FILE
from service.tests import packages
from service.tests.exposition import OPENMETRICS, Exposition
from service.tests.process import ServiceProcess
from service.tests.wire import ClosedError, Connection, chunked, get, post

pytestmark = pytest.mark.platform

GOOD = post("/v1/predict", '{"instances": [["Sur", "N", 7]]}')
READY, LIVE, METRICS = get("/health/ready"), get("/health/live"), get("/metrics")
RELOAD = post("/reload", b"")
Launch = Callable[..., ServiceProcess]


@pytest.fixture
def models(tmp_path: Path) -> Path:
    """A folder of packages that a test may change."""
    packages.delays(tmp_path / "models")
    return tmp_path / "models"


@pytest.fixture
def launch(tmp_path: Path, models: Path) -> Iterator[Launch]:
    """Starts the service as a process; ended after the test."""
    processes: list[ServiceProcess] = []

    def start(**settings: object) -> ServiceProcess:
        processes.append(ServiceProcess(tmp_path, models, **settings))
        return processes[-1]

    yield start
    for process in processes:
        process.__exit__(None, None, None)


def predicted(answer: Any) -> list[str]:
    """The identifiers of the predictions of a good answer."""
    assert answer.status == 200, answer
    return [prediction["id"] for prediction in answer.json["predictions"]]


def logged(folder: Path) -> list[str]:
    """The identifiers in every segment of the event log, whole lines only."""
    return [
        json.loads(line)["id"]
        for path in sorted(folder.iterdir())
        for line in path.read_bytes().splitlines(keepends=True)
        if line.endswith(b"\n")
    ]


def test_a_life(launch: Launch, tmp_path: Path) -> None:
    """Started, asked, told to stop: exit 0, every event in a closed segment, one JSON object on every line of the log."""
    process = launch().until_ready()
    assert process.admin(READY).json == {"status": "ready"}
    assert process.admin(LIVE).status == 200
    ids = [predicted(process.ask(GOOD))[0] for _ in range(20)]
    process.ask(post("/v1/labels", {"labels": [{"id": ids[0], "label": 1}]}))
    assert process.ask(post("/v1/predict", "{")).status == 400
    with process.connect() as connection:
        connection.send(b"rubbish\r\n\r\n")
        assert connection.read().status == 400
    assert process.stop() == 0
    assert logged(tmp_path / "events") == ids
    assert [path.suffix for path in (tmp_path / "events").iterdir()] == [".jsonl"]
    assert [path.suffix for path in (tmp_path / "labels").iterdir()] == [".jsonl"]
    assert all({"ts", "severity", "logger", "instance", "message"} <= set(entry) for entry in process.log)
    assert not [entry for entry in process.log if entry["severity"] == "ERROR"]
    assert process.output == []


def test_a_model_that_fails_is_logged_in_one_line(launch: Launch, models: Path) -> None:
    """Also the runtime's own complaints: nothing but JSON on standard error, and nothing of it to the caller."""
    packages.fragile(models)
    process = launch().until_ready()
    assert process.ask(post("/v1/models/fragile/predict", {"instances": [["broken"]]})).status == 500
    assert process.stop() == 0
    assert [entry for entry in process.log if entry["severity"] == "ERROR"]


def test_ready_only_when_loaded(launch: Launch) -> None:
    """Whoever connects while the models are loaded is answered when they are: the first answer is a prediction."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    process = launch(port=port)

    def first() -> bool:
        try:
            with Connection(port) as connection:
                predicted(connection.ask(GOOD))
        except ConnectionRefusedError:
            return False
        return True

    process.until(first)
    assert process.until_ready().stop() == 0


def test_events_on_standard_output(launch: Launch, tmp_path: Path) -> None:
    """In a container: events on one stream, a line each, the log on the other."""
    process = launch(events_dir="-", labels_dir="-").until_ready()
    ids = predicted(process.ask(post("/v1/predict", {"instances": [["Sur", "N", 7], ["Norte", "I", 1]]})))
    process.ask(post("/v1/labels", {"labels": [{"id": ids[0], "label": 1}]}))
    assert process.stop() == 0
    events = [json.loads(line) for line in process.output]
    assert [event["id"] for event in events] == [*ids, ids[0]]
    assert not (tmp_path / "events").exists()
    assert process.log


def test_killed(launch: Launch, tmp_path: Path) -> None:
    """What was answered is in the log, though nobody had time to close it; the next process closes it."""
    process = launch().until_ready()
    with process.connect() as connection:
        connection.send(GOOD * 200)
        ids = [predicted(connection.read())[0] for _ in range(120)]
        process.signal(signal.SIGKILL)
        try:
            while True:
                ids += predicted(connection.read())
        except ClosedError:
            pass
    assert process.wait() == -signal.SIGKILL
    assert set(ids) <= set(logged(tmp_path / "events"))
    assert [path.suffix for path in (tmp_path / "events").iterdir()] == [".open"]
    assert launch().until_ready().stop() == 0
    assert [path.suffix for path in (tmp_path / "events").iterdir()] == [".jsonl"]
    assert set(ids) <= set(logged(tmp_path / "events"))


def test_not_ready_while_draining(launch: Launch) -> None:
    """After SIGTERM it answers on, not ready, and asks every caller to go elsewhere; then it ends with 0."""
    process = launch(drain_seconds=1.5).until_ready()
    with process.connect() as idle, process.connect() as half:
        assert not idle.ask(GOOD).closes
        half.send(GOOD[:-5])
        process.signal()
        process.until(lambda: any(entry["message"] == "draining" for entry in process.log))
        assert process.ask(READY).status == 503
        assert process.admin(READY).status == 503
        assert "service_ready 0.0" in process.admin(METRICS).body.decode()
        assert process.ask(LIVE).closes
        fresh = process.ask(GOOD)
        assert predicted(fresh)
        assert fresh.closes
        kept = idle.ask(GOOD)
        assert predicted(kept)
        assert kept.closes
        half.send(GOOD[-5:])
        assert predicted(half.read())
    assert process.wait() == 0


def test_what_is_under_way_is_answered(launch: Launch, tmp_path: Path) -> None:
    """Requests that are half there when listening stops, head or body, on the short way or another, get their answers."""
    process = launch(drain_seconds=0).until_ready()
    body = b'{"instances": [["Sur", "N", 7]]}'
    requests = [GOOD, chunked("/v1/predict", body[:9], body[9:]), GOOD]
    halves = [-7, -7, 40]
    connections = [process.connect() for _ in requests]
    idle = process.connect()
    idle.ask(GOOD)
    for connection, request, half in zip(connections, requests, halves, strict=True):
        connection.send(request[:half])
    for _ in range(2):  # the halves are read before the signal is
        process.ask(LIVE)
    process.signal()
    process.until(lambda: any(entry["message"] == "Shutting down" for entry in process.log))
    ids = []
    for connection, request, half in zip(connections, requests, halves, strict=True):
        connection.send(request[half:])
        answer = connection.read()
        ids += predicted(answer)
        assert answer.closes
        connection.close()
    assert idle.rest() == b""
    idle.close()
    assert process.wait() == 0
    assert set(ids) <= set(logged(tmp_path / "events"))
    assert [path.suffix for path in (tmp_path / "events").iterdir()] == [".jsonl"]


@pytest.mark.parametrize("numbers", [[signal.SIGTERM] * 2, [signal.SIGINT] * 2])
def test_told_more_than_once(launch: Launch, numbers: list[int]) -> None:
    """Twice is once, and Ctrl-C is the same."""
    process = launch(drain_seconds=0.3).until_ready()
    for number in numbers:
        process.signal(number)
    assert process.wait() == 0
    assert not any("Traceback" in line for line in process.lines)


def _hammer(process: ServiceProcess, stop: threading.Event, ids: list[str], errors: list[str]) -> None:
    """Ask over kept connections until told to stop, or told to go elsewhere after the signal."""
    connection = process.connect()
    while not stop.is_set():
        try:
            answer = connection.ask(GOOD)
        except (ClosedError, OSError) as error:
            errors.append(repr(error))
            break
        if answer.status != 200:
            errors.append(repr(answer))
            break
        ids += predicted(answer)
        if answer.closes:
            break
    connection.close()


def test_no_client_sees_the_end(launch: Launch, tmp_path: Path) -> None:
    """SIGTERM under load: every request that was sent is answered, and every answer is in the log."""
    process = launch(drain_seconds=1.0).until_ready()
    stop, ids, errors = threading.Event(), list[str](), list[str]()
    clients = [threading.Thread(target=_hammer, args=(process, stop, ids, errors)) for _ in range(4)]
    for client in clients:
        client.start()
    process.until(lambda: len(ids) > 200)
    process.signal()
    for client in clients:
        client.join()
    assert process.wait() == 0
    assert not errors
    assert sorted(logged(tmp_path / "events")) == sorted(ids)


def _served(process: ServiceProcess) -> set[tuple[str, str]]:
    """What the metrics say is served."""
    series = Exposition(process.admin(METRICS).body.decode(), "text/plain").series("model_info")
    return {(labels["model"], labels["version"]) for labels in map(dict, series)}


def test_reloading_under_load(launch: Launch, models: Path) -> None:
    """Packages come, change, go bad and go away while requests are answered: by SIGHUP and by a call, and none fails."""
    process = launch().until_ready()
    stop, ids, errors = threading.Event(), list[str](), list[str]()
    clients = [threading.Thread(target=_hammer, args=(process, stop, ids, errors)) for _ in range(2)]
    for client in clients:
        client.start()

    packages.delays(models, version="2")
    process.signal(signal.SIGHUP)
    process.until(lambda: ("delays", "2") in _served(process))
    assert process.ask(GOOD).json["version"] == "2"

    packages.total(models)
    reloaded = process.admin(RELOAD)
    assert (reloaded.status, reloaded.json["loaded"]) == (200, ["total/1"])
    assert process.ask(post("/v1/models/total/predict", {"instances": [[1, 2, False]]})).status == 200

    graph = models / "delays" / "2" / MODEL_FILE
    graph.write_bytes(graph.read_bytes() + b" ")
    refused = process.admin(RELOAD)
    assert refused.status == 409
    assert "changed after packaging" in refused.json["refused"]["delays/2"]
    assert process.ask(GOOD).json["version"] == "2"

    shutil.rmtree(models / "delays" / "2")
    shutil.rmtree(models / "total")
    assert set(process.admin(RELOAD).json["removed"]) == {"delays/2", "total/1"}
    assert process.ask(GOOD).json["version"] == "1"
    assert process.ask(post("/v1/models/total/predict", {"instances": [[1, 2, False]]})).status == 404
    assert _served(process) == {("delays", "1")}

    models.rename(models.with_name("moved"))
    gone = process.admin(RELOAD)
    assert gone.status == 500
    assert gone.headers["content-type"] == "application/problem+json"
    process.signal(signal.SIGHUP)
    process.until(lambda: any(entry["message"] == "reload failed" for entry in process.log))
    assert process.ask(GOOD).status == 200

    stop.set()
    for client in clients:
        client.join()
    assert not errors
    assert len(ids) > 50
    assert process.stop() == 0


def test_the_metrics_port(launch: Launch) -> None:
    """What a Prometheus server gets in either format; nothing of it on the port of the API."""
    process = launch().until_ready()
    process.ask(GOOD)
    for accept, kind in (("text/plain", "text/plain"), (OPENMETRICS, "application/openmetrics-text")):
        answer = process.admin(get("/metrics", [f"Accept: {accept}"]))
        assert answer.headers["content-type"].startswith(kind)
        exposition = Exposition(answer.body.decode(), answer.headers["content-type"])
        assert exposition.value("prediction_total", model="delays", version="1", label="0") == 1
        assert exposition.value("service_ready") == 1
    for path in ("/metrics", "/reload"):
        assert process.ask(get(path)).status == 404
        assert process.ask(post(path, b"")).status == 404
    assert process.admin(get("/reload")).status == 405
    assert process.admin(post("/v1/predict", b"{}")).status == 404


@pytest.mark.parametrize("setting", ["port", "metrics_port"])
def test_a_port_that_is_taken(launch: Launch, setting: str) -> None:
    """One line that names the setting, the address and the reason; exit 1."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        process = launch(**{setting: taken.getsockname()[1]})
        assert process.wait() == 1
        (line,) = process.lines
        assert line.startswith(f"service: PUERTA_{setting.upper()}: 127.0.0.1:{taken.getsockname()[1]}")
        assert "in use" in line


def test_nothing_to_serve(launch: Launch, models: Path) -> None:
    """No folder, or no package in it that can be served: it does not start, and says why without a traceback."""
    shutil.rmtree(models)
    missing = launch()
    assert missing.wait() == 1
    models.mkdir()
    empty = launch()
    assert empty.wait() == 1
    (packages.delays(models) / MODEL_FILE).unlink()
    bad = launch()
    assert bad.wait() == 1
    for process, reason in ((missing, "not a folder"), (empty, "no model"), (bad, "model.onnx is missing")):
        assert any(reason in line for line in process.lines), process.lines
        assert not any("Traceback" in line for line in process.lines)
        assert process.lines[-1].startswith("service: ")


def test_a_default_model_that_is_not_there(launch: Launch) -> None:
    """Asked for by name and not packaged: a mistake to be told of at the start, not by 404s."""
    process = launch(default_model="delay")
    assert process.wait() == 1
    assert any("'delay'" in line and "delays" in line for line in process.lines)
    assert not any("Traceback" in line for line in process.lines)


def test_routes_that_can_not_be_opened(launch: Launch) -> None:
    """They are opened after the first predictions; where that fails, the process ends and says why."""
    service = launch(predict_route="/{name}/{name}")
    assert service.wait() == 1
    assert "the routes besides the predictions can't be opened: Duplicated param name" in service.lines[-1]


def test_a_setting_that_makes_no_sense(launch: Launch) -> None:
    """One line, exit 1."""
    process = launch(max_instances="many")
    assert process.wait() == 1
    assert process.lines == ["service: PUERTA_MAX_INSTANCES is 'many', expected a whole number, 1 or more\n"]


def test_a_log_folder_that_is_none(launch: Launch, tmp_path: Path) -> None:
    """Predictions are answered all the same, and what is not logged is counted."""
    (tmp_path / "events").write_text("a file")
    process = launch().until_ready()
    assert process.ask(GOOD).status == 200
    exposition = Exposition(process.admin(METRICS).body.decode(), "text/plain")
    assert exposition.value("prediction_log_failed_total") == 1
    assert process.stop() == 0


def test_a_disk_that_is_full(launch: Launch, tmp_path: Path) -> None:
    """A real one, of 64 kB (or, without root, files of no more): answered, counted, no half line; labels are 503."""
    disk = tmp_path / "disk"
    disk.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", disk], capture_output=True, check=False
    )
    try:
        process = launch(events_dir=disk / "events", labels_dir=disk / "labels").until_ready()
        if mounted.returncode:
            resource.prlimit(process.process.pid, resource.RLIMIT_FSIZE, (60_000, resource.RLIM_INFINITY))
        body = {"instances": [["Sur", "N", 7]] * 20}
        answers = [process.ask(post("/v1/predict", body)) for _ in range(40)]
        assert {answer.status for answer in answers} == {200}
        exposition = Exposition(process.admin(METRICS).body.decode(), "text/plain")
        written, failed = (exposition.value(f"prediction_log_{what}_total") for what in ("written", "failed"))
        assert failed > 0
        assert written + failed == 800
        assert len(logged(disk / "events")) == written
        labels = process.ask(post("/v1/labels", {"labels": [{"id": "a", "label": 1}] * 500}))
        assert labels.status == 503
        assert labels.headers["retry-after"]
        assert process.stop() == 0
        assert all(path.read_bytes().endswith(b"\n") for path in (disk / "events").iterdir())
    finally:
        if not mounted.returncode:
            subprocess.run(["umount", disk], check=True)
