"""The predict command: its key, its exit codes, and whole runs against a service that really runs."""

import argparse
import csv
import io
import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from pathlib import Path

import pytest
from pyarrow import parquet

from gateway_config.ports import free_port
from service.client import command as client
from service.tests.packages import delay_probability

ROOT = Path(__file__).parents[3]
PATIENCE = 60  # seconds; only a program that hangs takes them
HEADER = "AIRLINE,KIND,MONTH"


def command(arguments: list[str], environment: Mapping[str, str] | None = None) -> tuple[int, str, str]:
    """Run the command in this process: its exit code, and what it wrote."""
    parser = argparse.ArgumentParser()
    client.configure(parser)
    stdout, stderr = io.StringIO(), io.StringIO()
    code = client.run(parser.parse_args(arguments), environment or {}, stdout, stderr)
    return code, stdout.getvalue(), stderr.getvalue()


def test_the_key_comes_from_a_file_or_the_environment(tmp_path: Path) -> None:
    """The file counts more; without either there is none."""
    (tmp_path / "key").write_text("from-file\n")
    environment = {client.KEY_VARIABLE: "from-environment"}
    assert client.read_key(tmp_path / "key", environment) == "from-file"
    assert client.read_key(None, environment) == "from-environment"
    assert client.read_key(None, {client.KEY_VARIABLE: ""}) is None
    assert client.read_key(None, {}) is None


@pytest.mark.parametrize(
    ("content", "complaint"), [(None, "No such file or directory"), (b"\n", "empty"), (b"\xff", "not a key")]
)
def test_a_key_file_that_holds_none_is_refused(tmp_path: Path, content: bytes | None, complaint: str) -> None:
    """By name, without what is in it."""
    if content is not None:
        (tmp_path / "key").write_bytes(content)
    with pytest.raises(client.KeyFileError, match=f"--key-file .*key: {complaint}"):
        client.read_key(tmp_path / "key", {})


def test_the_key_is_no_option() -> None:
    """What is on a command line is seen by everybody on the machine."""
    parser = argparse.ArgumentParser()
    client.configure(parser)
    assert not [option for option in parser._option_string_actions if option in {"--key", "--api-key"}]
    assert client.EXIT_CODES in parser.format_help()


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (["nowhere.csv", "--out", "out.csv"], "nowhere.csv: no such file; out.csv was not written"),
        (["in.csv", "--out", "out.txt"], "out.txt: the suffix is '.txt', expected one of .csv, .tsv, .parquet"),
        (["in.csv", "--out", "out.csv", "--key-file", "nothing"], "--key-file nothing: No such file or directory"),
        (["in.csv", "--out", "out.csv", "--url", "nonsense"], "the URL is not one"),
    ],
)
def test_a_mistake_is_one_line_and_exit_code_1(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, arguments: list[str], complaint: str
) -> None:
    """On standard error, before anything is sent."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "in.csv").write_text(f"{HEADER}\n")
    code, stdout, stderr = command(arguments)
    assert (code, stdout) == (1, "")
    assert stderr.startswith(f"service: {complaint}")
    assert stderr.count("\n") == 1


@pytest.mark.parametrize(
    "option", [["--batch", "0"], ["--retries", "-1"], ["--in-flight", "x"], ["--on-error", "hide"]]
)
def test_a_command_line_that_makes_no_sense_is_exit_code_2(
    option: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    """As argparse says it."""
    with pytest.raises(SystemExit) as ended:
        command(["in.csv", "--out", "out.csv", *option])
    assert ended.value.code == 2
    assert option[0] in capsys.readouterr().err


def test_without_its_libraries_it_says_how_to_get_them(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where only what serves is installed, as in the image."""
    monkeypatch.setitem(sys.modules, "httpx2", None)
    monkeypatch.delitem(sys.modules, "service.client.endpoint", raising=False)
    monkeypatch.delitem(sys.modules, "service.client.file_prediction", raising=False)
    code, _, stderr = command([str(tmp_path / "in.csv"), "--out", str(tmp_path / "out.csv")])
    assert code == 1
    assert stderr == "service: predict needs httpx2: pip install 'puerta[client]'\n"


