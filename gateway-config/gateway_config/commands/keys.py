"""``keys new|list|rotate|revoke|verify``: the keys of this machine, for people and for scripts.

A key is printed once, alone on standard output, when it is made; it is never read from the command line, where every
process of the machine could see it.
"""

import argparse
import datetime as dt
import json
import re
from typing import Literal, TextIO

import msgspec

from gateway_config.envoy.uptake import Outcome
from gateway_config.keys.store import Key, KeyStore, has_form, well_formed
from gateway_config.local import LocalGateway

WARNING = dt.timedelta(days=14)  # a key that expires sooner is pointed out

Verdict = Literal["live", "expired", "revoked", "stranger", "malformed", "checksum", "unknown"]

_SPAN = re.compile(r"(?P<count>[1-9]\d{0,4})(?P<unit>[mhd])")
_UNITS = {"m": "minutes", "h": "hours", "d": "days"}


def add_parser(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Describe the command's arguments."""
    actions = commands.add_parser("keys", help="manage the keys of this machine").add_subparsers(
        dest="action", required=True
    )
    new = actions.add_parser("new", help="make a key and show it once")
    new.add_argument("--expires", type=_end, metavar="90d|DATE", help="when it is refused from; default: never")
    rotate = actions.add_parser("rotate", help="make a client's next key, to replace the one it has")
    rotate.add_argument("--grace", type=_span, metavar="7d", help="let the old one expire after this time")
    revoke = actions.add_parser("revoke", help="take a key away, at once")
    for parser in (new, rotate, revoke):
        parser.add_argument("client", metavar="CLIENT", help="a client of the policy")
    for parser in (new, rotate):
        parser.add_argument("--note", default="", metavar="TEXT", help="what it is for; shown by `keys list`")
    revoke.add_argument("prefix", metavar="PREFIX|all", help="how the key begins, as `keys list` shows it")
    listing = actions.add_parser("list", help="whose keys there are, and which expire soon; never a key itself")
    listing.add_argument("--json", action="store_true", help="for programs")
    actions.add_parser("verify", help="read a key from standard input, and say whose it is or why it is refused")


def run_keys(options: argparse.Namespace, gateway: LocalGateway, stdin: TextIO, out: TextIO, err: TextIO) -> int:
    """Run one of the actions; the exit code.

    Raises:
        PolicyError: if the policy has no such client.
        KeyStoreError: if the key store can't be read, or what is asked makes no sense.
    """
    if options.action == "list":
        (_list_json if options.json else _list)(gateway, out)
        return 0
    if options.action == "verify":
        return _verify(gateway, stdin.readline().strip("\r\n"), out)
    if options.action == "new":
        gateway.require(options.client)
        expires = options.expires(gateway.store.now()) if options.expires else None
        _show(options.client, gateway.store.add(options.client, expires, options.note), out, err)
    elif options.action == "rotate":
        gateway.require(options.client)
        key, old = gateway.store.rotate(options.client, options.grace, options.note)
        _show(options.client, key, out, err)
        ends = f"ends by itself at {_minute(old.expires)}" if old.expires else "never ends by itself"
        print(f"The old one, {old.prefix or 'without a prefix'}, {ends}.", file=err)
        if old.prefix:
            print(
                f"Once nobody uses it (the access log names who calls): keys revoke {old.client} {old.prefix}", file=err
            )
    else:
        for known in gateway.store.revoke(options.client, options.prefix):
            print(f"revoked {known.prefix or 'a key without a prefix'} of {known.client}", file=out)
    return _tell(gateway.write_keys(), err)


def _show(client: str, key: str, out: TextIO, err: TextIO) -> None:
    print(f"The key of {client}, shown this once; only its hash is kept:", file=err)
    print(key, file=out)


def _tell(outcome: Outcome | None, err: TextIO) -> int:
    """Say what the running gateway made of it; 1 if the change is not in force there."""
    if outcome == "taken":
        print("The running gateway has taken it over.", file=err)
    elif outcome == "refused":
        print(
            "The running gateway refuses the new file, and its last good one stays in force: "
            "`python -m gateway_config check` says why.",
            file=err,
        )
    elif outcome == "not noticed":
        print("A gateway runs, but did not take the file over: is it one of another state folder?", file=err)
    return 1 if outcome in ("refused", "not noticed") else 0


def _verify(gateway: LocalGateway, text: str, out: TextIO) -> int:
    found = gateway.store.find(text)
    verdict = _verdict(gateway, text, found)
    whose = "" if found is None else f" of {found.client}"
    said = {
        "live": f"a live key{whose}" + (f", until {_minute(found.expires)}" if found and found.expires else ""),
        "expired": f"a key{whose} that expired at {_minute(found.expires if found else None)}",
        "revoked": f"a key{whose} that was revoked at {_minute(found.revoked if found else None)}",
        "stranger": f"a key{whose}, who is no client of the policy",
        "malformed": "no key: expected puerta_local_, 30 letters and digits, _, 6 letters and digits",
        "checksum": "no key: its checksum is wrong, it was mistyped or cut",
        "unknown": "well formed, but not known here: of another gateway, or made up",
    }
    print(said[verdict], file=out)
    return 0 if verdict == "live" else 1


def _verdict(gateway: LocalGateway, text: str, found: Key | None) -> Verdict:
    if found is not None:
        state = found.state(gateway.store.now())
        return "stranger" if state == "live" and found.client not in gateway.policy.clients else state
    if well_formed(text):
        return "unknown"
    return "checksum" if has_form(text) else "malformed"


def _list(gateway: LocalGateway, out: TextIO) -> None:
    rows = [("client", "begins with", "created", "expires", "state", "note")]
    rows += [
        (
            key.client,
            key.prefix or "-",
            _minute(key.created),
            _minute(key.expires),
            _state(gateway, key),
            key.note,
        )
        for key in gateway.store.all()
    ]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        print("  ".join(f"{text:{width}}" for text, width in zip(row, widths, strict=True)).rstrip(), file=out)


def _list_json(gateway: LocalGateway, out: TextIO) -> None:
    now = gateway.store.now()
    listed = [
        {
            "client": key.client,
            "prefix": key.prefix,
            "created": key.created,
            "expires": key.expires,
            "revoked": key.revoked,
            "state": key.state(now),
            "expires_soon": _left(gateway.store, key) is not None,
            "note": key.note,
        }
        for key in gateway.store.all()
    ]
    print(json.dumps(msgspec.to_builtins(listed), indent=2), file=out)


def _state(gateway: LocalGateway, key: Key) -> str:
    state: str = key.state(gateway.store.now())
    if key.client not in gateway.policy.clients:
        return f"{state}, but no client of the policy"
    left = _left(gateway.store, key)
    return f"{state}, ends in {_words(left)}" if left is not None else state


def _left(store: KeyStore, key: Key) -> dt.timedelta | None:
    """How long a live key has, if that is short."""
    now = store.now()
    if key.expires is None or key.state(now) != "live" or key.expires - now > WARNING:
        return None
    return key.expires - now


def _words(left: dt.timedelta) -> str:
    return f"{left.days} days" if left.days > 1 else f"{left // dt.timedelta(minutes=1)} minutes"


def _minute(moment: dt.datetime | None) -> str:
    return "-" if moment is None else f"{moment.astimezone(dt.UTC):%Y-%m-%d %H:%M} UTC"


class _End:
    """A moment, or a time from now."""

    def __init__(self, moment: dt.datetime | dt.timedelta) -> None:
        self._moment = moment

    def __call__(self, now: dt.datetime) -> dt.datetime:
        return self._moment if isinstance(self._moment, dt.datetime) else now + self._moment


def _end(text: str) -> _End:
    """Read ``90d``, a day (its first second, UTC), or a moment with its time zone."""
    if _SPAN.fullmatch(text):
        return _End(_span(text))
    try:
        moment = dt.datetime.fromisoformat(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"{text!r}, expected a time such as 90d or 12h, or a date") from error
    return _End(moment if moment.tzinfo else moment.replace(tzinfo=dt.UTC))


def _span(text: str) -> dt.timedelta:
    match = _SPAN.fullmatch(text)
    if match is None:
        raise argparse.ArgumentTypeError(f"{text!r}, expected a time such as 7d, 12h or 30m")
    return dt.timedelta(**{_UNITS[match["unit"]]: int(match["count"])})
