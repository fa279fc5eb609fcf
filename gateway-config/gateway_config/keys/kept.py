"""A key of this machine's own, kept in a file beside the gateway's state, so that whoever starts it can try it."""

from pathlib import Path

from gateway_config.files import write_private
from gateway_config.local import LocalGateway


def kept_key(gateway: LocalGateway, client: str, path: Path) -> str:
    """The client's key from ``path``, or a new one that is written there; one that was lost is revoked first.

    Raises:
        PolicyError: if the policy has no such client.
        KeyStoreError: if the key store can't be read, or the client has two live keys of another origin.
    """
    key = path.read_text(encoding="utf-8").strip() if path.exists() else ""
    if gateway.store.knows(client, key):
        return key
    note = f"kept in {path.name}"
    for lost in gateway.store.live(client):
        if lost.note == note:
            gateway.store.revoke(client, lost.prefix)
    key = gateway.new_key(client, note=note)
    write_private(path, f"{key}\n".encode())
    return key
