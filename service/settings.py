"""The service's settings: one frozen object, made once from the environment and passed in.

The table below is the only place where a setting's name, default and help are written; the documentation is made
from it (``python -m service settings``).
"""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import Field, dataclass, field, fields
from pathlib import Path
from typing import Any
from urllib.parse import unquote

PREFIX = "PUERTA_"
_HEADER_NAME = re.compile(r"[a-z0-9!#$%&'*+.^_`|~-]+")  # RFC 9110, a token


class SettingsError(ValueError):
    """A setting that makes no sense; the message names the variable, what came and what was expected."""


def _text(value: str) -> str:
    return value


def _port(value: str) -> int:
    port = int(value)
    if not 0 <= port <= 65_535:  # noqa: PLR2004 - the largest port
        raise ValueError
    return port


def _count(value: str) -> int:
    count = int(value)
    if count < 1:
        raise ValueError
    return count


def _seconds(value: str) -> float:
    seconds = float(value)
    if not 0 <= seconds < float("inf"):
        raise ValueError
    return seconds


def _ratio(value: str) -> float:
    ratio = float(value)
    if not 0 <= ratio <= 1:
        raise ValueError
    return ratio


def _flag(value: str) -> bool:
    return {"1": True, "true": True, "yes": True, "0": False, "false": False, "no": False}[value.lower()]


def _level(value: str) -> str:
    if value.lower() not in {"debug", "info", "warning", "error"}:
        raise ValueError
    return value.lower()


def _unseen(value: str) -> tuple[tuple[str, str], ...]:
    pairs = tuple(pair.partition("=")[::2] for pair in value.split(",") if pair)
    if not all(model and policy in {"reject", "count"} for model, policy in pairs):
        raise ValueError
    return pairs


def _url(value: str) -> str:
    if not value.startswith(("http://", "https://")):
        raise ValueError
    return value


def _headers(value: str) -> tuple[tuple[str, str], ...]:
    """``name=value`` pairs, percent-encoded: https://opentelemetry.io/docs/specs/otel/protocol/exporter/."""
    pairs = [pair.split("=", 1) for pair in value.split(",") if pair.strip()]
    headers = tuple((name.strip().lower(), unquote(text.strip())) for name, text in pairs)  # ValueError where no "="
    if not all(_HEADER_NAME.fullmatch(name) and text.isprintable() and text.isascii() for name, text in headers):
        raise ValueError
    return headers


def _path(value: str) -> str:
    if not value.startswith("/"):
        raise ValueError
    return value


_EXPECTED: dict[Callable[[str], Any], str] = {
    _text: "text",
    _port: "a port, 0 to 65535",
    _count: "a whole number, 1 or more",
    _seconds: "seconds, 0 or more",
    _ratio: "a ratio, 0 to 1",
    _flag: "true or false",
    _level: "debug, info, warning or error",
    _unseen: "model=reject or model=count, separated by commas",
    _headers: "name=value, separated by commas, percent-encoded",
    _url: "a URL that starts with http:// or https://",
    _path: "a path that starts with /",
}


def _setting(default: Any, read: Callable[[str], Any], summary: str, *aliases: str, secret: bool = False) -> Any:
    return field(default=default, repr=not secret, metadata={"read": read, "help": summary, "aliases": aliases})


