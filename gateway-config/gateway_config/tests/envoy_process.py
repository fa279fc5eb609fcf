"""A real Envoy for a test, from a rendered configuration to its end."""

import http.client
import json
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from gateway_config.envoy import program
from gateway_config.envoy.bootstrap import Address, Site
from gateway_config.files import write_private
from gateway_config.keys.store import KeyStore
from gateway_config.local import LocalGateway
from gateway_config.policy.reading import read_policy
from gateway_config.ports import free_port

PATIENCE = 20.0  # seconds; an Envoy that takes longer to start is broken


@dataclass(frozen=True)
class Answer:
    """A status, headers (names in lower case) and a body."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        """The body, decoded."""
        return json.loads(self.body)


def ask(
    address: Address,
    method: str,
    path: str,
    headers: list[tuple[str, str]] | None = None,
    body: bytes = b"",
    source: str = "127.0.0.1",
) -> Answer:
    """Send one request exactly as given, from one of this machine's addresses."""
    connection = http.client.HTTPConnection(address.host, address.port, timeout=30, source_address=(source, 0))
    try:
        connection.putrequest(method, path, skip_accept_encoding=True)
        for name, value in headers or []:
            connection.putheader(name, value)
        if body:
            connection.putheader("content-length", str(len(body)))
        connection.endheaders(body or None)
        response = connection.getresponse()
        return Answer(response.status, {k.lower(): v for k, v in response.getheaders()}, response.read())
    finally:
        connection.close()


def make_gateway(policy: Path, folder: Path, *backends: Address) -> LocalGateway:
    """A gateway whose ports are free and whose files are in ``folder``."""
    site = Site(
        listen=Address("127.0.0.1", free_port()),
        admin=Address("127.0.0.1", free_port()),
        backends=backends,
        token="the-token-of-this-run",  # noqa: S106 - of a test
        access_logs=(folder / "access.jsonl",),
    )
    return LocalGateway(read_policy(policy), site, folder, KeyStore(folder / "keys.json"), workers=2)


class EnvoyProcess:
    """Envoy, running until the end of a ``with`` block."""

    def __init__(self, configuration: Path, admin: Address, log: Path, *, workers: int = 1) -> None:
        self._configuration, self._admin, self.log, self._workers = configuration, admin, log, workers

    def __enter__(self) -> Self:
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(program.command(self._configuration, workers=self._workers), stderr=log)
        until = time.monotonic() + PATIENCE
        while not self._ready():
            if self.process.poll() is not None or time.monotonic() > until:
                self.__exit__()
                raise AssertionError(f"Envoy did not start: {self.log.read_text()}")
            time.sleep(0.05)
        return self

    def __exit__(self, *_: object) -> None:
        self.process.terminate()
        self.process.wait()

    def _ready(self) -> bool:
        try:
            return ask(self._admin, "GET", "/ready").status == 200
        except OSError:
            return False


class RunningGateway(EnvoyProcess):
    """A gateway, written, checked and running."""

    def __init__(self, gateway: LocalGateway) -> None:
        super().__init__(gateway.bootstrap, gateway.site.admin, gateway.folder / "envoy.log", workers=gateway.workers)
        self.gateway = gateway

    def __enter__(self) -> Self:
        self.gateway.write()
        return super().__enter__()

    def ask(
        self,
        method: str,
        path: str,
        *headers: tuple[str, str],
        body: bytes = b"",
        source: str = "127.0.0.1",
    ) -> Answer:
        """Send one request through it."""
        return ask(self.gateway.site.listen, method, path, list(headers), body, source)


def write_bare(folder: Path, script: str, listen: Address, admin: Address) -> Path:
    """A configuration that does nothing but run a Lua script, for trying the script by itself."""
    source = {"default_source_code": {"inline_string": script}}
    lua = {"@type": "type.googleapis.com/envoy.extensions.filters.http.lua.v3.Lua", **source}
    router = {"@type": "type.googleapis.com/envoy.extensions.filters.http.router.v3.Router"}
    kind = "envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager"
    manager = {
        "@type": f"type.googleapis.com/{kind}",
        "stat_prefix": "bare",
        "http_filters": [{"name": "lua", "typed_config": lua}, {"name": "router", "typed_config": router}],
        "route_config": {"virtual_hosts": [{"name": "all", "domains": ["*"], "routes": []}]},
    }
    filters = [{"name": "http", "typed_config": manager}]
    listener = {"name": "bare", "address": listen.envoy(), "filter_chains": [{"filters": filters}]}
    document = {"admin": {"address": admin.envoy()}, "static_resources": {"listeners": [listener]}}
    path = folder / "bare.json"
    write_private(path, json.dumps(document).encode())
    return path