class Programs:
    """The service and the command, as programs of their own."""

    def __init__(self, folder: Path, models: Path, stack: ExitStack) -> None:
        self.folder = folder
        self.port = free_port()
        self.events = folder / "events"
        self._models = models
        self._stack = stack

    def serve(self) -> subprocess.Popen[bytes]:
        """Start the service."""
        variables = {
            "PUERTA_PORT": str(self.port),
            "PUERTA_METRICS_PORT": "0",
            "PUERTA_MODELS_DIR": str(self._models),
            "PUERTA_DEFAULT_MODEL": "delays",
            "PUERTA_EVENTS_DIR": str(self.events),
            "PUERTA_LABELS_DIR": str(self.folder / "labels"),
            "PUERTA_DRAIN_SECONDS": "0",
        }
        return self._start([], variables)

    def predict(self, *arguments: str, key: str = "") -> subprocess.Popen[bytes]:
        """Start the command."""
        url = f"http://127.0.0.1:{self.port}"
        return self._start(["predict", *arguments, "--url", url], {client.KEY_VARIABLE: key})

    def finish(self, *arguments: str) -> tuple[int, str, str]:
        """Run the command to its end: its exit code, and what it wrote."""
        process = self.predict(*arguments)
        stdout, stderr = process.communicate(timeout=PATIENCE)
        return process.returncode, stdout.decode(), stderr.decode()

    def _start(self, arguments: list[str], variables: Mapping[str, str]) -> subprocess.Popen[bytes]:
        inherited = {name: value for name, value in os.environ.items() if not name.startswith("PUERTA_")}
        path = os.pathsep.join([str(ROOT), str(ROOT / "model-files")])
        process = subprocess.Popen(
            [sys.executable, "-m", "service", *arguments],
            cwd=self.folder,
            env={**inherited, "PYTHONPATH": path, **variables},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        self._stack.callback(_end, process)
        return process


def _end(process: subprocess.Popen[bytes]) -> None:
    process.kill()
    process.communicate()


@pytest.fixture
def programs(tmp_path: Path, models_dir: Path) -> Iterator[Programs]:
    """Programs in a folder of the test's own; none outlives it."""
    with ExitStack() as stack:
        yield Programs(tmp_path, models_dir, stack)


@pytest.mark.platform
def test_a_file_is_predicted_by_a_service_that_runs(programs: Programs) -> None:
    """CSV and Parquet in and out; the log has an event for every row, under the row's id."""
    programs.serve()
    airlines = ("Norte", "Sur", "Grupo Ñandú")
    flights = [(airlines[number % 3], "IN"[number % 2], number % 12 + 1) for number in range(2500)]
    with (programs.folder / "in.csv").open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([HEADER.split(","), *flights])
    code, stdout, stderr = programs.finish("in.csv", "--out", "out.parquet", "--batch", "300")
    assert code == 0, stderr
    assert stdout.startswith("out.parquet: 2,500 rows answered in ")
    written = parquet.read_table(programs.folder / "out.parquet")
    expected = [delay_probability(airline, month) for airline, _, month in flights]
    assert written.column("probability").to_pylist() == expected
    assert written.column("AIRLINE").to_pylist() == [airline for airline, _, _ in flights]
    events = [json.loads(line) for path in programs.events.iterdir() for line in path.read_text().splitlines()]
    assert sorted(event["id"] for event in events) == sorted(written.column("id").to_pylist())
    code, stdout, stderr = programs.finish("out.parquet", "--out", "again.csv", "--prefix", "again_", "--version", "1")
    assert code == 0, stderr
    with (programs.folder / "again.csv").open(newline="", encoding="utf-8") as file:
        assert [float(row["again_probability"]) for row in csv.DictReader(file)] == expected


@pytest.mark.platform
def test_rows_at_fault_are_exit_code_1_or_3(programs: Programs) -> None:
    """1 and no file where they end the run; 3 and a file with the reasons where they are skipped."""
    programs.serve()
    (programs.folder / "in.csv").write_text(f"{HEADER}\nSur,N,1\nSur,N,13\nSur,N,2\n")
    code, stdout, stderr = programs.finish("in.csv", "--out", "out.csv")
    assert (code, stdout) == (1, "")
    assert "in.csv, row 2 (line 3): MONTH: 13 came, expected one of 1, 2" in stderr
    assert stderr.endswith("out.csv was not written\n")
    assert "Traceback" not in stderr
    assert not (programs.folder / "out.csv").exists()
    code, stdout, _ = programs.finish("in.csv", "--out", "out.csv", "--on-error", "skip")
    assert code == 3
    assert stdout.startswith("out.csv: 2 rows answered, 1 skipped in ")
    with (programs.folder / "out.csv").open(newline="", encoding="utf-8") as file:
        assert [bool(row["error"]) for row in csv.DictReader(file)] == [False, True, False]


@pytest.mark.platform
def test_a_service_that_comes_later_is_waited_for(programs: Programs) -> None:
    """A connection that is refused is tried again, so a restart costs a run nothing but time."""
    (programs.folder / "in.csv").write_text(f"{HEADER}\nSur,N,1\n")
    process = programs.predict("in.csv", "--out", "out.csv")
    assert process.stderr is not None
    assert b"can't be reached" in process.stderr.readline()
    programs.serve()
    _, stderr = process.communicate(timeout=PATIENCE)
    assert process.returncode == 0, stderr
    assert (programs.folder / "out.csv").exists()


@pytest.mark.platform
@pytest.mark.parametrize(
    ("number", "code", "word"), [(signal.SIGINT, 130, "interrupted"), (signal.SIGTERM, 143, "terminated")]
)
def test_a_run_that_is_ended_leaves_no_file(programs: Programs, number: signal.Signals, code: int, word: str) -> None:
    """At once, though the other side never answers; it says so, and the key is in none of what it says."""
    (programs.folder / "in.csv").write_text(f"{HEADER}\nSur,N,1\n")
    key = "puerta_local_a_key_that_nobody_may_see"
    with socket.create_server(("127.0.0.1", programs.port)) as listener:
        process = programs.predict("in.csv", "--out", "out.csv", "--model", "delays", key=key)
        connection, _ = listener.accept()
        with connection:
            asked = connection.recv(65_536)
            assert key.encode() in asked
            features = [{"name": name, "type": "categorical", "categories": []} for name in HEADER.split(",")]
            said = json.dumps({"version": "1", "features": features}).encode()
            connection.sendall(b"HTTP/1.1 200 OK\r\ncontent-length: %d\r\n\r\n%b" % (len(said), said))
            assert connection.recv(65_536).startswith(b"POST /v1/models/delays/versions/1/predict ")
            assert any(path.suffix == ".part" for path in programs.folder.iterdir())
            process.send_signal(number)
            stdout, stderr = process.communicate(timeout=PATIENCE)
    assert process.returncode == code
    assert stderr.decode() == f"service: {word}; out.csv was not written\n"
    assert key.encode() not in stdout + stderr
    assert [path.name for path in programs.folder.iterdir()] == ["in.csv"]


def test_nothing_that_serves_is_needed() -> None:
    """Who only asks installs ``puerta[client]``; and who only serves loads none of the client's libraries."""
    served = "fastapi, msgspec, numpy, onnxruntime, prometheus_client, uvicorn"
    asking = (
        f"import sys; sys.modules.update(dict.fromkeys('{served}'.split(', '))); import service.client.file_prediction"
    )
    serving = "import service.__main__, sys; print({'httpx2', 'pyarrow', 'rich'} & set(sys.modules))"
    path = os.pathsep.join([str(ROOT), str(ROOT / "model-files")])
    for code, printed in ((asking, ""), (serving, "set()\n")):
        done = subprocess.run(
            [sys.executable, "-c", code],
            env={**os.environ, "PYTHONPATH": path},
            capture_output=True,
            text=True,
            check=False,
        )
        assert (done.stderr, done.stdout) == ("", printed)
