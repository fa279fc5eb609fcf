"""Whether the running gateway has taken over a file that was written for it."""

import time
from typing import Literal

from gateway_config.envoy.admin import ask
from gateway_config.envoy.bootstrap import Address

Outcome = Literal["taken", "refused", "not running", "not noticed"]

_FILTERS = "extension_config_discovery.http_filter."
_TAKEN = ("update_success",)  # config_reload counts a script that could not be loaded too
_REFUSED = ("config_fail", "update_rejected", "update_failure")
_POLL = 0.02  # seconds


class Uptake:
    """Envoy's counters of one watched part, noted before its file is written and compared after."""

    def __init__(self, admin: Address, name: str, scope: str = _FILTERS) -> None:
        """``name`` is the part's, a filter's unless ``scope`` names other counters."""
        self._admin, self._prefix = admin, f"{scope}{name}."
        self._before = self._counts()

    def wait(self, seconds: float) -> Outcome:
        """Wait until Envoy has taken the new file or refused it, which leaves the last good one in force."""
        if self._before is None:
            return "not running"
        until = time.monotonic() + seconds
        while (now := self._counts()) is not None:
            if any(now[name] > self._before[name] for name in _TAKEN):
                return "taken"
            if any(now[name] > self._before[name] for name in _REFUSED):
                return "refused"
            if time.monotonic() > until:
                return "not noticed"
            time.sleep(_POLL)
        return "not running"

    def _counts(self) -> dict[str, int] | None:
        try:
            text = ask(self._admin, "GET", f"/stats?filter=^{self._prefix}")
        except OSError:
            return None
        counts = dict.fromkeys((*_TAKEN, *_REFUSED), 0)
        for line in text.splitlines():
            name, _, number = line.removeprefix(self._prefix).partition(": ")
            if name in counts:
                counts[name] = int(number)
        return counts
