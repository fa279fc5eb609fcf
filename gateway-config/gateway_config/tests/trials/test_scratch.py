"""A gateway for a trial starts with keys of its own, answers, and leaves nothing behind."""

import http.client
from importlib.resources import files
from pathlib import Path

import pytest

from gateway_config.envoy import program
from gateway_config.trials.scratch import Scratch, ScratchError

pytestmark = [pytest.mark.platform, pytest.mark.usefixtures("_envoy_is_there")]

POLICY = files("gateway_config.trials").joinpath("storm.yaml").read_text()


def test_scratch() -> None:
    """It lets its own key in, whose hash needs its own pepper, and is gone afterwards."""
    with Scratch(POLICY) as scratch:
        key = scratch.gateway.store.add("wide")
        assert scratch.gateway.store.read()[0].hmac_sha256
        scratch.start()
        address, folder = scratch.gateway.site.listen, scratch.gateway.folder
        connection = http.client.HTTPConnection(address.host, address.port, timeout=10)
        connection.request("GET", "/v1/models", headers={"x-api-key": key})
        assert connection.getresponse().status == 200
        connection.close()
        assert [seen.path for seen in scratch.witness.seen] == ["/v1/models"]
        assert scratch.pepper not in scratch.logs()
    assert not folder.exists()
    with pytest.raises(ConnectionRefusedError):
        http.client.HTTPConnection(address.host, address.port, timeout=10).connect()


def test_envoy_that_ends(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """What Envoy says when it does not start is told, and its folder is gone all the same."""
    with Scratch(POLICY) as scratch:
        folder = scratch.gateway.folder
        broken = tmp_path / "broken.yaml"
        broken.write_text("no: configuration")
        command = program.command(broken, workers=1)
        monkeypatch.setattr(type(scratch.gateway), "command", property(lambda _: command))
        with pytest.raises(ScratchError, match="Envoy did not start: .*unknown fields"):
            scratch.start()
    assert not folder.exists()
