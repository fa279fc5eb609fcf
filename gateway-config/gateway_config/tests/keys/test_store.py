"""Keys are long, random and checkable; the store holds hashes, for its owner's eyes only."""

import datetime as dt
import hashlib
import hmac
import stat
import threading
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway_config.keys.store import (
    Key,
    KeyStore,
    KeyStoreError,
    State,
    digest,
    has_form,
    make_key,
    peppered,
    policy_keys,
    well_formed,
)
from gateway_config.policy.model import Client, Defaults, Policy, PolicyKey

NOW = dt.datetime(2026, 11, 21, 12, tzinfo=dt.UTC)


def test_form() -> None:
    """A key has the scanner's prefix, letters and digits, and one length; no two are alike."""
    keys = {make_key() for _ in range(1000)}
    assert len(keys) == 1000
    assert all(well_formed(key) and key.startswith("puerta_local_") and len(key) == 50 for key in keys)


@given(st.integers(0, 49), st.characters(codec="ascii", categories=["Lu", "Ll", "Nd"]))
def test_mistyped(place: int, character: str) -> None:
    """A key with one character changed is told from a right one by itself."""
    key = make_key()
    mistyped = key[:place] + character + key[place + 1 :]
    assert well_formed(mistyped) == (mistyped == key)


@given(st.text(max_size=60))
def test_any_text_is_no_key(text: str) -> None:
    """Whatever is not of a key's form is no key, and asking does no harm."""
    assert not well_formed(text)


def test_store(tmp_path: Path) -> None:
    """The store knows its keys by their hash, keeps them in order and never holds one."""
    path = tmp_path / "state" / "keys.json"
    store = KeyStore(path)
    assert store.read() == ()
    first, second = store.add("demo"), store.add("other")
    assert [(key.client, key.sha256) for key in store.read()] == [("demo", digest(first)), ("other", digest(second))]
    assert store.knows("demo", first)
    assert not store.knows("demo", second)
    assert first not in path.read_text()
    assert second not in path.read_text()


def test_store_is_private(tmp_path: Path) -> None:
    """Only the owner may read the store, and the folder made for it."""
    store = KeyStore(tmp_path / "state" / "keys.json")
    store.add("demo")
    assert stat.S_IMODE((tmp_path / "state" / "keys.json").stat().st_mode) == 0o600
    assert stat.S_IMODE((tmp_path / "state").stat().st_mode) == 0o700


def test_keys_made_at_once(tmp_path: Path) -> None:
    """Keys made at the same time are all kept."""
    stores = [KeyStore(tmp_path / "keys.json") for _ in range(8)]
    threads = [threading.Thread(target=store.add, args=(f"client-{i}",)) for i, store in enumerate(stores)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert {key.client for key in stores[0].read()} == {f"client-{i}" for i in range(8)}


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("", "Input data was truncated"),
        ('{"version": 2, "keys": []}', "version"),
        ('{"version": 1, "keys": [{"client": "demo", "sha256": "x"}]}', r"keys\[0\].sha256"),
        ('{"version": 1, "keys": [{"client": "demo"}]}', r"expected one of sha256 and hmac_sha256 - at `\$.keys\[0\]`"),
        (
            '{"version": 1, "keys": [{"client": "demo", "sha256": "%s", "created": "2026-11-21T00:00:00"}]}'
            % ("0" * 64),
            r"keys\[0\].created",
        ),
    ],
)
def test_broken_store(tmp_path: Path, content: str, said: str) -> None:
    """A store that can't be read is named, and never overwritten."""
    path = tmp_path / "keys.json"
    path.write_text(content)
    for use in (KeyStore(path).read, lambda: KeyStore(path).add("demo")):
        with pytest.raises(KeyStoreError, match=said) as caught:
            use()
        assert str(path) in str(caught.value)
    assert path.read_text() == content


def test_store_that_is_a_folder(tmp_path: Path) -> None:
    """A store that is no file is named."""
    with pytest.raises(KeyStoreError, match="is a directory"):
        KeyStore(tmp_path).read()


