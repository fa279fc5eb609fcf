"""``python -m monitoring schedule``: the scheduler and its metrics, until SIGTERM."""

import logging
import signal
import threading
from collections.abc import Mapping
from datetime import datetime
from queue import SimpleQueue

from model_files.package import PackageError
from monitoring import moment
from monitoring.report import ReportError, read_latest
from monitoring.schedule.exposition import Exposition
from monitoring.schedule.history import History
from monitoring.schedule.scheduler import Scheduler
from monitoring.schedule.server import Server
from monitoring.settings import Settings
from monitoring.watched import read_all
from service.logs import configure

_FAILED = 2
_log = logging.getLogger("puerta.monitoring")


def schedule(settings: Settings, environment: Mapping[str, str]) -> int:
    """Make reports at their time and serve them as metrics; 0 when told to stop, 2 where it could not begin."""
    configure("info", "monitoring")
    try:
        watched = tuple(read_all(settings.models_dir))
        models = [(each.name, each.version) for each in watched]
        exposition = Exposition(settings.reports_dir, models)
        server = Server((settings.monitoring_host, settings.monitoring_metrics_port), exposition.registry)
    except (PackageError, OSError) as error:
        where = f"{settings.monitoring_host}:{settings.monitoring_metrics_port}"
        _log.error("monitoring can't start", extra={"address": where, "reason": str(error)})
        return _FAILED
    scheduler = Scheduler(
        settings.drift_schedule,
        environment,
        History(settings.reports_dir),
        exposition.count,
        last=_last(settings),
    )
    wishes: SimpleQueue[int] = SimpleQueue()  # its put may be called from a signal handler
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: wishes.put(0))

    def run() -> None:
        try:
            scheduler.run_until_stopped()
        finally:
            wishes.put(_FAILED)  # comes first only if it broke

    with server:
        threading.Thread(target=server.serve_forever, name="metrics", daemon=True).start()
        running = threading.Thread(target=run, name="scheduler", daemon=True)
        running.start()
        _log.info("monitoring", extra={"port": settings.monitoring_metrics_port, "schedule": settings.drift_schedule})
        code = wishes.get()
        scheduler.stop()
        running.join()
        server.shutdown()
    return code


def _last(settings: Settings) -> datetime | None:
    try:
        latest = read_latest(settings.reports_dir)
    except ReportError as error:
        _log.warning("the newest reports can't be read; they are made again", extra={"reason": str(error)})
        return None
    return moment.parse(latest.finished) if latest else None
