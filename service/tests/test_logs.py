"""Logs are one JSON object a line, whatever is logged."""

import io
import json
import logging
import warnings
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from service import logs


def _logged(level: str = "info") -> tuple[io.StringIO, logging.Logger]:
    stream = io.StringIO()
    logs.configure(level, "service-1", stream)
    return stream, logging.getLogger("puerta.test")


def _entries(stream: io.StringIO) -> list[dict[str, Any]]:
    lines = stream.getvalue().split("\n")
    assert lines.pop() == ""
    return [json.loads(line) for line in lines]


def test_the_fields_of_a_line() -> None:
    """Time in UTC, severity, logger, instance, message, and what was passed as extra."""
    stream, log = _logged()
    log.warning("disk %s", "full", extra={"events": 3})
    (entry,) = _entries(stream)
    assert entry.pop("ts").endswith("Z")
    assert entry == {
        "severity": "WARNING",
        "logger": "puerta.test",
        "instance": "service-1",
        "message": "disk full",
        "events": 3,
    }


def test_an_exception_stays_on_its_line() -> None:
    """A traceback has many lines, and is one field."""
    stream, log = _logged()
    try:
        raise ValueError("first\nsecond")
    except ValueError:
        log.exception("failed")
    (entry,) = _entries(stream)
    assert "ValueError: first\nsecond" in entry["exception"]


def test_below_the_level_nothing_is_said() -> None:
    """The level is a setting."""
    stream, log = _logged("error")
    log.warning("no")
    log.error("yes")
    assert [entry["message"] for entry in _entries(stream)] == ["yes"]


def test_libraries_log_alike() -> None:
    """Uvicorn's and OpenTelemetry's loggers have no handlers of their own."""
    stream, _ = _logged()
    logging.getLogger("uvicorn.error").info("started", extra={"color_message": "\x1b[36mstarted"})
    logging.getLogger("opentelemetry.sdk").error("no receiver")
    first, second = _entries(stream)
    assert first["message"] == "started"
    assert "color_message" not in first
    assert second["logger"] == "opentelemetry.sdk"


@given(
    message=st.text(st.characters(exclude_categories=())),
    extra=st.one_of(
        st.none(),
        st.floats(),
        st.integers(),
        st.binary(),
        st.text(st.characters(exclude_categories=())),
        st.sets(st.integers()),
        st.dictionaries(st.one_of(st.integers(), st.text(), st.tuples(st.integers())), st.integers()),
        st.just(ValueError("\ud800")),
        st.just(object()),
    ),
)
def test_any_message_is_one_line(message: str, extra: object) -> None:
    """Half a surrogate pair from a caller, a huge number, an object: each is logged, on one line of JSON."""
    stream, log = _logged()
    log.info(message, extra={"came": extra})
    (entry,) = _entries(stream)
    assert entry["severity"] == "INFO"


def test_warnings_are_logged() -> None:
    """A library's warning would otherwise stand between the lines as plain text."""
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        stream, _ = _logged()
        warnings.warn("old\nway", stacklevel=1)
    assert "old\nway" in _entries(stream)[0]["message"]
