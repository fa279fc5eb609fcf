"""Whether a running gateway has taken a file over is told from its own counters."""

from pathlib import Path

import pytest

from gateway_config.envoy import filters
from gateway_config.envoy.bootstrap import Address
from gateway_config.envoy.rendering import KEYS_FILE
from gateway_config.envoy.uptake import Uptake
from gateway_config.files import write_private
from gateway_config.ports import free_port
from gateway_config.tests.backend import Backend
from gateway_config.tests.envoy_process import RunningGateway, make_gateway


def test_nobody_there() -> None:
    """Where no gateway runs there is nothing to wait for."""
    assert Uptake(Address("127.0.0.1", free_port()), filters.KEYS).wait(10) == "not running"


@pytest.mark.platform
@pytest.mark.usefixtures("_envoy_is_there")
def test_running(policy_file: Path, tmp_path: Path, backend: Backend) -> None:
    """A good file is taken, a broken one is refused and the last good one stays, and no file at all is not noticed."""
    made = make_gateway(policy_file, tmp_path, backend.address)
    with RunningGateway(made) as gateway:
        uptake = Uptake(made.site.admin, filters.KEYS)
        assert uptake.wait(0.1) == "not noticed"
        key = made.new_key("demo")
        assert uptake.wait(10) == "taken"
        uptake = Uptake(made.site.admin, filters.KEYS)
        write_private(made.folder / KEYS_FILE, b"this is not a configuration")
        assert uptake.wait(10) == "refused"
        assert gateway.ask("POST", "/v1/predict", ("x-api-key", key)).status == 200
        uptake = Uptake(made.site.admin, filters.KEYS)
    assert uptake.wait(10) == "not running"
