"""Calls that arrive within two turns of the event loop are answered together; none waits for another to come."""

import asyncio
import logging
from collections.abc import Callable

from service.prediction import Answer, Call, Predictor

_log = logging.getLogger("puerta.coalescer")


class Coalescer:
    """Collects calls until the loop has twice read every socket that was ready, then answers them all."""

    def __init__(self, predictor: Predictor, loop: asyncio.AbstractEventLoop) -> None:
        self.loop = loop
        self._answer = predictor.answer
        self._call_soon = loop.call_soon
        self._calls: list[Call] = []
        self._replies: list[Callable[[Answer], None]] = []

    def submit(self, call: Call, reply: Callable[[Answer], None]) -> None:
        """Have a call answered at the end of the next turn; ``reply`` is called once.

        One turn more costs a caller alone a few microseconds, and under load it finds twice as many calls to answer
        together: a fifth less CPU for each (`load-tests/README.md`). A third turn gains nothing.
        """
        if not self._calls:
            self._call_soon(self._call_soon, self.flush)
        self._calls.append(call)
        self._replies.append(reply)

    def flush(self) -> None:
        """Answer what is waiting now."""
        calls, self._calls = self._calls, []
        replies, self._replies = self._replies, []
        if calls:
            for reply, answer in zip(replies, self._answer(calls), strict=True):
                try:
                    reply(answer)
                except Exception:  # noqa: BLE001 - whoever cannot be answered any more must not keep the others waiting
                    _log.exception("an answer could not be handed over", extra={"request_id": answer.request_id})
