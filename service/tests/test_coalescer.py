"""Calls of one turn of the loop are answered together, each by its own reply, whatever a reply does."""

import asyncio

from service.application import Application
from service.caller import CallerReader
from service.coalescer import Coalescer
from service.prediction import Answer, Call

CALLER = CallerReader("").read([])


def call(body: bytes = b'{"instances": [["Sur", "N", 7]]}') -> Call:
    """A call for the default model."""
    return Call(None, None, body, CALLER)


def test_answers_come_at_the_end_of_the_turn(application: Application) -> None:
    """Not before, and not a turn later; the next turn's calls are another run."""
    turns: list[list[int]] = []

    async def main() -> None:
        coalescer = Coalescer(application.service.predictor, asyncio.get_running_loop())
        for bodies in ([None, b"{", None], [None]):
            statuses: list[int] = []
            for body in bodies:
                coalescer.submit(call(body) if body else call(), lambda a, s=statuses: s.append(a.status))  # type: ignore[misc]
            assert statuses == []
            await asyncio.sleep(0)
            turns.append(statuses)

    asyncio.run(main())
    assert turns == [[200, 400, 200], [200]]


def test_flush_answers_now(application: Application) -> None:
    """A pipelined request does not wait for the turn; the turn's end finds nothing left."""

    async def main() -> list[Answer]:
        answers: list[Answer] = []
        coalescer = Coalescer(application.service.predictor, asyncio.get_running_loop())
        coalescer.flush()
        coalescer.submit(call(), answers.append)
        coalescer.flush()
        assert len(answers) == 1
        coalescer.submit(call(), answers.append)
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        return answers

    assert [answer.status for answer in asyncio.run(main())] == [200, 200]


def test_a_reply_that_fails_takes_nobody_along(application: Application) -> None:
    """One connection's trouble is its own."""

    async def main() -> list[Answer]:
        answers: list[Answer] = []

        def fail(_: Answer) -> None:
            raise RuntimeError("this connection is broken")

        coalescer = Coalescer(application.service.predictor, asyncio.get_running_loop())
        for reply in (answers.append, fail, answers.append):
            coalescer.submit(call(), reply)
        await asyncio.sleep(0)
        return answers

    assert len(asyncio.run(main())) == 2
