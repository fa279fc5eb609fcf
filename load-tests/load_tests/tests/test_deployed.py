"""Two addresses compared as if they were deployed: servers of this machine that nobody here started for it."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from load_tests import cli as program
from load_tests import deployed
from load_tests.comparison import ALONE, GatewayError
from load_tests.deployed import DeployedError, Door, Options
from tests.outputs import terraform_outputs

DELAY = 0.05  # seconds that the server which stands for the gateway adds


@contextmanager
def serve(
    *, header: str = "", value: str = "", delay: float = 0.0, breaks_after: int = 0, hangs_up: bool = False
) -> Iterator[str]:
    """A server that wants a header, waits, answers, and breaks from some request on; its address."""
    asked, pause = 0, threading.Event()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True

        def do_POST(self) -> None:
            nonlocal asked
            asked += 1
            self.rfile.read(int(self.headers["content-length"]))
            pause.wait(delay)
            if hangs_up and breaks_after and asked > breaks_after:
                self.close_connection = True
                return
            status = 200 if not header or self.headers.get(header) == value else 401
            self.send_response(500 if breaks_after and asked > breaks_after else status)
            self.send_header("content-length", "2")
            self.end_headers()
            self.wfile.write(b"{}")

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def _quiet(_: str) -> None:
    pass


@pytest.mark.platform
def test_the_command_compares_two_addresses(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """From Terraform's outputs, with token and key from files that show up nowhere: what the second adds is found."""
    (tmp_path / "token").write_text("an-identity-token\n")
    (tmp_path / "key").write_text("an-api-key\n")
    with (
        serve(header="authorization", value="Bearer an-identity-token") as direct,
        serve(header="x-api-key", value="an-api-key", delay=DELAY) as gateway,
    ):
        outputs = {"service_url": {"sensitive": False, "type": "string", "value": direct}, "gateway_url": gateway}
        (tmp_path / "outputs.json").write_text(json.dumps(outputs))
        files = ["--outputs", tmp_path / "outputs.json", "--out", tmp_path / "results"]
        files += ["--direct-token-file", tmp_path / "token", "--key-file", tmp_path / "key"]
        code = program.main(["compare", *map(str, files), "--rounds", "2", "--seconds", "1"])
    said = capsys.readouterr()
    assert code == 0, said.out
    told = json.loads((tmp_path / "results" / "gateway-deployed.json").read_text())
    added = told["added_ms"]["gateway"]["over_direct"][ALONE]["p50"]
    assert DELAY / 2 < added["median"] / 1e3 < DELAY * 5
    page = (tmp_path / "results" / "gateway-deployed.md").read_text()
    assert direct in page
    assert gateway in page
    assert (tmp_path / "results" / "gateway-deployed.png").stat().st_size
    assert all(secret not in said.out + said.err + page + str(told) for secret in ("an-identity-token", "an-api-key"))


@pytest.mark.platform
@pytest.mark.parametrize(("hangs_up", "said"), [(False, "an answer 500"), (True, "no answer: RemoteDisconnected")])
def test_what_is_not_answered_with_200_is_a_problem(hangs_up: bool, said: str) -> None:
    """With its count and round."""
    with serve() as direct, serve(breaks_after=20, hangs_up=hangs_up) as gateway:
        doors = {"direct": Door(direct), "gateway": Door(gateway)}
        found = deployed.compare(Options(doors, rounds=1, seconds=1), _quiet)
    (problem,) = found.problems
    assert problem.startswith("gateway, round 1: ")
    assert problem.endswith(f" times: {said}")


@pytest.mark.platform
def test_a_gateway_without_a_lock_is_not_measured() -> None:
    """Who answers without the key is no gateway; who does not answer with 200 at all is not measured either."""
    with serve() as direct:
        with pytest.raises(GatewayError, match="200 came without a key, expected 401"):
            deployed.compare(
                Options({"direct": Door(direct), "gateway": Door(direct, {"x-api-key": "k"})}, 1, 1), _quiet
            )
        with (
            serve(header="x-api-key", value="another") as closed,
            pytest.raises(DeployedError, match="gateway: http.*401 came, expected 200"),
        ):
            deployed.compare(Options({"direct": Door(direct), "gateway": Door(closed, {"x-api-key": "k"})}), _quiet)
    with pytest.raises(DeployedError, match="no answer: ConnectionRefusedError"):
        deployed.compare(Options({"direct": Door(direct), "gateway": Door(direct)}), _quiet)


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("ftp://service.example", "expected a URL"),
        ("service.example", "expected a URL"),
        ("http://service.example", "sent in the open, expected https"),
    ],
)
def test_a_secret_is_sent_to_nobody_who_could_be_anybody(url: str, said: str) -> None:
    """A key goes out over TLS only, but on this machine; nothing is asked before that is known."""
    door = Door(url, {"x-api-key": "a-secret"})
    with pytest.raises(DeployedError, match=said) as raised:
        deployed.compare(Options({"direct": door, "gateway": door}), _quiet)
    assert "a-secret" not in str(raised.value) + repr(door)


@pytest.mark.platform
def test_outputs_of_terraform(tmp_path: Path) -> None:
    """A file of `terraform output -json`, as Terraform itself writes it, says both addresses beside all else."""
    told = {"service_url": "https://a.example", "gateway_url": "https://b.example", "key_commands": {"acme": "gcloud"}}
    path = terraform_outputs(tmp_path, **told)
    assert deployed.read_outputs(path) == {"direct": "https://a.example", "gateway": "https://b.example"}


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("{", "expected Terraform's outputs as JSON"),
        ("[]", "service_url: None came, expected a URL"),
        ('{"service_url": "https://a.example"}', "gateway_url: None came"),
        ('{"service_url": {"value": 7}, "gateway_url": "https://b.example"}', "service_url: {'value': 7} came"),
    ],
)
def test_outputs_that_are_none_are_named(content: str, said: str, tmp_path: Path) -> None:
    """With the file, the name and what came."""
    path = tmp_path / "outputs.json"
    path.write_text(content)
    with pytest.raises(DeployedError, match="outputs.json: ") as raised:
        deployed.read_outputs(path)
    assert said in str(raised.value)


@pytest.mark.parametrize("content", [None, "", "two words", "schlüssel"])
def test_a_file_that_holds_no_key_is_named(content: str | None, tmp_path: Path) -> None:
    """Without repeating what is in it."""
    path = tmp_path / "key"
    if content is not None:
        path.write_text(content, encoding="utf-8")
    with pytest.raises(DeployedError, match="key: ") as raised:
        deployed.read_secret(path)
    assert "two" not in str(raised.value)


def test_one_address_is_no_comparison(capsys: pytest.CaptureFixture[str]) -> None:
    """The command says what is missing."""
    assert program.main(["compare", "--direct", "https://a.example"]) == 1
    assert "expected --direct and --gateway" in capsys.readouterr().err
