"""The service in a thread of the test's own process, listening on a port that the kernel chose."""

import asyncio
import contextlib
import socket
import threading
from collections.abc import Callable
from types import TracebackType
from typing import Any, Self, TypeVar

import uvloop
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from service import server
from service.application import Application
from service.service import Service
from service.tests.wire import Connection

T = TypeVar("T")
_PATIENCE = 30  # seconds; only a server that hangs takes them


class RunningServer:
    """A server with the service's own protocol, or (``short_way=False``) with uvicorn's, over the same application."""

    def __init__(self, application: Application, *, short_way: bool = True, app: Any = None) -> None:
        self.application = application
        self._short_way = short_way
        self._app = app or application
        self._ready = threading.Event()
        self._failure: BaseException | None = None
        self._thread = threading.Thread(target=self._run, name="server")

    @property
    def service(self) -> Service:
        """The parts of the service."""
        return self.application.service

    def __enter__(self) -> Self:
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._socket.getsockname()[1]
        self._thread.start()
        if not self._ready.wait(_PATIENCE):
            raise AssertionError("the server did not start")
        if self._failure:
            raise self._failure
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def stop(self) -> None:
        """Stop as uvicorn does: no new connections, what is under way ends."""
        self._server.should_exit = True
        self._thread.join(_PATIENCE)
        if self._thread.is_alive():
            raise AssertionError("the server did not stop")
        self._socket.close()
        if self._failure:
            raise self._failure

    def connect(self) -> Connection:
        """A new connection."""
        return Connection(self.port)

    def ask(self, request: bytes) -> Any:
        """The answer to one raw request on a connection of its own."""
        with self.connect() as connection:
            return connection.ask(request)

    def within(self, function: Callable[[], T]) -> T:
        """Call a function on the server's event loop, and wait for what it returns."""

        async def call() -> T:
            return function()

        return asyncio.run_coroutine_threadsafe(call(), self._loop).result(_PATIENCE)

    @property
    def connections(self) -> list[Any]:
        """The protocol objects of the open connections."""
        return list(self._server.server_state.connections)

    def _run(self) -> None:
        try:
            uvloop.run(self._serve())
        except BaseException as error:  # noqa: BLE001 - raised again in the test's own thread
            self._failure = error
        finally:
            self._ready.set()

    async def _serve(self) -> None:
        self._loop = asyncio.get_running_loop()
        config = server._api_config(self.application, self.application.service.settings)
        config.app = self._app
        if not self._short_way:
            config.http = HttpToolsProtocol
        self._server = server._Server(config)
        task = asyncio.create_task(self._server.serve([self._socket]))
        sweeper = asyncio.create_task(server._sweep(self._server))
        while not self._server.started and not task.done():
            await asyncio.sleep(0.005)
        self._ready.set()
        try:
            await task
        finally:
            sweeper.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await sweeper
