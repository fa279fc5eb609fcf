"""The gateway on this machine: its policy, its keys, the files Envoy reads and the command that runs it."""

import datetime as dt
import http.client
import os
from dataclasses import dataclass, replace
from pathlib import Path

import yaml

from gateway_config.envoy import program
from gateway_config.envoy.bootstrap import Address, Site, fixed
from gateway_config.envoy.reloading import ReloadError, Reloading
from gateway_config.envoy.rendering import (
    BOOTSTRAP_FILE,
    COUNTERS,
    KEYS_FILE,
    changed,
    render_bootstrap,
    render_deciding,
    render_instances,
    render_routes,
    render_tls,
    render_whole,
    write_deciding,
)
from gateway_config.envoy.spans import Traces
from gateway_config.envoy.tls import Identity, TlsError
from gateway_config.envoy.uptake import Outcome, Uptake
from gateway_config.files import write_private
from gateway_config.keys.store import KeyStore, policy_keys
from gateway_config.policy.model import Policy
from gateway_config.policy.reading import PolicyError, read_policy
from gateway_config.settings import Settings

_PATIENCE = 2.0  # seconds; a running gateway takes its keys over within milliseconds


@dataclass(frozen=True)
class LocalGateway:
    """Everything of a local gateway that stays the same while it runs."""

    policy: Policy
    site: Site
    folder: Path
    store: KeyStore
    workers: int

    @classmethod
    def open(cls, settings: Settings, backends: tuple[Address, ...] = ()) -> "LocalGateway":
        """The gateway that the settings and the policy describe, with the policy's own backends if none are given.

        Raises:
            PolicyError: if the policy cannot be enforced as written; a certificate that can't be used is such a case.
        """
        policy = read_policy(settings.gateway_policy)
        state = settings.state_dir.absolute()
        folder = state / "gateway"
        site = Site(
            listen=Address(settings.gateway_host, settings.gateway_port),
            admin=Address("127.0.0.1", settings.gateway_admin_port),
            backends=backends or tuple(map(Address.parse, policy.environments["local"].backends)),
            token=settings.gateway_token,
            access_logs=(settings.gateway_access_log,),
            tls=_identity(policy, settings, folder / "tls"),
            traces=_traces(settings),
        )
        store = KeyStore(folder / "keys.json", settings.gateway_pepper, policy_keys(policy))
        return cls(policy, site, folder, store, settings.gateway_workers)

    @property
    def bootstrap(self) -> Path:
        """The file that Envoy starts from."""
        return self.folder / BOOTSTRAP_FILE

    @property
    def near(self) -> Address:
        """Where this machine reaches the gateway: an address that stands for all of them is nobody's."""
        anywhere = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104 - it is replaced, not listened on
        return Address(anywhere.get(self.site.listen.host, self.site.listen.host), self.site.listen.port)

    @property
    def url(self) -> str:
        """The URL under which this machine reaches the gateway."""
        return f"{'https' if self.site.tls else 'http'}://{self.near}"

    @property
    def ready(self) -> str:
        """A URL that answers 200 once requests are; with TLS it is the admin port's, for which nobody has to be trusted."""
        return f"http://{self.site.admin}/ready" if self.site.tls else f"{self.url}/health/ready"

    def connect(self, seconds: float) -> http.client.HTTPConnection:
        """A connection from this machine, which trusts the gateway's own certificate and shows none."""
        host, port = self.near.host, self.near.port
        if self.site.tls:
            return self.site.tls.connect(host, port, seconds)
        return http.client.HTTPConnection(host, port, timeout=seconds)

    @property
    def command(self) -> tuple[str, ...]:
        """The command line that runs this gateway, once its files are written.

        Raises:
            EnvoyError: if Envoy is not installed.
        """
        return program.command(self.bootstrap, workers=self.workers)

    def check(self) -> None:
        """Have Envoy check what would be written.

        Raises:
            EnvoyError: if it refuses it, or is not installed.
            KeyStoreError: if the key store can't be read.
        """
        elsewhere = replace(self.site, access_logs=(Path(os.devnull),))  # Envoy opens the file even to validate
        program.validate(render_whole(self.policy, self.store.read(), elsewhere))

    def write(self) -> None:
        """Check, and write every file that Envoy reads.

        Raises:
            EnvoyError: if Envoy refuses the configuration, or is not installed; nothing is written then.
            KeyStoreError: if the key store can't be read.
        """
        self.check()
        write_deciding(self.policy, self.store.read(), self.folder)
        files = {
            **render_routes(self.policy),
            **render_instances(self.site.backends),
            **render_tls(self.site),
            BOOTSTRAP_FILE: render_bootstrap(self.policy, self.site, self.folder),
        }
        for name, content in files.items():
            write_private(self.folder / name, content)
        for path in self.site.access_logs:
            path.parent.mkdir(parents=True, exist_ok=True)

    def apply(self) -> tuple[str, ...]:
        """Have a gateway that runs take over the policy and the keys as they are now; the names of the changed files.

        Its instances are left alone. What of the policy only a new start takes over says ``outdated``.

        Raises:
            ReloadError: if nothing was written before, or Envoy does not take a file over; all stays as it was then.
            EnvoyError: if Envoy refuses the whole, or is not installed; nothing is written then.
            KeyStoreError: if the key store can't be read.
        """
        if not self.bootstrap.exists():
            raise ReloadError(f"there is no {self.bootstrap}: python -m gateway_config render writes it")
        self.check()
        files = {**render_deciding(self.policy, self.store.read()), **render_routes(self.policy)}
        if "tls" not in self.outdated():
            files |= render_tls(self.site)
        return self._reloading.replace(files)

    def swap(self, backends: tuple[Address, ...], seconds: float = 10.0) -> tuple[str, ...]:
        """Have other instances answer from now on; no request is lost.

        Raises:
            ReloadError: if nothing was written before, or one is not ready within ``seconds``; the old ones stay then.
        """
        if not self.bootstrap.exists():
            raise ReloadError(f"there is no {self.bootstrap}: python -m gateway_config render writes it")
        return self._reloading.swap(backends, seconds)

    def outdated(self) -> tuple[str, ...]:
        """What of the policy the gateway was started with otherwise: fields of its environment."""
        started = yaml.load(self.bootstrap.read_bytes(), yaml.CSafeLoader)["node"]["metadata"]
        return tuple(name for name, value in fixed(self.policy).items() if started.get(name) != value)

    @property
    def running(self) -> bool:
        """Whether a gateway answers on the admin port."""
        return self._reloading.running

    @property
    def _reloading(self) -> Reloading:
        return Reloading(self.folder, self.site.admin)

    def new_key(self, client: str, expires: dt.datetime | None = None, note: str = "") -> str:
        """Make a key for a client of the policy; a gateway that runs takes it once this returns.

        Raises:
            PolicyError: if the policy has no such client.
            KeyStoreError: if the client has two live keys, or the key store can't be read.
        """
        self.require(client)
        key = self.store.add(client, expires, note)
        self.write_keys()
        return key

    def require(self, client: str) -> None:
        """Hold that the policy has such a client.

        Raises:
            PolicyError: if it has not.
        """
        if client not in self.policy.clients:
            raise PolicyError(f"{client!r} is no client of the policy, which has {', '.join(self.policy.clients)}")

    def write_keys(self) -> Outcome | None:
        """Tell a gateway that runs which keys there are now, and wait until it has taken them over.

        What it made of them; None where there was nothing to tell, or nobody.

        Raises:
            KeyStoreError: if the key store can't be read.
        """
        if not (self.folder / KEYS_FILE).exists():
            return None
        files = render_deciding(self.policy, self.store.read())
        names = changed(files, self.folder)
        uptake = Uptake(self.site.admin, *COUNTERS[KEYS_FILE])
        for name in names:
            write_private(self.folder / name, files[name])
        return uptake.wait(_PATIENCE) if KEYS_FILE in names else None


def _identity(policy: Policy, settings: Settings, folder: Path) -> Identity | None:
    tls, path = policy.environments["local"].tls, settings.gateway_policy
    if tls is None:
        return None
    try:
        return Identity.read(tls, beside=path.parent, folder=folder, host=settings.gateway_host)
    except TlsError as error:
        raise PolicyError(f"{path}: environments.local.tls.{error}") from error


def _traces(settings: Settings) -> Traces | None:
    if not settings.otlp_endpoint:
        return None
    return Traces(settings.otlp_endpoint, settings.trace_ratio, settings.otlp_headers)
