"""Moments: seconds since the epoch, whole hours of UTC, and their text in RFC 3339."""

from datetime import UTC, datetime, timedelta

SECOND = timedelta(seconds=1)


def parse(text: str) -> datetime:
    """An aware moment in UTC from RFC 3339 or ISO 8601; without an offset it is UTC.

    Raises:
        ValueError: if it is neither.
    """
    moment = datetime.fromisoformat(text)
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)


def text(moment: datetime) -> str:
    """RFC 3339 in UTC, whole seconds."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
