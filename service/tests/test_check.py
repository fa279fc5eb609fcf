"""The check says everything that is wrong with a set-up at once, in plain words, with what to do about it."""

import errno
import http.server
import io
import os
import shutil
import socket
import threading
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from types import SimpleNamespace
from typing import Any, NoReturn, TypeAlias

import pytest

from gateway_config import settings as gateway_settings
from gateway_config.ports import free_port
from model_files.manifest import MANIFEST_FILE, decode
from puerta.settings import Settings as PlatformSettings
from service import check
from service.check import Finding
from service.settings import Settings
from service.tests import packages

MakeSettings: TypeAlias = Callable[..., Settings]


def said(findings: Iterator[Finding]) -> list[str]:
    """What is wrong, without what to do; every finding has both."""
    found = list(findings)
    assert all(finding.what and finding.remedy and "\n" not in finding.what for finding in found)
    return [finding.what for finding in found]


@pytest.fixture
def models_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of two models, with nothing wrong in it."""
    folder = tmp_path_factory.mktemp("models")
    packages.delays(folder)
    packages.delays(folder, version="2")
    packages.colours(folder)
    return folder


# Settings.


def test_every_setting_that_can_not_be_read_is_said() -> None:
    """Not the first one alone; for what follows they count as not set, and the others keep their values."""
    environment = {
        "PUERTA_PORT": "abc",
        "AIP_HEALTH_ROUTE": "health",
        "PUERTA_MAX_INSTANCES": "70000",
        "PUERTA_TRACE_RATIO": "2",
        "PUERTA_THREADS": "3",
    }
    settings, findings = check.readable(environment)
    assert settings == Settings(threads=3)
    assert sorted(finding.what for finding in findings) == [
        "AIP_HEALTH_ROUTE is 'health', expected a path that starts with /",
        "PUERTA_MAX_INSTANCES is 70000, expected 65536 or less",
        "PUERTA_PORT is 'abc', expected a port, 0 to 65535",
        "PUERTA_TRACE_RATIO is '2', expected a ratio, 0 to 1",
    ]
    remedies = {finding.what.split()[0]: finding.remedy for finding in findings}
    assert remedies["PUERTA_PORT"] == "correct PUERTA_PORT, or unset it for 8001"
    assert remedies["AIP_HEALTH_ROUTE"] == "correct AIP_HEALTH_ROUTE, or unset it"


def test_a_setting_against_another_ones_default_is_said() -> None:
    """The events in the labels' own folder: only the first is set, so it is the one to correct."""
    settings, findings = check.readable({"PUERTA_EVENTS_DIR": ".local/labels", "PUERTA_THREADS": "3"})
    assert settings == Settings(threads=3)
    [finding] = findings
    assert finding.remedy == "correct PUERTA_EVENTS_DIR, or unset it for .local/events"


@pytest.mark.parametrize(
    ("variable", "meant"),
    [
        ("PUERTA_MODEL_DIR", "PUERTA_MODELS_DIR"),
        ("PUERTA_METRIC_PORT", "PUERTA_METRICS_PORT"),
        ("PUERTA_MAX_BODY_BYTE", "PUERTA_MAX_BODY_BYTES"),
        ("PUERTA_DEFAULTMODEL", "PUERTA_DEFAULT_MODEL"),
        ("puerta_port", "PUERTA_PORT"),
    ],
)
def test_a_misspelt_setting_is_said(variable: str, meant: str) -> None:
    """With the one that it looks like; its value may be a secret and is not shown."""
    [finding] = check.misspelt({variable: "a-secret", "PATH": "/bin"})
    assert finding == Finding(f"{variable} is no setting, so it changes nothing", f"rename it to {meant}, if meant")


def test_other_programs_settings_are_none_of_its_business() -> None:
    """The prefix is shared: with the gateway, with the program that starts everything, with the client."""
    others = {variable for variable, _, _ in gateway_settings.describe(gateway_settings.Settings)}
    others |= {variable for variable, _, _ in gateway_settings.describe(PlatformSettings)}
    assert "PUERTA_INSTANCES" in others
    assert said(check.misspelt(dict.fromkeys((*others, "PUERTA_API_KEY", "PUERTA_PORT"), "1"))) == []


