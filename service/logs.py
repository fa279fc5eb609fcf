"""Structured logs: one JSON object a line on standard error, with the names that Cloud Logging knows."""

import json
import logging
import sys
import time
from typing import TextIO

import msgspec

_STANDARD = frozenset(logging.makeLogRecord({}).__dict__) | {"message", "asctime", "color_message", "taskName"}


class JsonFormatter(logging.Formatter):
    """Formats a record as one JSON line; what is passed as ``extra`` becomes fields."""

    def __init__(self, instance: str) -> None:
        super().__init__()
        self._instance = instance

    def format(self, record: logging.LogRecord) -> str:
        """The line, without its newline."""
        moment = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(record.created))
        entry = {
            "ts": f"{moment}.{int(record.msecs):03d}Z",
            "severity": record.levelname,
            "logger": record.name,
            "instance": self._instance,
            "message": record.getMessage(),
        }
        entry |= {name: value for name, value in record.__dict__.items() if name not in _STANDARD}
        if record.exc_info:
            entry["exception"] = self.formatException(record.exc_info)
        try:
            return msgspec.json.encode(entry, enc_hook=str).decode()
        except (ValueError, TypeError):  # a key that is no text, or text that UTF-8 can't hold: logged all the same
            return json.dumps({name: str(value) for name, value in entry.items()})


def configure(level: str, instance: str, stream: TextIO | None = None) -> None:
    """Send every logger of the process, uvicorn's included, to one stream (default: standard error)."""
    handler = logging.StreamHandler(stream or sys.stderr)
    handler.setFormatter(JsonFormatter(instance))
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(level.upper())
    for name in ("uvicorn", "uvicorn.error", "uvicorn.access"):
        logger = logging.getLogger(name)
        logger.handlers = []
        logger.propagate = True
    logging.captureWarnings(True)
