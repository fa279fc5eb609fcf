"""The bare application."""

import asyncio
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from load_tests import ceiling
from load_tests.ceiling import Message


@given(size=st.integers(12, 5000))
def test_the_answer_has_the_size_that_was_asked_for(size: int) -> None:
    """The constant is JSON, and as long as the answer that it stands for."""
    assert len(ceiling.answer(size)) == size
    assert set(json.loads(ceiling.answer(size))["pad"]) == {"x"}


def test_it_reads_the_body_to_its_end_and_answers(monkeypatch: pytest.MonkeyPatch) -> None:
    """A ceiling that left the body unread would be too fast."""
    monkeypatch.setenv(ceiling.ANSWER_BYTES, "100")
    parts: list[Message] = [
        {"type": "http.request", "body": b"a", "more_body": True},
        {"type": "http.request", "body": b"b"},
    ]
    sent: list[Message] = []

    async def receive() -> Message:
        return parts.pop(0)

    async def send(message: Message) -> None:
        sent.append(message)

    async def serve() -> None:
        await ceiling.application()({"type": "http"}, receive, send)

    asyncio.run(serve())
    assert not parts
    assert sent[0]["status"] == 200
    assert dict(sent[0]["headers"])[b"content-length"] == b"100"
    assert sent[1]["body"] == ceiling.answer(100)
