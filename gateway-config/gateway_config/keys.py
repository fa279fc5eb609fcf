"""API keys: how one looks, and the local store, which holds only their hashes.

A key is ``puerta_local_<30 characters>_<6 characters>``, letters and digits: the prefix lets secret scanners find one
that leaked, 30 random characters are 178 bits, and the last six are a CRC-32, which tells a mistyped key from a wrong
one without a look-up. A key that random needs no slow hash: SHA-256 cannot be searched back.
"""

import fcntl
import hashlib
import re
import secrets
import string
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from gateway_config.files import make_private_folder, write_private

_ALPHABET = string.digits + string.ascii_uppercase + string.ascii_lowercase
_PREFIX = "puerta_local"
_RANDOM = 30
_CHECKSUM = 6  # 62 ** 6 is more than 2 ** 32
_FORM = re.compile(rf"{_PREFIX}_[0-9A-Za-z]{{{_RANDOM}}}_[0-9A-Za-z]{{{_CHECKSUM}}}")


class KeyStoreError(ValueError):
    """A key store that cannot be read, or a change to it that makes no sense."""


def make_key() -> str:
    """A new key, from the operating system's randomness."""
    body = f"{_PREFIX}_{''.join(secrets.choice(_ALPHABET) for _ in range(_RANDOM))}"
    return f"{body}_{_checksum(body)}"


def well_formed(text: str) -> bool:
    """Whether a text can be a key at all: its form and its checksum are right."""
    return _FORM.fullmatch(text) is not None and text.endswith(_checksum(text.rpartition("_")[0]))


def digest(key: str) -> str:
    """What is stored of a key: its SHA-256, in hexadecimal."""
    return hashlib.sha256(key.encode()).hexdigest()


def _checksum(body: str) -> str:
    number, text = zlib.crc32(body.encode()), ""
    for _ in range(_CHECKSUM):
        number, place = divmod(number, len(_ALPHABET))
        text = _ALPHABET[place] + text
    return text


class Key(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What is known of a key: whose it is, its hash and when it was made (ISO 8601, UTC)."""

    client: str
    sha256: Annotated[str, Meta(pattern=r"^[0-9a-f]{64}$")]
    created: str


class _File(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    version: Literal[1]
    keys: tuple[Key, ...]


class KeyStore:
    """The hashes of this machine's keys, in a file that only its owner may read."""

    def __init__(self, path: Path) -> None:
        """The file need not be there yet."""
        self._path = path

    def read(self) -> tuple[Key, ...]:
        """All keys, oldest first; none if the file is not there.

        Raises:
            KeyStoreError: if the file can't be read or is no key store.
        """
        try:
            text = self._path.read_bytes()
        except FileNotFoundError:
            return ()
        except OSError as error:
            raise KeyStoreError(f"{self._path}: {(error.strerror or 'cannot be read').lower()}") from error
        try:
            return msgspec.json.decode(text, type=_File).keys
        except msgspec.DecodeError as error:
            raise KeyStoreError(f"{self._path}: {error}") from error

    def knows(self, client: str, key: str) -> bool:
        """Whether ``key`` is one of the client's."""
        return any(known.client == client and known.sha256 == digest(key) for known in self.read())

    def add(self, client: str) -> str:
        """Make a key for a client and keep its hash. The key itself is returned once and is nowhere else.

        Raises:
            KeyStoreError: if the file can't be read or is no key store.
        """
        key = make_key()
        made = Key(client=client, sha256=digest(key), created=datetime.now(UTC).isoformat(timespec="seconds"))
        with self._alone():
            text = msgspec.json.encode(_File(version=1, keys=(*self.read(), made)))
            write_private(self._path, msgspec.json.format(text, indent=2) + b"\n")
        return key

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """Keeps other processes from changing the store; the file itself is replaced, so that another one is locked."""
        make_private_folder(self._path.parent)
        with self._path.with_suffix(".lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield
