"""``python -m load_tests rate``."""

from pathlib import Path

import msgspec
import pytest

from load_tests.cli import main
from load_tests.measurement import Measurement
from load_tests.paths import WRK_BODIES
from load_tests.tests.slow_server import SlowServer

pytestmark = pytest.mark.platform


def test_a_run_is_told_second_by_second_and_kept(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The real flights go out with the key of the file; the table has a line for each second, the file has everything."""
    key = tmp_path / "key"
    key.write_text("pk_secret\n")
    out = tmp_path / "run.json"
    with SlowServer() as server:
        code = main(["rate", server.url, "--rate", "100", "--seconds", "2", "--key-file", str(key), "--out", str(out)])
    told = capsys.readouterr().out
    assert (code == 0) == ("PROBLEM" not in told)
    assert [line.split()[0] for line in told.splitlines()[2:5]] == ["0", "1", "all"]
    assert msgspec.json.decode(out.read_bytes(), type=Measurement).requests == 200
    assert all(b"x-api-key: pk_secret\r\n" in request for request in server.requests)
    sent = {request.partition(b"\r\n\r\n")[2] for request in server.requests}
    assert sent <= set(WRK_BODIES.read_bytes().splitlines())
    assert len(sent) > 20


def test_answers_that_are_no_2xx_are_told_by_the_exit_code(capsys: pytest.CaptureFixture[str]) -> None:
    """A gateway that refuses is no good run."""
    refusal = b"HTTP/1.1 401 Unauthorized\r\ncontent-length: 0\r\n\r\n"
    with SlowServer(answers=(refusal,)) as server:
        assert main(["rate", server.url, "--rate", "20", "--seconds", "1"]) == 1
    assert "PROBLEM: 20 answers 401" in capsys.readouterr().out


def test_nobody_there_is_an_error(capsys: pytest.CaptureFixture[str]) -> None:
    """One line says that nobody listens."""
    assert main(["rate", "http://127.0.0.1:9/", "--rate", "20", "--seconds", "1"]) == 1
    assert capsys.readouterr().err.startswith("error: the open loop failed on http://127.0.0.1:9/")
