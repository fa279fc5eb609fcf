"""A small server that keeps the service's contract, or breaks it in one known way.

The load tests must find nothing in it while STAND_IN_FAULT is empty, and must find each of the faults: a check that
cannot fail proves nothing. ``python -m load_tests.tests.stand_in`` with the service's own settings.
"""

import asyncio
import json
import os
import signal
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.request import Request, urlopen

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.trace.v1.trace_pb2 import ResourceSpans, ScopeSpans, Span

from load_tests.oracle import Oracle

FAULT = "STAND_IN_FAULT"
FAULTS = (
    "wrong answers",
    "late log",
    "dropped at SIGTERM",
    "5xx",
    "plain errors",
    "refuses all",
    "breaks off",
    "leaks",
)

Reply = tuple[int, Any]


class StandIn:
    """Answers predictions, labels and tensors, and writes the event log before each answer."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        self._fault = environment.get(FAULT, "")
        self._drain_seconds = float(environment["PUERTA_DRAIN_SECONDS"])
        self._port = int(environment["PUERTA_PORT"])
        models = Path(environment["PUERTA_MODELS_DIR"])
        self._models = {manifest.parts[-3]: Oracle(manifest.parent) for manifest in models.glob("*/*/manifest.json")}
        self._default = environment["PUERTA_DEFAULT_MODEL"]
        events = Path(environment["PUERTA_EVENTS_DIR"])
        events.mkdir(parents=True, exist_ok=True)
        self._open = events / "stand-in-1.jsonl.open"
        self._log = self._open.open("ab", buffering=1 << 20 if self._fault == "late log" else 0)
        self._number = 0
        self._draining = False
        self._leaked: list[bytes] = []

    async def serve(self) -> None:
        """Serve until SIGTERM, then drain."""
        stop = asyncio.Event()
        loop = asyncio.get_running_loop()
        loop.add_signal_handler(signal.SIGTERM, stop.set)
        async with await asyncio.start_server(self._connection, "127.0.0.1", self._port):
            await stop.wait()
            self._draining = True
            if self._fault == "dropped at SIGTERM":
                os._exit(0)
            await asyncio.sleep(self._drain_seconds)
        self._log.close()
        self._open.rename(self._open.with_suffix(""))
        os._exit(0)  # whoever is still connected was told to close

    async def _connection(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
                method, path, _ = head.split("\r\n")[0].split(" ")
                fields = (line.partition(":") for line in head.split("\r\n")[1:-2])
                headers = {name.lower(): value.strip() for name, _, value in fields}
                body = await self._body(reader, headers)
                if self._fault == "breaks off" and len(body) > 1000:
                    return
                status, said = self._reply(method, path.partition("?")[0], headers, body)
                closes = self._draining or headers.get("connection") == "close"
                writer.write(self._encode(status, said, closes=closes))
                if closes:
                    return
        except (asyncio.IncompleteReadError, ConnectionError):
            return
        finally:
            writer.close()

    async def _body(self, reader: asyncio.StreamReader, headers: Mapping[str, str]) -> bytes:
        if headers.get("transfer-encoding") != "chunked":
            return await reader.readexactly(int(headers.get("content-length", "0")))
        body = b""
        while size := int(await reader.readuntil(b"\r\n"), 16):
            body += (await reader.readexactly(size + 2))[:-2]
        await reader.readuntil(b"\r\n")
        return body

    def _reply(self, method: str, path: str, headers: Mapping[str, str], body: bytes) -> Reply:
        if path == "/health/ready":
            return (503 if self._draining else 200), {}
        status = 400
        try:
            if method != "POST":
                status = 405
            elif self._fault != "refuses all":
                return 200, self._answer(path, headers, body)
        except KeyError:
            status = 404
        except Exception:  # noqa: BLE001 - whatever the input did, it is the input's fault
            status = 500 if self._fault == "5xx" else 400
        return status, {"status": status}

    def _answer(self, path: str, headers: Mapping[str, str], body: bytes) -> Any:
        if self._fault == "leaks":
            self._leaked.append(b"x" * 100_000)
        if path == "/v1/labels":
            return {"accepted": [row["id"] for row in json.loads(body)["labels"]]}
        parts = path.split("/")
        model = self._models[parts[3] if len(parts) > 3 else self._default]
        if path.endswith("/infer"):
            size = int(headers.get("inference-header-content-length", len(body)))
            return {"outputs": [tensor["name"] for tensor in json.loads(body[:size])["inputs"]]}
        return self._predict(model, json.loads(body))

    def _predict(self, model: Oracle, asked: dict[str, Any]) -> dict[str, Any]:
        names = [feature.name for feature in model.manifest.features]
        rows: list[dict[str, Any]] = [
            dict(zip(names, row, strict=True)) if isinstance(row, list) else row for row in asked["instances"]
        ]
        ids = asked.get("ids") or [f"stand-in-{self._number + row}" for row in range(len(rows))]
        self._number += len(rows)
        if self._number % 100 == 0:
            self._export()
        shift = 0.01 if self._fault == "wrong answers" else 0.0
        predictions = [
            {"id": name, "label": one.label, "probability": one.probability + shift}
            for name, one in zip(ids, model.predict(rows), strict=True)
        ]
        self._log.write(b"".join(json.dumps(one).encode() + b"\n" for one in predictions))
        return {"model": model.manifest.name, "version": model.manifest.version, "predictions": predictions}

    def _export(self) -> None:
        """Send one trace of one span, in the background."""
        endpoint = os.environ.get("PUERTA_OTLP_ENDPOINT")
        if endpoint:
            scope = ScopeSpans(spans=[Span(trace_id=os.urandom(16))])
            message = ExportTraceServiceRequest(resource_spans=[ResourceSpans(scope_spans=[scope])])
            request = Request(endpoint, message.SerializeToString(), {"content-type": "application/x-protobuf"})  # noqa: S310 - loopback
            asyncio.get_running_loop().run_in_executor(None, urlopen, request)

    def _encode(self, status: int, said: Any, *, closes: bool) -> bytes:
        body = json.dumps(said).encode()
        kind = "application/json" if status < 400 or self._fault == "plain errors" else "application/problem+json"
        close = "connection: close\r\n" if closes else ""
        head = f"HTTP/1.1 {status} X\r\ncontent-type: {kind}\r\ncontent-length: {len(body)}\r\n{close}\r\n"
        return head.encode() + body


if __name__ == "__main__":
    if os.environ.get(FAULT, "") not in ("", *FAULTS):
        sys.exit(f"{FAULT} is {os.environ[FAULT]!r}, expected one of {FAULTS}")
    asyncio.run(StandIn(os.environ).serve())
