"""Keys are long, random and checkable; the store holds hashes, for its owner's eyes only."""

import stat
import threading
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway_config.keys import KeyStore, KeyStoreError, digest, make_key, well_formed


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
        ('{"version": 1, "keys": [{"client": "demo", "sha256": "x", "created": ""}]}', r"keys\[0\].sha256"),
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
