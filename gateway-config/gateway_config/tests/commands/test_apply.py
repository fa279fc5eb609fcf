"""The ``apply`` command, as somebody uses it who has just edited the policy of a gateway that runs."""

import io
from collections.abc import Callable
from pathlib import Path

import pytest

from gateway_config.__main__ import run
from gateway_config.envoy.bootstrap import Address
from gateway_config.local import LocalGateway
from gateway_config.ports import free_port
from gateway_config.settings import Settings, read_settings
from gateway_config.tests.backend import Backend
from gateway_config.tests.envoy_process import RunningGateway

pytestmark = [pytest.mark.platform, pytest.mark.xdist_group("reloading"), pytest.mark.usefixtures("_envoy_is_there")]

Command = Callable[..., tuple[int, str, str]]


@pytest.fixture
def environment(tmp_path: Path, policy_file: Path) -> dict[str, str]:
    """Settings of a gateway of the test's own, with a policy that it may edit."""
    policy = tmp_path / "policy.yaml"
    policy.write_text(policy_file.read_text())
    return {
        "PUERTA_GATEWAY_POLICY": str(policy),
        "PUERTA_STATE_DIR": str(tmp_path / "state"),
        "PUERTA_GATEWAY_ACCESS_LOG": str(tmp_path / "access.jsonl"),
        "PUERTA_GATEWAY_PORT": str(free_port()),
        "PUERTA_GATEWAY_ADMIN_PORT": str(free_port()),
    }


@pytest.fixture
def command(environment: dict[str, str]) -> Command:
    """Runs a command and gives its exit code, its output and its errors."""

    def call(*arguments: str) -> tuple[int, str, str]:
        out, err = io.StringIO(), io.StringIO()
        return run(list(arguments), environment, out, err), out.getvalue(), err.getvalue()

    return call


def opened(environment: dict[str, str], *backends: Address) -> LocalGateway:
    """The gateway of these settings, started with a secret that whoever applies does not know."""
    return LocalGateway.open(read_settings(Settings, {**environment, "PUERTA_GATEWAY_TOKEN": "of-this-run"}), backends)


def test_add_a_client(command: Command, environment: dict[str, str], backend: Backend) -> None:
    """Edit, make a key, apply, call: the new client is let in, the instances and the run's secret are as they were."""
    with RunningGateway(opened(environment, backend.address)) as gateway:
        assert command("apply") == (0, "taken over  nothing: all is as it was\n", "")
        policy = Path(environment["PUERTA_GATEWAY_POLICY"])
        new = "clients:\n  acme: {owner: tests, cidrs: [127.0.0.1/32], operations: [get_model]}\n"
        policy.write_text(policy.read_text().replace("clients:\n", new))
        code, key, _ = command("keys", "new", "acme")
        assert code == 0
        assert command("apply")[0] == 0
        caller = ("x-api-key", key.strip())
        assert gateway.ask("GET", "/v1/models/x", caller).json == {"backend": str(backend.address)}
        assert gateway.ask("POST", "/v1/predict", caller).status == 403
        assert backend.seen[-1].header("x-gateway-token") == ["of-this-run"]
        policy.write_text(policy.read_text().replace("[get_model]", "all"))
        assert command("apply") == (0, "taken over  keys.yaml\n", "")
        assert gateway.ask("POST", "/v1/predict", caller).status == 200


def test_other_instances(command: Command, environment: dict[str, str], backend: Backend) -> None:
    """They answer from then on; those that are not there are refused by name."""
    with Backend() as other, RunningGateway(opened(environment, backend.address)) as gateway:
        code, out, err = command("apply", "--backends", f"{other.address}")
        assert (code, err) == (0, "")
        assert out == f"taken over  nothing: all is as it was\ninstances   {other.address}\n"
        gateway.ask("GET", "/health/live")
        assert (len(other.seen), backend.seen) == (1, [])
    code, _, err = command("apply", "--backends", "nowhere")
    assert (code, err) == (1, "--backends: 'nowhere' came, expected host:port\n")


def test_mistakes(command: Command, environment: dict[str, str], backend: Backend) -> None:
    """A policy with a mistake changes nothing and is told where it is wrong."""
    with RunningGateway(opened(environment, backend.address)) as gateway:
        policy = Path(environment["PUERTA_GATEWAY_POLICY"])
        good = policy.read_text()
        policy.write_text(good.replace("127.0.0.0/24", "127.0.0.0/99"))
        code, out, err = command("apply")
        assert (code, out) == (1, "")
        assert err.startswith(f"{policy}:16: clients.narrow.cidrs[0]: ")
        assert gateway.ask("GET", "/health/live").status == 200


def test_what_is_not_taken_over_is_told(command: Command, environment: dict[str, str], backend: Backend) -> None:
    """A field that only a new start takes over is named, and that no gateway is there to take anything over."""
    opened(environment, backend.address).write()
    policy = Path(environment["PUERTA_GATEWAY_POLICY"])
    policy.write_text(policy.read_text().replace("local: {", "local: {trusted_hops: 2, "))
    admin = f"127.0.0.1:{environment['PUERTA_GATEWAY_ADMIN_PORT']}"
    code, out, err = command("apply")
    assert (code, err) == (0, "")
    assert out.splitlines() == [
        "taken over  nothing: all is as it was",
        "not yet     environments.local.trusted_hops: only a new start takes it over",
        f"no gateway answers at {admin}: what was written is for the next start",
    ]


def test_nothing_rendered(command: Command) -> None:
    """Without anything to change the error says how to get there."""
    code, _, err = command("apply")
    assert code == 1
    assert "python -m gateway_config render" in err