@dataclass(frozen=True, kw_only=True)
class Settings:
    """Every setting of the service. Sizes are bytes, times are seconds."""

    host: str = _setting("127.0.0.1", _text, "address to listen on")
    port: int = _setting(
        8001,
        _port,
        "port of the API; Vertex AI's AIP_HTTP_PORT and Cloud Run's PORT are honoured",
        "AIP_HTTP_PORT",
        "PORT",
    )
    metrics_port: int = _setting(
        9101, _port, "port of the metrics, health and reload endpoints; never put it behind the gateway"
    )
    models_dir: str = _setting(
        "model-files",
        _text,
        "folder of the model packages, <name>/<version>/, or gs://bucket/prefix, copied at start;"
        " Vertex AI's AIP_STORAGE_URI is honoured",
        "AIP_STORAGE_URI",
    )
    default_model: str = _setting(
        "", _text, "model of POST /v1/predict; empty: flight-delay where it is packaged, else the only or first one"
    )
    unseen: tuple[tuple[str, str], ...] = _setting(
        (),
        _unseen,
        "what to do with a category never seen, by model, instead of what its manifest says: model=reject or model=count",
    )
    instance: str = _setting("", _text, "name of this process in logs and segment names; empty: service-<port>")
    events_dir: str = _setting(
        ".local/events", _text, "folder of the prediction log; - writes the events to standard output"
    )
    labels_dir: str = _setting(
        ".local/labels", _text, "folder of the label log; - writes the labels to standard output"
    )
    segment_bytes: int = _setting(64 * 1024 * 1024, _count, "a log segment is closed at this size")
    segment_seconds: float = _setting(300.0, _seconds, "a log segment is closed at this age")
    max_body_bytes: int = _setting(8 * 1024 * 1024, _count, "largest request body; a larger one is answered 413")
    max_instances: int = _setting(
        10_000, _count, "most instances in one request, 65,536 at the most; more are answered 422"
    )
    max_concurrency: int = _setting(
        128, _count, "most requests under way at once; one more is answered 503 with Retry-After"
    )
    max_concurrency_per_client: int = _setting(
        64, _count, "most requests of one client under way at once; one more is answered 429 with Retry-After"
    )
    max_connections: int = _setting(
        2048, _count, "most open connections; a request on one more is answered 503 and the connection closed"
    )
    deadline_seconds: float = _setting(
        10.0, _seconds, "time a request may take from its first byte to its answer; after that 408 (body late) or 503"
    )
    inline_seconds: float = _setting(
        0.01,
        _seconds,
        "a request expected to take longer than this is predicted in a worker thread, not on the event loop",
    )
    threads: int = _setting(2, _count, "worker threads for requests that are not answered on the event loop")
    keep_alive_seconds: float = _setting(
        75.0, _seconds, "an idle connection is closed after this time; keep it above the gateway's own"
    )
    backlog: int = _setting(2048, _count, "connections the kernel may hold before they are accepted")
    drain_seconds: float = _setting(
        3.0, _seconds, "how long SIGTERM keeps answering, not ready, before it stops listening"
    )
    grace_seconds: float = _setting(6.0, _seconds, "how long requests under way may take to end after that")
    trace_ratio: float = _setting(
        0.01, _ratio, "share of requests traced where the caller's traceparent does not decide"
    )
    otlp_endpoint: str = _setting(
        "",
        _url,
        "OTLP/HTTP receiver of the traces, such as http://127.0.0.1:4318/v1/traces; empty: no traces;"
        " OTEL_EXPORTER_OTLP_TRACES_ENDPOINT is honoured",
        "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT",
    )
    otlp_headers: tuple[tuple[str, str], ...] = _setting(
        (),
        _headers,
        "headers sent to that receiver, name=value, separated by commas; OTEL_EXPORTER_OTLP_HEADERS is honoured",
        "OTEL_EXPORTER_OTLP_HEADERS",
        secret=True,
    )
    gateway_token: str = _setting(
        "", _text, "secret shared with the gateway; x-gateway-client is believed only beside it", secret=True
    )
    log_level: str = _setting("info", _level, "lowest level that is logged: debug, info, warning or error")
    access_log: bool = _setting(False, _flag, "log a line for every request; the gateway already does")
    predict_route: str = _setting(
        "", _path, "one more path for POST /v1/predict; Vertex AI's AIP_PREDICT_ROUTE is honoured", "AIP_PREDICT_ROUTE"
    )
    health_route: str = _setting(
        "", _path, "one more path for GET /health/ready; Vertex AI's AIP_HEALTH_ROUTE is honoured", "AIP_HEALTH_ROUTE"
    )

    @property
    def name(self) -> str:
        """The name of this process in logs and segments."""
        return self.instance or f"service-{self.port}"


def read_settings(environment: Mapping[str, str]) -> Settings:
    """Make the settings from environment variables; what is not there, or empty, keeps its default.

    Raises:
        SettingsError: for a value that can't be read.
    """
    values: dict[str, Any] = {}
    for setting in fields(Settings):
        for variable in (PREFIX + setting.name.upper(), *setting.metadata["aliases"]):
            text = environment.get(variable, "")
            if text:
                values[setting.name] = _read(variable, text, setting)
                break
    settings = Settings(**values)
    if settings.max_instances > 65_536:  # noqa: PLR2004 - a prediction id holds the row in sixteen bits
        raise SettingsError(f"{PREFIX}MAX_INSTANCES is {settings.max_instances}, expected 65536 or less")
    logs = settings.events_dir, settings.labels_dir
    if logs != ("-", "-") and Path(logs[0]).resolve() == Path(logs[1]).resolve():
        raise SettingsError(f"{PREFIX}LABELS_DIR is {logs[1]!r}, expected another folder than {PREFIX}EVENTS_DIR")
    return settings


def describe() -> Iterator[tuple[str, str, str]]:
    """Every setting as (environment variable, default, help), in the order of the table."""
    for setting in fields(Settings):
        default = "" if setting.default == () else setting.default
        yield PREFIX + setting.name.upper(), str(default), setting.metadata["help"]


def _read(variable: str, text: str, setting: Field[Any]) -> Any:
    read = setting.metadata["read"]
    try:
        return read(text)
    except (ValueError, KeyError) as error:
        came = f"is {text!r}" if setting.repr else "can't be read"  # a secret is not printed
        raise SettingsError(f"{variable} {came}, expected {_EXPECTED[read]}") from error
