"""uvicorn, as this service runs it: the API, the metrics port, signals and an end that drops nothing."""

import asyncio
import contextlib
import gc
import logging
import math
import signal
import socket
import time
from collections.abc import Iterator

import uvicorn

from model_files.package import PackageError
from service.application import Application
from service.protocol import PredictProtocol
from service.settings import Settings

_log = logging.getLogger("puerta.server")
_SWEEP = 1.0  # seconds
_POLL = 0.02
_COLLECT_AFTER = 4_000  # objects; with 20,000 the garbage that waits takes three megabytes more


class PortTakenError(OSError):
    """A port that something else listens on; the message names it and its setting."""


class StartError(RuntimeError):
    """The application refused to start, and has logged why."""


class _Server(uvicorn.Server):
    """A server that leaves signals, and the end of the process, to ``serve``."""

    async def serve(self, sockets: list[socket.socket] | None = None) -> None:
        try:
            await super().serve(sockets)
        except SystemExit as error:
            raise StartError("the service did not start; the log says why") from error

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


async def serve(application: Application, settings: Settings) -> None:
    """Serve until SIGTERM or SIGINT, then end without dropping a request.

    Raises:
        PortTakenError: if one of the two ports is taken.
        StartError: if the application did not start, for want of a model or of a folder, or could not open its routes.
    """
    stop = _catch_signals(application)
    with (
        _listen(settings.host, settings.port, settings.backlog, "PUERTA_PORT") as api_socket,
        _listen(settings.host, settings.metrics_port, settings.backlog, "PUERTA_METRICS_PORT") as admin_socket,
    ):
        api = _Server(_api_config(application, settings))
        serving = asyncio.create_task(api.serve([api_socket]))
        await _until_started(api, serving)
        _log.info("listening", extra={"api": _address(api_socket), "metrics": _address(admin_socket)})
        sweeping = asyncio.create_task(_sweep(api))
        finished = asyncio.Event()
        administering = asyncio.create_task(_serve_admin(application, admin_socket, finished))
        administering.add_done_callback(lambda _: stop.set())  # before its time: it failed, which ends the process
        await stop.wait()
        await _drain(application, api, settings.drain_seconds)
        api.should_exit = True
        await serving
        finished.set()
        await administering
        sweeping.cancel()


def _catch_signals(application: Application) -> asyncio.Event:
    """From now on SIGTERM and SIGINT set an event, and SIGHUP reloads the models; also while they are first loaded."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    loop.add_signal_handler(signal.SIGHUP, lambda: loop.run_in_executor(None, _reload, application))
    return stop


async def _until_started(api: uvicorn.Server, serving: "asyncio.Task[None]") -> None:
    while not api.started:
        if serving.done():
            serving.result()
        await asyncio.sleep(_POLL)


async def _serve_admin(application: Application, listener: socket.socket, finished: asyncio.Event) -> None:
    """The metrics port, opened when all the routes of the other one are, closed after it."""
    try:
        await application.opened()
    except Exception as error:
        raise StartError(f"the routes besides the predictions can't be opened: {error}") from error
    from service.admin import create_admin

    config = uvicorn.Config(create_admin(application.service), log_config=None, access_log=False, lifespan="off")
    server = _Server(config)
    _settle_memory()
    serving = asyncio.create_task(server.serve([listener]))
    await finished.wait()
    server.should_exit = True
    await serving


def _api_config(application: Application, settings: Settings) -> uvicorn.Config:
    return uvicorn.Config(
        application,
        http=PredictProtocol,
        ws="none",
        loop="uvloop",
        lifespan="on",
        log_config=None,
        access_log=False,
        proxy_headers=False,  # whoever connects is the gateway; what it says of the caller comes with its token
        server_header=False,
        backlog=settings.backlog,
        timeout_keep_alive=math.ceil(settings.keep_alive_seconds),
        timeout_graceful_shutdown=math.ceil(settings.grace_seconds),
        h11_max_incomplete_event_size=65_536,
    )


async def _drain(application: Application, api: uvicorn.Server, seconds: float) -> None:
    """Not ready, but answering: whoever checks health leaves, whoever asks once more is told to go elsewhere."""
    application.service.ready = False
    application.service.metrics.ready.set(0)
    application.service.draining = True
    _log.info("draining", extra={"seconds": seconds, "connections": len(api.server_state.connections)})
    await asyncio.sleep(seconds)


async def _sweep(api: uvicorn.Server) -> None:
    while True:
        await asyncio.sleep(_SWEEP)
        now = time.perf_counter()
        for connection in list(api.server_state.connections):
            if isinstance(connection, PredictProtocol):
                connection.sweep(now)


def _settle_memory() -> None:
    """What was made while starting stays: keep the collector from reading it again; a batch makes many small objects."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(_COLLECT_AFTER, 20, 20)


def _reload(application: Application) -> None:
    try:
        application.service.load()
    except PackageError as error:
        _log.error("reload failed", extra={"reason": str(error)})


def _listen(host: str, port: int, backlog: int, variable: str) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((host, port))
        listener.listen(backlog)
    except OSError as error:
        listener.close()
        raise PortTakenError(f"{variable}: {host}:{port} can't be listened on: {error.strerror}") from error
    return listener


def _address(listener: socket.socket) -> str:
    host, port = listener.getsockname()[:2]
    return f"{host}:{port}"
