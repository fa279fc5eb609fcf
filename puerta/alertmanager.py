"""Alertmanager beside the platform: the committed routes, with one more receiver where alerts are wanted elsewhere."""

import shutil
from pathlib import Path
from typing import Any

from puerta.configuration import ConfigurationError, read
from puerta.settings import Settings

_LOOPBACK = "127.0.0.1"


def find(settings: Settings) -> str | None:
    """The first of the programs that is installed: Debian's name for it is not upstream's."""
    return next(filter(None, (shutil.which(name.strip()) for name in settings.alertmanager.split(","))), None)


def configuration(settings: Settings) -> dict[str, Any]:
    """What Alertmanager reads (https://prometheus.io/docs/alerting/latest/configuration/).

    With a webhook every receiver sends there too.

    Raises:
        ConfigurationError: if the file can't be used.
    """
    path = settings.alertmanager_config
    document = read(path, "PUERTA_ALERTMANAGER_CONFIG")
    receivers = document.get("receivers")
    if not isinstance(receivers, list) or not all(isinstance(receiver, dict) for receiver in receivers):
        raise ConfigurationError(f"{path}: receivers is no list of receivers")
    if settings.alert_webhook:
        for receiver in receivers:
            webhook = {"url": settings.alert_webhook, "send_resolved": True}
            receiver["webhook_configs"] = [*(receiver.get("webhook_configs") or ()), webhook]
    return document


def command(settings: Settings, program: str) -> tuple[str, ...]:
    """The command line; nothing but the loopback is listened on, and no other Alertmanager is looked for."""
    address = f"{_LOOPBACK}:{settings.alertmanager_port}"
    return (
        *(program, f"--config.file={file(settings)}", f"--storage.path={file(settings).parent / 'data'}"),
        *(f"--web.listen-address={address}", f"--web.external-url=http://{address}"),
        *("--cluster.listen-address=", "--log.level=warn"),
    )


def file(settings: Settings) -> Path:
    """Where the configuration is written; what Alertmanager keeps is beside it."""
    return settings.state_dir.absolute() / "alertmanager" / "alertmanager.json"
