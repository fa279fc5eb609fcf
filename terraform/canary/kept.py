"""What is costly to ask for, asked for once a minute."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field

_SECONDS = 60.0  # a token of gcloud is good for longer


@dataclass
class Kept:
    """The answer of ``ask``, until it is a minute old. One that fails is not kept."""

    ask: Callable[[], str]
    now: Callable[[], float] = time.monotonic
    _answer: str = field(default="", init=False)
    _until: float = field(default=float("-inf"), init=False)

    def __call__(self) -> str:
        """The answer."""
        now = self.now()
        if now >= self._until:
            self._answer = self.ask()
            self._until = now + _SECONDS
        return self._answer
