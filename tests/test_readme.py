"""The top README's commands, run as they stand."""

import json
import os
import re
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.runner import PATIENCE, ROOT, eventually, free_ports

BLOCK = re.compile(r"^```sh\n(.*?)^```", re.MULTILINE | re.DOTALL)
PORTS = (
    "PUERTA_GATEWAY_PORT",
    "PUERTA_GATEWAY_ADMIN_PORT",
    "PUERTA_GATEWAY_METRICS_PORT",
    "PUERTA_PROMETHEUS_PORT",
    "PUERTA_ALERTMANAGER_PORT",
    "PUERTA_MONITORING_METRICS_PORT",
    "PUERTA_CONSOLE_PORT",
    "PUERTA_SERVICE_PORT",
    "PUERTA_METRICS_PORT",
)

pytestmark = [pytest.mark.platform, pytest.mark.xdist_group("readme")]


class Newcomer:
    """Someone who pastes the README's blocks into a shell; only the ports are not the default ones."""

    def __init__(self, state: Path) -> None:
        self.state = state
        self.ports = dict(zip(PORTS, map(str, free_ports(len(PORTS))), strict=True))
        self.environment = os.environ | self.ports | {"PUERTA_STATE_DIR": str(state)}

    def paste(self, block: str) -> str:
        """What a block prints."""
        text = block.replace(":8080", f":{self.ports['PUERTA_GATEWAY_PORT']}").replace(".local/", f"{self.state}/")
        text = text.replace("service predict ", f"service predict --url {self.url} ")
        done = subprocess.run(
            ["bash", "-euc", text],
            cwd=ROOT,
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=PATIENCE,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    @property
    def url(self) -> str:
        """Where the gateway answers."""
        return f"http://127.0.0.1:{self.ports['PUERTA_GATEWAY_PORT']}"


def blocks() -> list[str]:
    """The shell blocks of the README, in order."""
    return BLOCK.findall((ROOT / "README.md").read_text())


@pytest.fixture(scope="module")
def newcomer(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Newcomer]:
    """A newcomer for whom the first block is running."""
    folder = tmp_path_factory.mktemp("readme")
    newcomer = Newcomer(folder / "state")
    output = folder / "output.txt"
    with output.open("wb") as stream:
        command = ["bash", "-euc", f"exec {blocks()[0]}"]
        process = subprocess.Popen(command, cwd=ROOT, env=newcomer.environment, stdout=stream, stderr=stream)
    try:
        eventually(lambda: "Ctrl-C stops everything" in output.read_text() or process.poll() is not None, "make run")
        assert process.poll() is None, output.read_text()
        yield newcomer
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(PATIENCE)  # make itself ends by the signal; what it ran says how it ended
    assert "Everything has stopped.\n" in output.read_text()


def test_the_first_prediction(newcomer: Newcomer) -> None:
    """The README's curl line answers as the README says."""
    answer = json.loads(newcomer.paste(blocks()[1]))
    assert answer["model"] == "flight-delay"
    promised = re.search(r"^```json\n(.*?)^```", (ROOT / "README.md").read_text(), re.MULTILINE | re.DOTALL)
    assert promised is not None
    expected = json.loads(promised[1])
    assert answer["version"] == expected["version"]
    for got, said in zip(answer["predictions"], expected["predictions"], strict=True):
        assert (got["label"], got["probability"]) == (said["label"], said["probability"])


def test_nobody_gets_in_without_a_key_or_from_elsewhere(newcomer: Newcomer) -> None:
    """Without the key 401, from an address that is not on the list 403."""
    answers = newcomer.paste(blocks()[2])
    assert re.findall(r'"code": ?(\d+)', answers) == ["401", "403"]


def test_a_whole_file(newcomer: Newcomer) -> None:
    """The client answers every row of a real file."""
    newcomer.paste(blocks()[3])
    assert len((newcomer.state / "predictions.csv").read_text().splitlines()) == 200
