"""Which reports stay: all of the last days, one a day of the time before, none beyond that."""

from collections.abc import Collection
from datetime import datetime, timedelta
from pathlib import Path

from monitoring import moment

_EVERY_ONE = timedelta(days=2)


def prune(folder: Path, now: datetime, keep_days: int, named: Collection[str]) -> int:
    """Delete reports below a folder, with their pages, and say how many.

    Args:
        folder: Of the reports.
        now: The age of a report is from the end of its window to now.
        keep_days: Days after which none stays.
        named: Places that stay, whatever their age.

    Raises:
        OSError: if one can't be deleted.
    """
    deleted = 0
    for window in folder.glob("drift/*/*/*/"):
        last_of: dict[str, Path] = {}
        for path in sorted(window.glob("*Z.json")):
            last_of[path.name[:10]] = path
        for path in window.glob("*Z.json"):
            age = now - moment.parse(f"{path.stem[:13]}:00:00Z")
            stays = age <= _EVERY_ONE or (age <= timedelta(days=keep_days) and last_of[path.name[:10]] == path)
            if not stays and str(path.relative_to(folder)) not in named:
                path.with_suffix(".html").unlink(missing_ok=True)
                path.unlink()
                deleted += 1
    return deleted
