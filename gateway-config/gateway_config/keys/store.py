"""API keys: how one looks, and the local store, which holds only their hashes.

A key is ``puerta_local_<30 characters>_<6 characters>``, letters and digits: the prefix lets secret scanners find one
that leaked, 30 random characters are 178 bits, and the last six are a CRC-32, which tells a mistyped key from a wrong
one without a look-up. A key that random needs no slow hash: SHA-256 cannot be searched back. With a pepper its
HMAC-SHA-256 is kept instead, so that whoever can write the store still can't make a key that is let in.
"""

import datetime as dt
import fcntl
import hashlib
import hmac
import re
import secrets
import string
import zlib
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from gateway_config.files import make_private_folder, write_private
from gateway_config.policy.model import Policy

LIVE_AT_MOST = 2  # keys of one client: the one in use and the one that is to replace it
VISIBLE = 18  # characters of a key that tell it from its client's others; 30 of its 178 random bits

_ALPHABET = string.digits + string.ascii_uppercase + string.ascii_lowercase
_PREFIX = "puerta_local"
_RANDOM = 30
_CHECKSUM = 6  # 62 ** 6 is more than 2 ** 32
_FORM = re.compile(rf"{_PREFIX}_[0-9A-Za-z]{{{_RANDOM}}}_[0-9A-Za-z]{{{_CHECKSUM}}}")

Moment = Annotated[dt.datetime, Meta(tz=True)]
Hash = Annotated[str, Meta(pattern=r"^[0-9a-f]{64}$")]
State = Literal["live", "expired", "revoked"]


class KeyStoreError(ValueError):
    """A key store that cannot be read, or a change to it that makes no sense."""


def make_key() -> str:
    """A new key, from the operating system's randomness."""
    body = f"{_PREFIX}_{''.join(secrets.choice(_ALPHABET) for _ in range(_RANDOM))}"
    return f"{body}_{_checksum(body)}"


def has_form(text: str) -> bool:
    """Whether a text looks like a key, whatever its checksum says."""
    return _FORM.fullmatch(text) is not None


def well_formed(text: str) -> bool:
    """Whether a text can be a key at all: its form and its checksum are right."""
    return has_form(text) and text.endswith(_checksum(text.rpartition("_")[0]))


def digest(key: str) -> str:
    """What is stored of a key where there is no pepper: its SHA-256, in hexadecimal."""
    return hashlib.sha256(key.encode()).hexdigest()


def peppered(key: str, pepper: str) -> str:
    """What is stored of a key where there is a pepper: its HMAC-SHA-256 (RFC 2104), in hexadecimal."""
    return hmac.new(pepper.encode(), key.encode(), hashlib.sha256).hexdigest()


def _checksum(body: str) -> str:
    number, text = zlib.crc32(body.encode()), ""
    for _ in range(_CHECKSUM):
        number, place = divmod(number, len(_ALPHABET))
        text = _ALPHABET[place] + text
    return text


class Key(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True, omit_defaults=True):
    """What is known of a key: whose it is and one of its two hashes. From ``expires`` on it is refused.

    ``prefix`` are its first characters, for people. A revoked key is kept, so that ``verify`` can say what became of it;
    the gateway is not told of it.
    """

    client: str
    sha256: Hash | None = None
    hmac_sha256: Hash | None = None
    prefix: str = ""
    created: Moment | None = None
    expires: Moment | None = None
    revoked: Moment | None = None
    note: str = ""

    def __post_init__(self) -> None:
        """Hold that there is exactly one hash."""
        if (self.sha256 is None) == (self.hmac_sha256 is None):
            raise ValueError("expected one of sha256 and hmac_sha256")

    def state(self, now: dt.datetime) -> State:
        """What the key is worth at a moment."""
        if self.revoked is not None:
            return "revoked"
        return "expired" if self.expires is not None and self.expires <= now else "live"

    def is_hash_of(self, key: str, pepper: str) -> bool:
        """Whether this is what is known of ``key``; how long that takes does not tell how near it came."""
        if self.sha256 is not None:
            return hmac.compare_digest(self.sha256, digest(key))
        return bool(pepper) and hmac.compare_digest(self.hmac_sha256 or "", peppered(key, pepper))