class Clock:
    """A clock that a test sets."""

    def __init__(self) -> None:
        self.now = NOW

    def __call__(self) -> dt.datetime:
        return self.now


@pytest.fixture
def clock() -> Clock:
    """Noon."""
    return Clock()


@pytest.fixture
def store(tmp_path: Path, clock: Clock) -> KeyStore:
    """A store that is not there yet."""
    return KeyStore(tmp_path / "keys.json", clock=clock)


def test_what_is_kept(store: KeyStore) -> None:
    """Of a key: whose, its hash, its first characters, when it was made and ends, and what it is for."""
    key = store.add("demo", NOW + dt.timedelta(days=90), "the nightly job")
    assert store.read() == (
        Key(
            client="demo",
            sha256=hashlib.sha256(key.encode()).hexdigest(),
            prefix=key[:18],
            created=NOW,
            expires=NOW + dt.timedelta(days=90),
            note="the nightly job",
        ),
    )


def test_two_live_keys_at_most(store: KeyStore, clock: Clock) -> None:
    """A third key is refused with what to do; one that was revoked or has expired is no longer in the way."""
    first = store.add("demo")
    store.add("demo", NOW + dt.timedelta(days=1))
    with pytest.raises(
        KeyStoreError, match=f"demo has 2 live keys already .{first[:18]} and .*keys revoke demo PREFIX"
    ):
        store.add("demo")
    assert store.add("other")
    store.revoke("demo", first[:18])
    store.add("demo")
    clock.now += dt.timedelta(days=1)
    assert store.add("demo")
    assert len(store.live("demo")) == 2


def test_over_already(store: KeyStore) -> None:
    """A key that would have expired before it is made is refused."""
    with pytest.raises(KeyStoreError, match="expires at 2026-11-21 12:00 UTC would be of no use"):
        store.add("demo", NOW)
    assert store.read() == ()


@given(st.integers(-100, 100))
def test_expires_at_the_second(seconds: int) -> None:
    """Until the second before a key is live, from the very second on it has expired, and revoked it is revoked."""
    moment = NOW + dt.timedelta(seconds=seconds)
    expected: State = "expired" if seconds >= 0 else "live"
    assert Key(client="demo", sha256="0" * 64, expires=NOW).state(moment) == expected
    assert Key(client="demo", sha256="0" * 64, expires=NOW, revoked=NOW).state(moment) == "revoked"
    assert Key(client="demo", sha256="0" * 64).state(moment) == "live"


def test_rotate(store: KeyStore, clock: Clock) -> None:
    """The next key is made beside the old one, which ends after the grace given, and never later than it would have."""
    old = store.add("demo", NOW + dt.timedelta(days=2))
    new, replaced = store.rotate("demo", grace=dt.timedelta(days=7))
    assert replaced.expires == NOW + dt.timedelta(days=2)
    assert store.knows("demo", old)
    assert store.knows("demo", new)
    with pytest.raises(KeyStoreError, match="has 2 live keys already"):
        store.rotate("demo")
    clock.now += dt.timedelta(days=2)
    assert not store.knows("demo", old)
    _, replaced = store.rotate("demo", grace=dt.timedelta(hours=1))
    assert replaced.expires == clock.now + dt.timedelta(hours=1)
    assert replaced.prefix == new[:18]


def test_rotate_without_grace(store: KeyStore) -> None:
    """Without a grace the old key goes on until it is revoked."""
    old = store.add("demo")
    _, replaced = store.rotate("demo")
    assert (replaced.prefix, replaced.expires) == (old[:18], None)


def test_rotate_nothing(store: KeyStore) -> None:
    """A client without a live key has none to rotate."""
    with pytest.raises(KeyStoreError, match="demo has no live key to rotate: make one with `keys new demo`"):
        store.rotate("demo")


def test_revoke(store: KeyStore, clock: Clock) -> None:
    """A revoked key is live no more, and is remembered as revoked."""
    first, second = store.add("demo"), store.add("demo")
    clock.now += dt.timedelta(hours=1)
    (revoked,) = store.revoke("demo", first[:18])
    assert revoked.prefix == first[:18]
    assert not store.knows("demo", first)
    assert store.knows("demo", second)
    found = store.find(first)
    assert found is not None
    assert found.revoked == clock.now
    with pytest.raises(KeyStoreError, match="no key of demo begins like that"):
        store.revoke("demo", first[:18])
    assert len(store.revoke("demo", "all")) == 1
    assert store.live("demo") == ()


@pytest.mark.parametrize("prefix", ["", "puerta_live_", "demo"])
def test_revoke_nothing(store: KeyStore, prefix: str) -> None:
    """What no key begins with takes none away, and is not repeated: it may be a whole key."""
    key = store.add("demo")
    with pytest.raises(KeyStoreError, match=f"no key of demo begins like that; there are: {key[:18]}."):
        store.revoke("demo", prefix)
    with pytest.raises(KeyStoreError) as caught:
        store.revoke("demo", key)
    assert key not in str(caught.value)
    assert store.knows("demo", key)


def test_revoke_is_exact(store: KeyStore) -> None:
    """A prefix that two keys share takes neither away; another client's key is nobody's business."""
    store.add("demo")
    store.add("demo")
    other = store.add("other")
    with pytest.raises(KeyStoreError, match="2 keys of demo begin like that"):
        store.revoke("demo", "puerta_local_")
    with pytest.raises(KeyStoreError, match="no key of demo begins like that"):
        store.revoke("demo", other[:18])
    assert len(store.live("demo")) == 2


def test_pepper(tmp_path: Path) -> None:
    """With a pepper a key's HMAC is kept, and only who has the pepper can tell the key."""
    path = tmp_path / "keys.json"
    store = KeyStore(path, "pepper")
    key = store.add("demo")
    (kept,) = store.read()
    assert kept.sha256 is None
    assert kept.hmac_sha256 == peppered(key, "pepper") == hmac.new(b"pepper", key.encode(), "sha256").hexdigest()
    assert store.knows("demo", key)
    assert not KeyStore(path, "other").knows("demo", key)
    assert not KeyStore(path).knows("demo", key)
    assert "pepper" not in path.read_text()


def test_keys_of_before_the_pepper(tmp_path: Path) -> None:
    """A key made before there was a pepper goes on."""
    key = KeyStore(tmp_path / "keys.json").add("demo")
    assert KeyStore(tmp_path / "keys.json", "pepper").knows("demo", key)


def test_keys_of_the_policy(tmp_path: Path) -> None:
    """What the policy names is known beside the store's, counts among the live ones, and is not the store's to change."""
    key = make_key()
    named = PolicyKey(sha256=digest(key), prefix=key[:18], created=dt.date(2026, 11, 1), expires=dt.date(2026, 12, 1))
    client = Client(owner="x", cidrs="any", operations="all", keys=(named,))
    policy = Policy(
        defaults=Defaults(deadline_seconds=1, max_body_bytes=1),
        operations={},
        clients={"demo": client},
        environments={},
    )
    (known,) = policy_keys(policy)
    assert known.expires == dt.datetime(2026, 12, 1, tzinfo=dt.UTC)
    store = KeyStore(tmp_path / "keys.json", elsewhere=policy_keys(policy), clock=lambda: NOW)
    assert store.knows("demo", key)
    with pytest.raises(KeyStoreError, match="Those that the policy names are taken away there"):
        store.revoke("demo", key[:18])
    with pytest.raises(KeyStoreError, match="stands in the policy: give it `expires` there"):
        store.rotate("demo", grace=dt.timedelta(days=1))
    store.rotate("demo")
    with pytest.raises(KeyStoreError, match="2 live keys"):
        store.add("demo")
    assert [kept.client for kept in store.read()] == ["demo"]


def test_form_without_checksum() -> None:
    """A mistyped key has a key's form still."""
    key = make_key()
    assert has_form(key)
    assert has_form(key[:-1] + ("0" if key[-1] != "0" else "1"))
    assert not has_form(key[:-1])
