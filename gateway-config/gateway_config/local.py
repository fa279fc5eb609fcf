"""The gateway on this machine: its policy, its keys, the files Envoy reads and the command that runs it."""

import os
from dataclasses import dataclass, replace
from pathlib import Path

from gateway_config import envoy
from gateway_config.bootstrap import Address, Site
from gateway_config.files import write_private
from gateway_config.keys import KeyStore
from gateway_config.policy import Policy
from gateway_config.reading import PolicyError, read_policy
from gateway_config.rendering import BOOTSTRAP_FILE, KEYS_FILE, render_bootstrap, render_whole, write_deciding
from gateway_config.settings import Settings


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
            PolicyError: if the policy cannot be enforced as written.
        """
        policy = read_policy(settings.gateway_policy)
        state = settings.state_dir.absolute()
        site = Site(
            listen=Address(settings.gateway_host, settings.gateway_port),
            admin=Address("127.0.0.1", settings.gateway_admin_port),
            backends=backends or tuple(map(Address.parse, policy.environments["local"].backends)),
            token=settings.gateway_token,
            access_log=state / "logs" / "gateway-access.jsonl",
        )
        folder = state / "gateway"
        return cls(policy, site, folder, KeyStore(folder / "keys.json"), settings.gateway_workers)

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
        return f"http://{self.near}"

    @property
    def command(self) -> tuple[str, ...]:
        """The command line that runs this gateway, once its files are written.

        Raises:
            EnvoyError: if Envoy is not installed.
        """
        return envoy.command(self.bootstrap, workers=self.workers)

    def check(self) -> None:
        """Have Envoy check what would be written.

        Raises:
            EnvoyError: if it refuses it, or is not installed.
            KeyStoreError: if the key store can't be read.
        """
        elsewhere = replace(self.site, access_log=Path(os.devnull))  # Envoy opens the file even to validate
        envoy.validate(render_whole(self.policy, self.store.read(), elsewhere))

    def write(self) -> None:
        """Check, and write every file that Envoy reads.

        Raises:
            EnvoyError: if Envoy refuses the configuration, or is not installed; nothing is written then.
            KeyStoreError: if the key store can't be read.
        """
        self.check()
        write_deciding(self.policy, self.store.read(), self.folder)
        write_private(self.bootstrap, render_bootstrap(self.policy, self.site, self.folder))
        self.site.access_log.parent.mkdir(parents=True, exist_ok=True)

    def new_key(self, client: str) -> str:
        """Make a key for a client of the policy; a gateway that runs takes it from then on.

        Raises:
            PolicyError: if the policy has no such client.
            KeyStoreError: if the key store can't be read.
        """
        if client not in self.policy.clients:
            raise PolicyError(f"{client!r} is no client of the policy, which has {', '.join(self.policy.clients)}")
        key = self.store.add(client)
        if (self.folder / KEYS_FILE).exists():
            write_deciding(self.policy, self.store.read(), self.folder)
        return key
