"""The commands: what they print, where, and how they fail."""

import io
from collections.abc import Callable
from pathlib import Path

import pytest

from gateway_config.__main__ import run
from gateway_config.keys.store import KeyStore, well_formed

Command = Callable[..., tuple[int, str, str]]


@pytest.fixture
def command(tmp_path: Path, policy_file: Path) -> Command:
    """Runs a command on the tests' policy and gives its exit code, its output and its errors."""

    def call(*arguments: str, **environment: str) -> tuple[int, str, str]:
        out, err = io.StringIO(), io.StringIO()
        settings = {"PUERTA_GATEWAY_POLICY": str(policy_file), "PUERTA_STATE_DIR": str(tmp_path)} | environment
        return run(list(arguments), settings, out, err), out.getvalue(), err.getvalue()

    return call


@pytest.mark.platform
@pytest.mark.usefixtures("_envoy_is_there")
def test_render(command: Command, tmp_path: Path) -> None:
    """The files are written, and the command that runs them is printed."""
    code, out, err = command("render", PUERTA_GATEWAY_TOKEN="tell-no-1")  # noqa: S106 - of a test
    assert (code, err) == (0, "")
    folder = tmp_path / "gateway"
    texts = {path.name: path.read_text() for path in folder.iterdir() if path.is_file()}
    assert f"--config-path {folder / 'bootstrap.yaml'}" in out
    assert [name for name, text in texts.items() if "tell-no-1" in text] == ["bootstrap.yaml"]
    assert any("port_value: 8001" in text for text in texts.values())


def test_new_key(command: Command, tmp_path: Path) -> None:
    """A key is alone on standard output, so that it can go into a file; its hash is kept."""
    code, out, err = command("keys", "new", "demo")
    key = out.removesuffix("\n")
    assert code == 0
    assert well_formed(key)
    assert "shown this once" in err
    assert KeyStore(tmp_path / "gateway" / "keys.json").knows("demo", key)


def test_key_for_nobody(command: Command, tmp_path: Path) -> None:
    """A client that the policy does not have gets no key."""
    code, out, err = command("keys", "new", "nobody")
    assert (code, out) == (1, "")
    assert err == "'nobody' is no client of the policy, which has demo, narrow, far\n"
    assert not (tmp_path / "gateway").exists()


@pytest.mark.parametrize(
    ("environment", "said"),
    [
        ({"PUERTA_GATEWAY_PORT": "x"}, "PUERTA_GATEWAY_PORT is 'x', expected a port, 1 to 65535\n"),
        ({"PUERTA_GATEWAY_POLICY": "nowhere.yaml"}, "nowhere.yaml: no such file or directory\n"),
    ],
)
def test_mistakes(command: Command, environment: dict[str, str], said: str) -> None:
    """A mistake is one line on standard error and exit code 1."""
    assert command("check", **environment) == (1, "", said)


def test_settings(command: Command) -> None:
    """The settings are listed with default and meaning."""
    code, out, _ = command("settings")
    assert code == 0
    assert "PUERTA_GATEWAY_PORT        8080 " in out
