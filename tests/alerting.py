"""What alert tests need: somebody who is told, and rules and routes that do not take as long as people can."""

import json
import re
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, NamedTuple

import yaml

from tests.runner import PATIENCE, ROOT

CONFIGURATION = ROOT / "monitoring" / "alertmanager" / "alertmanager.yaml"
_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86_400}


class Told(NamedTuple):
    """One notification, as Alertmanager's webhook sends it, and when it came (seconds since the epoch)."""

    at: float
    message: dict[str, Any]

    @property
    def slo(self) -> str:
        """The objective that it is about; empty where it is about what watches them."""
        return str(self.message["groupLabels"].get("slo", ""))

    def alerts(self, status: str) -> list[str]:
        """The names of the alerts of a status, ``firing`` or ``resolved``."""
        return [alert["labels"]["alertname"] for alert in self.message["alerts"] if alert["status"] == status]


class Webhook:
    """Somebody who is told: a receiver of Alertmanager's webhooks, which keeps all that it was sent."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.told: list[Told] = []

    def about(self, slo: str, receiver: str) -> list[Told]:
        """What a receiver was told of an objective, in order."""
        return [told for told in self.told if told.slo == slo and told.message["receiver"] == receiver]


@contextmanager
def webhook() -> Iterator[Webhook]:
    """A receiver that listens while the ``with`` block lasts."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            message = json.loads(self.rfile.read(int(self.headers["content-length"])))
            receiver.told.append(Told(time.time(), message))
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    receiver = Webhook(f"http://127.0.0.1:{server.server_port}/alerts")
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield receiver
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def faster_rules(folder: Path, times: int) -> Path:
    """The objectives' rules with every duration divided, in a folder of the test's own."""
    command = [sys.executable, "-m", "slo", "generate", "--out", str(folder), "--faster", str(times)]
    made = subprocess.run(command, cwd=ROOT, check=False, timeout=PATIENCE, capture_output=True, text=True)
    assert made.returncode == 0, made.stderr
    return folder / "rules"


def faster_watching(folder: Path, times: int) -> Path:
    """The committed configuration with the rules beside it, every duration of theirs divided, in the test's folder."""
    committed = ROOT / "monitoring" / "prometheus"
    rules = yaml.safe_load((committed / "watching.yaml").read_text())
    for group in rules["groups"]:
        group["interval"] = f"{1000 * seconds(group['interval']) // times}ms"
        for rule in group["rules"]:
            rule["for"] = f"{1000 * seconds(rule['for']) // times}ms"
    (folder / "watching.yaml").write_text(yaml.safe_dump(rules))
    return Path(shutil.copy(committed / "prometheus.yaml", folder))


def shorter(path: Path, faster: int, folder: Path) -> Path:
    """The committed routes with every wait divided, in a file of the test's own folder."""
    document = yaml.safe_load(path.read_text())
    document["templates"] = [str(path.parent / name) for name in document["templates"]]
    for route in (document["route"], *document["route"]["routes"]):
        for name in {"group_wait", "group_interval", "repeat_interval"} & set(route):
            route[name] = f"{1000 * seconds(route[name]) // faster}ms"
    made = folder / "alertmanager.yaml"
    made.write_text(yaml.safe_dump(document, sort_keys=False))
    return made


def seconds(duration: str) -> int:
    """The seconds of a duration such as ``5m``."""
    found = re.fullmatch(r"(\d+)([smhd])", duration)
    assert found, duration
    return int(found[1]) * _SECONDS[found[2]]
