"""The demo client: its key, kept beside the platform's state, and a line to paste that uses it."""

import http.client
import json
import shlex
from pathlib import Path
from typing import Any

from gateway_config.keys.kept import kept_key
from gateway_config.local import LocalGateway

CLIENT = "demo"


def demo_key(gateway: LocalGateway, path: Path) -> str | None:
    """The demo client's key, from ``path`` or made anew and written there; None if the policy has no such client.

    Raises:
        KeyStoreError: if the key store can't be read.
    """
    if CLIENT not in gateway.policy.clients:
        return None
    return kept_key(gateway, CLIENT, path)


def curl_line(gateway: LocalGateway, key: str) -> str:
    """A command that asks for a prediction: the default model's own example, as the service tells it.

    Raises:
        OSError: if the gateway or the service does not answer as it should.
    """
    default = _get(gateway, "/v1/models", key)["default"]
    example = _get(gateway, f"/v1/models/{default}", key)["example"]
    tls = gateway.site.tls
    return " ".join(
        [
            *("curl", f"{gateway.url}/v1/predict"),
            *(("--cacert", shlex.quote(str(tls.generated))) if tls and tls.generated else ()),
            *("-H", shlex.quote(f"x-api-key: {key}")),
            *("-H", shlex.quote("content-type: application/json")),
            *("-d", shlex.quote(json.dumps(example, ensure_ascii=False))),
        ]
    )


def _get(gateway: LocalGateway, path: str, key: str) -> Any:
    connection = gateway.connect(10)
    try:
        connection.request("GET", path, headers={"x-api-key": key})
        answer = connection.getresponse()
        body = answer.read()
        if answer.status != http.client.OK:
            raise OSError(f"GET {path} is answered {answer.status}: {body.decode(errors='replace')}")
        return json.loads(body)
    finally:
        connection.close()
