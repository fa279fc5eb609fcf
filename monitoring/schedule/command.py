"""``python -m monitoring schedule``: the scheduler, its metrics and the console, until SIGTERM."""

import logging
import signal
import socket
import threading
from collections.abc import Mapping
from datetime import datetime
from queue import SimpleQueue
from typing import TYPE_CHECKING

from model_files.package import PackageError
from monitoring import moment
from monitoring.console.server import Server as Console
from monitoring.report import ReportError, read_latest
from monitoring.schedule.exposition import Exposition
from monitoring.schedule.history import History
from monitoring.schedule.scheduler import Scheduler
from monitoring.schedule.server import Server
from monitoring.schedule.timetable import Timetable, jitter
from monitoring.settings import Settings
from monitoring.watched import read_all
from service.logs import configure

if TYPE_CHECKING:
    from monitoring.console.site import Site

_FAILED = 2
_log = logging.getLogger("puerta.monitoring")


def schedule(settings: Settings, environment: Mapping[str, str]) -> int:
    """Make reports at their time, serve them as metrics and to browsers; 0 when told to stop, 2 where it could not begin."""
    configure("info", "monitoring")
    try:
        watched = tuple(read_all(settings.models_dir))
        models = [(each.name, each.version) for each in watched]
        exposition = Exposition(settings.reports_dir, models)
    except (PackageError, OSError) as error:
        _log.error("monitoring can't start", extra={"reason": str(error)})
        return _FAILED
    address = settings.monitoring_host, settings.monitoring_metrics_port
    try:
        server = Server(address, exposition.registry)
        address = settings.console_host, settings.console_port
        console = Console(address, lambda: _site(settings), settings.console_names)
    except OSError as error:
        _log.error("monitoring can't start", extra={"address": "{}:{}".format(*address), "reason": str(error)})
        return _FAILED
    scheduler = Scheduler(
        Timetable(settings.drift_schedule, jitter(settings.drift_jitter_seconds, f"{socket.gethostname()} {models}")),
        environment,
        History(settings.reports_dir),
        exposition.count,
        lock=settings.reports_dir / ".schedule.lock",
        last=lambda: _last(settings),
    )
    wishes: SimpleQueue[int] = SimpleQueue()  # its put may be called from a signal handler
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: wishes.put(0))

    def run() -> None:
        try:
            scheduler.run_until_stopped()
        finally:
            wishes.put(_FAILED)  # comes first only if it broke

    with server, console:
        threading.Thread(target=server.serve_forever, name="metrics", daemon=True).start()
        threading.Thread(target=console.serve_forever, name="console", daemon=True).start()
        running = threading.Thread(target=run, name="scheduler", daemon=True)
        running.start()
        ports = {"port": settings.monitoring_metrics_port, "console_port": settings.console_port}
        _log.info("monitoring", extra=ports | {"schedule": settings.drift_schedule})
        code = wishes.get()
        scheduler.stop()
        running.join()
        console.shutdown()
        server.shutdown()
    return code


def _site(settings: Settings) -> "Site":
    from monitoring.console.site import Place, Site  # its templates' library is loaded when somebody looks

    return Site(
        Place(reports=settings.reports_dir, prometheus=settings.prometheus_url, schedule=settings.drift_schedule)
    )


def _last(settings: Settings) -> datetime | None:
    try:
        latest = read_latest(settings.reports_dir)
    except ReportError as error:
        _log.warning("the newest reports can't be read; they are made again", extra={"reason": str(error)})
        return None
    return moment.parse(latest.finished) if latest else None
