"""Settings from the environment: the fields of a frozen dataclass are the table of names, defaults and help."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any, TypeVar

PREFIX = "PUERTA_"


class SettingsError(ValueError):
    """A setting that makes no sense; the message names the variable, what came and what was expected."""


def read_port(text: str) -> int:
    """A TCP port."""
    port = int(text)
    if not 0 < port < 65536:  # noqa: PLR2004 - a port has sixteen bits
        raise ValueError
    return port


def read_count(text: str) -> int:
    """A whole number, 1 or more."""
    count = int(text)
    if count < 1:
        raise ValueError
    return count


def read_seconds(text: str) -> float:
    """Seconds, more than 0."""
    seconds = float(text)
    if not 0 < seconds < float("inf"):
        raise ValueError
    return seconds


_EXPECTED: dict[Callable[[str], Any], str] = {
    read_port: "a port, 1 to 65535",
    read_count: "a whole number, 1 or more",
    read_seconds: "seconds, more than 0",
}


def setting(default: Any, read: Callable[[str], Any], summary: str) -> Any:
    """A field of a settings class; its variable is the field's name in capitals behind the prefix."""
    return field(default=default, metadata={"read": read, "help": summary})


@dataclass(frozen=True, kw_only=True)
class Settings:
    """Every setting of the local gateway."""

    gateway_host: str = setting("127.0.0.1", str, "address that the gateway listens on")
    gateway_port: int = setting(8080, read_port, "port of the gateway, the only one that a caller needs")
    gateway_admin_port: int = setting(9901, read_port, "port of Envoy's admin interface, on 127.0.0.1")
    gateway_workers: int = setting(1, read_count, "threads of Envoy that serve requests")
    gateway_policy: Path = setting(  # noqa: RUF009 - a path is as immutable as a text
        Path("gateway-config/policy.yaml"), Path, "who may call what, from where"
    )
    gateway_token: str = setting("", str, "secret by which the service knows the gateway; empty: none is sent")
    state_dir: Path = setting(  # noqa: RUF009 - a path is as immutable as a text
        Path(".local"), Path, "folder of everything that belongs to this machine"
    )


S = TypeVar("S", bound=Settings)


def read_settings(kind: type[S], environment: Mapping[str, str]) -> S:
    """Make settings from environment variables; what is not there, or empty, keeps its default.

    Raises:
        SettingsError: for a value that can't be read.
    """
    values = {}
    for entry in fields(kind):
        variable = PREFIX + entry.name.upper()
        text = environment.get(variable, "")
        if text:
            try:
                values[entry.name] = entry.metadata["read"](text)
            except ValueError as error:
                expected = _EXPECTED[entry.metadata["read"]]
                raise SettingsError(f"{variable} is {text!r}, expected {expected}") from error
    return kind(**values)


def describe(kind: type[Settings]) -> Iterator[tuple[str, str, str]]:
    """Every setting as (environment variable, default, help), in the order of the table."""
    for entry in fields(kind):
        yield PREFIX + entry.name.upper(), str(entry.default), entry.metadata["help"]