# Models.


def test_models_that_are_served_are_fine(make_settings: MakeSettings) -> None:
    """Nothing is said of what works."""
    assert said(check.models(make_settings(unseen=(("delays", "count"),)), {})) == []


def test_every_package_that_would_be_refused_is_said(make_settings: MakeSettings, tmp_path: Path) -> None:
    """Why, as the service itself says; and what lies there without a manifest, which it overlooks."""
    folder = tmp_path / "models"
    tampered = packages.delays(folder)
    (tampered / "model.onnx").write_bytes(b"else")
    foreign = packages.total(folder)
    (foreign / "model.pkl").write_bytes(b"")
    broken = packages.colours(folder)
    (broken / "manifest.json").write_text("{")
    overlooked = packages.grades(folder)
    (overlooked / "manifest.json").unlink()
    packages.quotient(folder)
    found = said(check.models(make_settings(models_dir=str(folder), default_model=""), {}))
    assert len(found) == 4
    assert found[0].startswith("the model package colours/1: manifest.json: ")
    assert found[1].startswith("the model package delays/1: model.onnx has the SHA-256 ")
    assert found[2].startswith("the model package total/1: model.pkl does not belong in a package")
    assert found[3] == f"the model package {overlooked} has no manifest.json"


def test_a_graph_that_does_not_run_is_said(make_settings: MakeSettings, tmp_path: Path) -> None:
    """The models are loaded and run, not only read."""
    path = packages.delays(tmp_path)
    manifest = decode((path / MANIFEST_FILE).read_bytes())
    packages.write(tmp_path, manifest, b"no graph")
    [found] = said(check.models(make_settings(models_dir=str(tmp_path), default_model=""), {}))[:-1]
    assert found.startswith("the model package delays/1: the graph does not run: ")


@pytest.mark.parametrize(
    ("location", "complaint"),
    [
        ("nowhere", "PUERTA_MODELS_DIR: nowhere: not a folder, expected <name>/<version>/manifest.json below it"),
        (
            "http://models",
            "PUERTA_MODELS_DIR: the models are at 'http://models', expected a folder, ",
        ),
    ],
)
def test_a_models_folder_that_is_none_is_said(make_settings: MakeSettings, location: str, complaint: str) -> None:
    """Once, not once more for every model that is not in it."""
    [found] = said(check.models(make_settings(models_dir=location), {}))
    assert found.startswith(complaint)


def test_an_empty_models_folder_is_said(make_settings: MakeSettings, tmp_path: Path) -> None:
    """Nothing to serve is wrong, though nothing was refused."""
    assert said(check.models(make_settings(models_dir=str(tmp_path), default_model=""), {})) == [
        f"PUERTA_MODELS_DIR: no model to serve in {tmp_path}"
    ]


def test_names_that_no_model_has_are_said(make_settings: MakeSettings) -> None:
    """The default model is a problem, a policy for a model that is not there a warning; both name those that are."""
    missing, idle = check.models(make_settings(default_model="flights", unseen=(("trains", "count"),)), {})
    assert missing.what == "PUERTA_DEFAULT_MODEL is 'flights', and there is no such model"
    assert "(colours, delays)" in missing.remedy
    assert (idle.what, idle.warning) == ("PUERTA_UNSEEN names 'trains', and there is no such model", True)


# Ports.


@pytest.mark.platform
def test_a_port_that_is_taken_is_said(make_settings: MakeSettings) -> None:
    """With its variable; the other one is free."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        [finding] = check.ports(make_settings(metrics_port=port))
    assert finding.what == f"PUERTA_METRICS_PORT: 127.0.0.1:{port} can't be listened on: Address already in use"
    assert "PUERTA_METRICS_PORT" in finding.remedy
    assert said(check.ports(make_settings(metrics_port=port))) == []


@pytest.mark.platform
def test_one_port_for_both_is_said(make_settings: MakeSettings) -> None:
    """The API's and the metrics' port must differ."""
    port = free_port()
    [finding] = check.ports(make_settings(port=port, metrics_port=port))
    assert finding.remedy == "give PUERTA_PORT and PUERTA_METRICS_PORT different ports"


@pytest.mark.platform
@pytest.mark.parametrize("host", ["192.0.2.1", "2001:db8::1", "no address"])
def test_an_address_of_another_machine_is_said(make_settings: MakeSettings, host: str) -> None:
    """With what the host may be instead."""
    findings = list(check.ports(make_settings(host=host)))
    assert len(findings) == 2
    assert all("PUERTA_HOST" in finding.remedy and "127.0.0.1" in finding.remedy for finding in findings)


# Logs.


def test_log_folders_that_can_be_written_are_fine(make_settings: MakeSettings, tmp_path: Path) -> None:
    """They are not made by the check, and nothing is left in them."""
    assert said(check.logs(make_settings())) == []
    assert list(tmp_path.iterdir()) == []
    assert said(check.logs(make_settings(events_dir="-", labels_dir="-"))) == []


@pytest.mark.parametrize("below", ["file", "file/events"])
def test_a_log_folder_that_can_not_be_written_is_said(make_settings: MakeSettings, tmp_path: Path, below: str) -> None:
    """Here because a file is in its place, which not even root gets past."""
    (tmp_path / "file").touch()
    [finding] = check.logs(make_settings(events_dir=str(tmp_path / below)))
    assert finding.what.startswith(f"PUERTA_EVENTS_DIR: {tmp_path / below} can't be written: ")
    assert "- for standard output" in finding.remedy


def test_a_full_disk_is_said(make_settings: MakeSettings, monkeypatch: pytest.MonkeyPatch) -> None:
    """Found by writing: a quota that is used up looks free to everybody else."""

    def full(_: int) -> NoReturn:
        raise OSError(errno.EDQUOT, os.strerror(errno.EDQUOT))

    monkeypatch.setattr(os, "fsync", full)
    events, labels = said(check.logs(make_settings()))
    assert events.endswith("/events is on a full disk")
    assert labels.endswith("/labels is on a full disk")


def test_a_disk_that_is_nearly_full_is_a_warning(make_settings: MakeSettings, monkeypatch: pytest.MonkeyPatch) -> None:
    """Less than a segment is left."""
    monkeypatch.setattr(shutil, "disk_usage", lambda _: SimpleNamespace(free=10_000_000))
    findings = list(check.logs(make_settings(segment_bytes=64_000_000, labels_dir="-")))
    assert [finding.warning for finding in findings] == [True]
    assert findings[0].what.endswith("/events has 10 MB left, less than one segment (64 MB)")
    assert said(check.logs(make_settings(segment_bytes=1_000_000))) == []


def test_one_folder_for_both_logs_is_said(make_settings: MakeSettings, tmp_path: Path) -> None:
    """Also where two names lead to it, which the settings alone can't see."""
    (tmp_path / "events").mkdir()
    (tmp_path / "labels").symlink_to(tmp_path / "events")
    assert said(check.logs(make_settings())) == [f"events and labels go to the same folder, {tmp_path / 'events'}"]


# Traces.


class Receiver(http.server.BaseHTTPRequestHandler):
    """Takes traces where OTLP does."""

    def do_POST(self) -> None:
        """Answer as a collector does."""
        self.send_response(200 if self.path == "/v1/traces" else 404)
        self.send_header("content-length", "0")
        self.end_headers()

    def log_message(self, *_: Any) -> None:
        """Nothing."""


@pytest.fixture
def receiver() -> Iterator[str]:
    """The address of a receiver of traces."""
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Receiver) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_address[1]}"
        server.shutdown()
        thread.join()