class _File(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    version: Literal[1]
    keys: tuple[Key, ...]


def policy_keys(policy: Policy) -> tuple[Key, ...]:
    """The keys that the policy itself names. One with a day to expire on is refused from that day's first second, UTC."""
    return tuple(
        Key(
            client=name,
            sha256=key.sha256,
            hmac_sha256=key.hmac_sha256,
            prefix=key.prefix,
            created=_midnight(key.created),
            expires=_midnight(key.expires),
            note=key.note,
        )
        for name, client in policy.clients.items()
        for key in client.keys
    )


def _midnight(day: dt.date | None) -> dt.datetime | None:
    return None if day is None else dt.datetime.combine(day, dt.time(), dt.UTC)


def _clock() -> dt.datetime:
    return dt.datetime.now(dt.UTC).replace(microsecond=0)


class KeyStore:
    """The hashes of this machine's keys, in a file that only its owner may read. With a ``pepper`` new ones are HMACs.

    ``elsewhere`` are keys that are known beside the file's; they count among the live ones of a client.
    """

    def __init__(
        self,
        path: Path,
        pepper: str = "",
        elsewhere: Iterable[Key] = (),
        clock: Callable[[], dt.datetime] = _clock,
    ) -> None:
        """The file need not be there yet."""
        self._path, self._pepper, self._elsewhere, self._clock = path, pepper, tuple(elsewhere), clock

    def now(self) -> dt.datetime:
        """The time that decides what is live, in whole seconds, UTC."""
        return self._clock()

    def read(self) -> tuple[Key, ...]:
        """The file's keys, oldest first; none if it is not there.

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

    def all(self) -> tuple[Key, ...]:
        """The keys from elsewhere, and the file's."""
        return (*self._elsewhere, *self.read())

    def live(self, client: str) -> tuple[Key, ...]:
        """A client's keys that open something now."""
        now = self.now()
        return tuple(key for key in self.all() if key.client == client and key.state(now) == "live")

    def find(self, key: str) -> Key | None:
        """What is known of a key, revoked or expired as it may be."""
        found = [known for known in self.all() if known.is_hash_of(key, self._pepper)]
        return found[-1] if found else None

    def knows(self, client: str, key: str) -> bool:
        """Whether ``key`` is a live one of the client's."""
        found = self.find(key)
        return found is not None and found.client == client and found.state(self.now()) == "live"

    def add(self, client: str, expires: dt.datetime | None = None, note: str = "") -> str:
        """Make a key for a client and keep its hash. The key itself is returned once and is nowhere else.

        Raises:
            KeyStoreError: if the client has two live keys, ``expires`` is over, or the file is no key store.
        """
        with self._alone():
            key, made = self._make(client, expires, note)
            self._write((*self.read(), made))
        return key

    def rotate(self, client: str, grace: dt.timedelta | None = None, note: str = "") -> tuple[str, Key]:
        """Make a client's next key; the one that it replaces is returned too, and ends after ``grace``, if that is given.

        Raises:
            KeyStoreError: if the client has not exactly one live key, or that is not the file's, or the file is none.
        """
        with self._alone():
            live = self.live(client)
            if not live:
                raise KeyStoreError(f"{client} has no live key to rotate: make one with `keys new {client}`")
            key, made = self._make(client, None, note)
            old = live[0]
            if grace is not None:
                if old not in self.read():
                    raise KeyStoreError(f"the key of {client} stands in the policy: give it `expires` there")
                end = self.now() + grace
                ending = msgspec.structs.replace(old, expires=min(old.expires or end, end))
                self._write((*(ending if known == old else known for known in self.read()), made))
                return key, ending
            self._write((*self.read(), made))
        return key, old

    def revoke(self, client: str, prefix: str) -> tuple[Key, ...]:
        """Take away the client's key that begins with ``prefix``, or all that the file has of it.

        Raises:
            KeyStoreError: if there is none such, or more than one and not ``all`` is asked, or the file is no key store.
        """
        with self._alone():
            held = [key for key in self.read() if key.client == client and key.revoked is None]
            chosen = [key for key in held if prefix == "all" or (prefix and key.prefix.startswith(prefix))]
            if not chosen:  # what was given is not repeated: somebody may have pasted a whole key
                known = ", ".join(key.prefix for key in held) or "none"
                stays = " Those that the policy names are taken away there." if self._named(client) else ""
                raise KeyStoreError(f"no key of {client} begins like that; there are: {known}.{stays}")
            if prefix != "all" and len(chosen) > 1:
                raise KeyStoreError(
                    f"{len(chosen)} keys of {client} begin like that: {', '.join(key.prefix for key in chosen)}; "
                    "give more of it, or all"
                )
            now = self.now()
            self._write(
                tuple(msgspec.structs.replace(key, revoked=now) if key in chosen else key for key in self.read())
            )
        return tuple(chosen)

    def _named(self, client: str) -> bool:
        return any(key.client == client for key in self._elsewhere)

    def _make(self, client: str, expires: dt.datetime | None, note: str) -> tuple[str, Key]:
        live = self.live(client)
        if len(live) >= LIVE_AT_MOST:
            prefixes = " and ".join(key.prefix or "one without a prefix" for key in live)
            raise KeyStoreError(
                f"{client} has {len(live)} live keys already ({prefixes}): "
                f"take one away first with `keys revoke {client} PREFIX`"
            )
        now = self.now()
        if expires is not None and expires <= now:
            raise KeyStoreError(f"a key that expires at {expires:%Y-%m-%d %H:%M} UTC would be of no use: that is over")
        key = make_key()
        made = Key(
            client=client,
            sha256=None if self._pepper else digest(key),
            hmac_sha256=peppered(key, self._pepper) if self._pepper else None,
            prefix=key[:VISIBLE],
            created=now,
            expires=expires,
            note=note,
        )
        return key, made

    def _write(self, keys: tuple[Key, ...]) -> None:
        text = msgspec.json.encode(_File(version=1, keys=keys))
        write_private(self._path, msgspec.json.format(text, indent=2) + b"\n")

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """Keeps other processes from changing the store; the file itself is replaced, so that another one is locked."""
        make_private_folder(self._path.parent)
        with self._path.with_suffix(".lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield
