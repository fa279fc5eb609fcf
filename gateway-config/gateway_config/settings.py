"""Settings from the environment: the fields of a frozen dataclass are the table of names, defaults and help."""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import unquote, urlsplit

PREFIX = "PUERTA_"
_HEADER_NAME = re.compile(r"[a-z0-9!#$%&'*+.^_`|~-]+")  # RFC 9110, a token


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


def read_ratio(text: str) -> float:
    """A share, 0 to 1."""
    ratio = float(text)
    if not 0 <= ratio <= 1:
        raise ValueError
    return ratio


def read_flag(text: str) -> bool:
    """Whether something is wanted."""
    flags = {"1": True, "true": True, "yes": True, "0": False, "false": False, "no": False}
    if text.lower() not in flags:
        raise ValueError
    return flags[text.lower()]


def read_url(text: str) -> str:
    """An HTTP address; the path is kept as it is."""
    url = urlsplit(text)
    if url.scheme not in {"http", "https"} or not url.hostname or url.port == 0:
        raise ValueError
    return text


def read_headers(text: str) -> tuple[tuple[str, str], ...]:
    """``name=value`` pairs, percent-encoded: https://opentelemetry.io/docs/specs/otel/protocol/exporter/."""
    pairs = [pair.split("=", 1) for pair in text.split(",") if pair.strip()]
    headers = tuple((name.strip().lower(), unquote(value.strip())) for name, value in pairs)  # ValueError without "="
    if not all(_HEADER_NAME.fullmatch(name) and value.isprintable() and value.isascii() for name, value in headers):
        raise ValueError
    return headers


_EXPECTED: dict[Callable[[str], Any], str] = {
    read_port: "a port, 1 to 65535",
    read_count: "a whole number, 1 or more",
    read_seconds: "seconds, more than 0",
    read_ratio: "a ratio, 0 to 1",
    read_flag: "true or false",
    read_url: "a URL that starts with http:// or https://",
    read_headers: "name=value, separated by commas, percent-encoded",
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
    gateway_metrics_host: str = setting("127.0.0.1", str, "address that the gateway's metrics are served on")
    gateway_metrics_port: int = setting(9120, read_port, "port of the gateway's metrics; never the gateway's own")
    gateway_workers: int = setting(2, read_count, "threads of Envoy that serve requests")
    gateway_access_log_bytes: int = setting(
        256 << 20, read_count, "size at which the access log is begun anew; one old one is kept"
    )
    gateway_policy: Path = setting(  # noqa: RUF009 - a path is as immutable as a text
        Path("gateway-config/policy.yaml"), Path, "who may call what, from where"
    )
    gateway_token: str = setting("", str, "secret by which the service knows the gateway; empty: none is sent")
    gateway_pepper: str = setting(
        "", str, "secret that the hashes of keys need too (HMAC); Envoy reads it from the same variable"
    )
    otlp_endpoint: str = setting(
        "", read_url, "OTLP/HTTP receiver of the traces, such as http://127.0.0.1:4318/v1/traces; empty: no traces"
    )
    otlp_headers: tuple[tuple[str, str], ...] = setting(
        (), read_headers, "headers sent to that receiver, name=value, separated by commas"
    )
    trace_ratio: float = setting(
        0.01, read_ratio, "share of requests traced where the caller's traceparent does not decide"
    )
    state_dir: Path = setting(  # noqa: RUF009 - a path is as immutable as a text
        Path(".local"), Path, "folder of everything that belongs to this machine"
    )

    @property
    def gateway_access_log(self) -> Path:
        """Where the gateway writes one line a request."""
        return self.state_dir.absolute() / "logs" / "gateway-access.jsonl"


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
        default = "" if entry.default == () else str(entry.default)
        yield PREFIX + entry.name.upper(), default, entry.metadata["help"]