@pytest.mark.platform
def test_a_receiver_of_traces_is_asked(make_settings: MakeSettings, receiver: str) -> None:
    """One that takes them is fine; one at another path is said, as is one that is not there."""
    assert said(check.traces(make_settings(otlp_endpoint=f"{receiver}/v1/traces"))) == []
    [wrong] = said(check.traces(make_settings(otlp_endpoint=receiver)))
    assert wrong == f"PUERTA_OTLP_ENDPOINT: {receiver} answers 404: it takes no traces at this path"
    [gone] = said(check.traces(make_settings(otlp_endpoint=f"http://127.0.0.1:{free_port()}/v1/traces")))
    assert "can't be reached" in gone
    assert "Connection refused" in gone


@pytest.mark.parametrize("endpoint", ["127.0.0.1:4318", "file:///etc/passwd", "grpc://collector:4317"])
def test_what_is_no_http_address_is_said(make_settings: MakeSettings, endpoint: str) -> None:
    """Without touching it."""
    assert said(check.traces(make_settings(otlp_endpoint=endpoint))) == [
        f"PUERTA_OTLP_ENDPOINT is {endpoint!r}, which is no http address"
    ]


def test_no_traces_need_no_receiver(make_settings: MakeSettings) -> None:
    """The default."""
    assert said(check.traces(make_settings())) == []


# Stopping.


@pytest.mark.parametrize(
    ("environment", "grace", "warned"),
    [
        ({}, 10.0, False),
        ({"K_SERVICE": "puerta"}, 10.0, True),
        ({"PUERTA_GRACE_SECONDS": "10"}, 10.0, True),
        ({"K_SERVICE": "puerta"}, 6.0, False),
    ],
)
def test_a_stop_that_takes_too_long_is_a_warning(environment: Mapping[str, str], grace: float, warned: bool) -> None:
    """On Cloud Run, or where somebody set the times; the defaults on a laptop are nobody's fault."""
    findings = list(check.stopping(Settings(drain_seconds=3.0, grace_seconds=grace), environment))
    assert [finding.warning for finding in findings] == ([True] if warned else [])
    if warned:
        assert "13 s together, and Cloud Run kills 10 s after SIGTERM" in findings[0].what


# The command.


@pytest.mark.platform
def test_all_is_said_at_once(tmp_path: Path) -> None:
    """Every kind of problem in one run, each with what to do, then how many; the exit code is 1."""
    environment = {
        "PUERTA_PORT": "abc",
        "PUERTA_METRICS_PORT": "0",
        "PUERTA_HOST": "192.0.2.1",
        "PUERTA_MODEL_DIR": "x",
        "PUERTA_MODELS_DIR": str(tmp_path / "nowhere"),
        "PUERTA_EVENTS_DIR": f"{__file__}/events",
        "PUERTA_LABELS_DIR": str(tmp_path),
        "PUERTA_OTLP_ENDPOINT": "nonsense",
        "PUERTA_GRACE_SECONDS": "60",
    }
    out = io.StringIO()
    assert check.run(environment, out) == 1
    lines = out.getvalue().splitlines()
    problems = [line for line in lines if line.startswith("problem: ")]
    assert len(problems) == 7
    assert sum(line.startswith("     do: ") for line in lines) == 8
    assert lines[-1] == "7 problems, 1 warning"


@pytest.mark.platform
def test_a_good_set_up_is_exit_code_0(tmp_path: Path, models_dir: Path) -> None:
    """Warnings keep nobody from starting."""
    environment = {
        "PUERTA_PORT": "0",
        "PUERTA_METRICS_PORT": "0",
        "PUERTA_MODELS_DIR": str(models_dir),
        "PUERTA_EVENTS_DIR": str(tmp_path / "events"),
        "PUERTA_LABELS_DIR": str(tmp_path / "labels"),
    }
    out = io.StringIO()
    assert check.run(environment, out) == 0
    assert out.getvalue() == "0 problems, 0 warnings\n"
    out = io.StringIO()
    assert check.run({**environment, "K_SERVICE": "puerta", "PUERTA_GRACE_SECONDS": "10"}, out) == 0
    assert out.getvalue().endswith("\n0 problems, 1 warning\n")
