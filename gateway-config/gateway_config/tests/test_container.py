"""In a container the gateway finds its backends by name, makes the demo client's key, and keeps all state in a folder.

That it lets in whoever has that key, and ends without dropping a request, is tested where its image is made.
"""

from pathlib import Path

import pytest

from gateway_config import container
from gateway_config.envoy.bootstrap import Address
from gateway_config.keys.store import KeyStore, well_formed
from gateway_config.settings import SettingsError

ROOT = Path(__file__).parents[3]
POLICY = ROOT / "gateway-config" / "policy.yaml"


def variables(folder: Path, **more: str) -> dict[str, str]:
    """What the image sets, in a folder of the test's own."""
    return {"PUERTA_STATE_DIR": str(folder), "PUERTA_GATEWAY_POLICY": str(folder / "policy.yaml"), **more}


def test_backends_are_addresses_with_ports() -> None:
    """Addresses are taken as they are, in order and once; IPv6 in square brackets."""
    assert container.backends("") == ()
    assert container.backends("127.0.0.2:8001, 127.0.0.1:8002,127.0.0.2:8001") == (
        Address("127.0.0.2", 8001),
        Address("127.0.0.1", 8002),
    )
    assert container.backends("[::1]:8001") == (Address("::1", 8001),)


def test_a_name_is_every_address_behind_it() -> None:
    """A compose service with two replicas is one name."""
    assert Address("127.0.0.1", 8001) in container.backends("localhost:8001")


@pytest.mark.parametrize("text", ["service", "service:", ":8001", "service:http", "service:70000"])
def test_what_is_no_backend_is_refused(text: str) -> None:
    """With the variable and what was expected."""
    with pytest.raises(SettingsError, match=r"PUERTA_GATEWAY_BACKENDS: .* came, expected host:port"):
        container.backends(text)


def test_a_name_that_is_unknown_is_refused() -> None:
    """By name; .invalid is nobody's (RFC 6761)."""
    with pytest.raises(SettingsError, match=r"PUERTA_GATEWAY_BACKENDS: 'service\.invalid' can't be found"):
        container.backends("service.invalid:8001")


@pytest.mark.platform
@pytest.mark.usefixtures("_envoy_is_there")
def test_what_envoy_reads_is_prepared(tmp_path: Path) -> None:
    """The backends, the demo client's key, and its networks; the next start keeps the key."""
    environment = variables(
        tmp_path,
        PUERTA_GATEWAY_BACKENDS="127.0.0.2:8001",
        PUERTA_GATEWAY_DEMO_CIDRS="10.0.0.0/8, 172.16.0.0/12",
    )
    gateway = container.prepare(POLICY, environment)
    assert gateway.site.backends == (Address("127.0.0.2", 8001),)
    assert gateway.policy.clients["demo"].cidrs == ("10.0.0.0/8", "172.16.0.0/12")
    key = (tmp_path / "demo.key").read_text().strip()
    assert well_formed(key)
    assert (tmp_path / "demo.key").stat().st_mode & 0o777 == 0o600
    assert KeyStore(tmp_path / "gateway" / "keys.json").knows("demo", key)
    assert key not in gateway.bootstrap.read_text()
    assert "/dev/stdout" in gateway.bootstrap.read_text()
    container.prepare(POLICY, environment)
    assert (tmp_path / "demo.key").read_text().strip() == key


@pytest.mark.platform
@pytest.mark.usefixtures("_envoy_is_there")
def test_without_other_networks_the_policy_holds(tmp_path: Path) -> None:
    """The copy that later commands read is the policy, byte for byte."""
    container.prepare(POLICY, variables(tmp_path))
    assert (tmp_path / "policy.yaml").read_bytes() == POLICY.read_bytes()


@pytest.mark.parametrize(
    ("content", "more", "complaint"),
    [
        (None, {}, "No such file or directory"),
        ("version: 1", {"PUERTA_GATEWAY_DEMO_CIDRS": "10.0.0.0/8"}, "clients.demo is not there"),
        ("[", {"PUERTA_GATEWAY_DEMO_CIDRS": "10.0.0.0/8"}, "not YAML"),
        ("version: 1", {"PUERTA_GATEWAY_BACKENDS": "service"}, "expected host:port"),
        (POLICY.read_text(), {"PUERTA_GATEWAY_DEMO_CIDRS": "nowhere"}, "nowhere"),
    ],
)
def test_a_mistake_is_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], content: str | None, more: dict[str, str], complaint: str
) -> None:
    """On standard error, and exit code 1."""
    path = tmp_path / "mine.yaml"
    if content is not None:
        path.write_text(content)
    assert container.main([str(path)], variables(tmp_path / "state", **more)) == 1
    errors = capsys.readouterr().err
    assert errors.startswith("gateway: ")
    assert errors.count("\n") == 1
    assert complaint in errors
