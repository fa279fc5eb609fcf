"""A key of this machine's own, kept in a file."""

from pathlib import Path

import pytest

from gateway_config.envoy.bootstrap import Address
from gateway_config.keys.kept import kept_key
from gateway_config.keys.store import KeyStoreError
from gateway_config.tests.envoy_process import make_gateway

NOWHERE = Address("127.0.0.1", 1)


def test_the_kept_key_is_given_again(policy_file: Path, tmp_path: Path) -> None:
    """As long as it is a live one of the client's; only its owner can read the file."""
    gateway = make_gateway(policy_file, tmp_path, NOWHERE)
    path = tmp_path / "demo.key"
    key = kept_key(gateway, "demo", path)
    assert kept_key(gateway, "demo", path) == key == path.read_text().strip()
    assert path.stat().st_mode & 0o777 == 0o600


def test_a_lost_key_is_revoked(policy_file: Path, tmp_path: Path) -> None:
    """However often it is lost; a key that somebody else made stays."""
    gateway = make_gateway(policy_file, tmp_path, NOWHERE)
    path = tmp_path / "demo.key"
    other = gateway.new_key("demo")
    lost = [kept_key(gateway, "demo", path)]
    for _ in range(3):
        path.unlink()
        lost.append(kept_key(gateway, "demo", path))
    assert [gateway.store.knows("demo", key) for key in [other, *lost]] == [True, False, False, False, True]


def test_two_keys_of_another_origin_are_left_alone(policy_file: Path, tmp_path: Path) -> None:
    """What to do is told."""
    gateway = make_gateway(policy_file, tmp_path, NOWHERE)
    for _ in range(2):
        gateway.new_key("demo")
    with pytest.raises(KeyStoreError, match="revoke"):
        kept_key(gateway, "demo", tmp_path / "demo.key")
