"""The ceiling: an ASGI application that does nothing but read the body and send a constant JSON.

No server written in Python on the same stack can be faster, so a row of the benchmark is told as a part of it.
"""

import json
import os
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Application = Callable[[Scope, Receive, Send], Awaitable[None]]

ANSWER_BYTES = "CEILING_ANSWER_BYTES"


def answer(size: int) -> bytes:
    """A JSON object of ``size`` bytes (at least 10), as long as the answer that it stands for."""
    shell = len(json.dumps({"pad": ""}))
    return json.dumps({"pad": "x" * max(0, size - shell)}).encode()


def application() -> Application:
    """Make the application; the environment variable CEILING_ANSWER_BYTES is the size of its answer."""
    body = answer(int(os.environ.get(ANSWER_BYTES, "150")))
    start = {
        "type": "http.response.start",
        "status": 200,
        "headers": [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())],
    }
    finish = {"type": "http.response.body", "body": body}

    async def constant(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        while (await receive()).get("more_body"):
            pass
        await send(start)
        await send(finish)

    return constant
