"""``python -m gateway_config metrics``: serve the gateway's metrics until SIGTERM."""

import signal
from functools import partial
from queue import SimpleQueue

from gateway_config.envoy.admin import reopen_logs
from gateway_config.envoy.bootstrap import Address
from gateway_config.metrics.access_log import AccessLog
from gateway_config.metrics.exporter import GatewayMetrics, expected, serve
from gateway_config.policy.reading import read_policy
from gateway_config.settings import Settings

_LOOPBACK = "127.0.0.1"


def run_metrics(settings: Settings) -> None:
    """Serve the metrics of the gateway whose settings these are.

    Raises:
        PolicyError: if the policy can't be read; its operations and clients are what is counted from 0 on.
        OSError: if the port is taken.
    """
    stop: SimpleQueue[None] = SimpleQueue()  # an Event's handler would wait for the lock of the wait that it interrupts
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.put(None))
    metrics = GatewayMetrics(expected(read_policy(settings.gateway_policy)))
    admin = Address(_LOOPBACK, settings.gateway_admin_port)
    log = AccessLog(
        settings.gateway_access_log,
        max_bytes=settings.gateway_access_log_bytes,
        reopen=partial(reopen_logs, admin),
    )
    serve(metrics, log, Address(settings.gateway_metrics_host, settings.gateway_metrics_port), stop)
