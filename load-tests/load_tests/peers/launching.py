"""From a peer to a contender of the benchmark: its environment, its model in its own format, its command."""

import os
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from gateway_config.ports import free_port
from load_tests.contenders import SINGLE, Contender
from load_tests.peers.catalogue import Peer, Variant
from load_tests.processes import Launch
from load_tests.servers import Setup

PREPARE_SECONDS = 300.0
START_SECONDS = 180.0  # Ray starts ten processes, all on one core
_MODEL = "model.skops"


class PeerError(RuntimeError):
    """A peer that cannot take part; the message says why."""


@dataclass(frozen=True)
class Place:
    """Where a peer runs: its interpreter, the folder of the model package, and what it made of the model."""

    python: Path
    model: Path
    prepared: Path


def prepare(peer: Peer, python: Path, model: Path, folder: Path) -> Place:
    """Let a peer write the model in its own format, where it reads no other.

    Raises:
        PeerError: if its program fails.
    """
    place = Place(python, model, folder / peer.key)
    if peer.prepares:
        place.prepared.mkdir(parents=True)
        command = (str(python), str(peer.folder / "prepare.py"), str(model / _MODEL), str(place.prepared))
        try:
            done = subprocess.run(  # noqa: S603 - the peer's program in this repository
                command,
                capture_output=True,
                text=True,
                timeout=PREPARE_SECONDS,
                check=False,
                cwd=place.prepared,
                env={**os.environ, **_environment(python, place.prepared)},
            )
        except subprocess.TimeoutExpired as error:
            raise PeerError(f"prepare.py had not ended after {PREPARE_SECONDS:.0f} s") from error
        if done.returncode:
            raise PeerError("prepare.py failed:\n" + "\n".join((done.stdout + done.stderr).strip().splitlines()[-6:]))
    return place


def contender(peer: Peer, variant: Variant, place: Place) -> Contender:
    """One way to run a peer as a line of the benchmark, told as a part of the ceiling."""

    def start(setup: Setup, _: int) -> Launch:
        return launch(peer, variant, place, setup.folder)

    return Contender(
        f"{peer.key}-{variant.key}",
        f"{peer.title}, {variant.key}",
        start,
        SINGLE,
        ceiling="ceiling",
        protocol=variant.protocol,
        foreign=True,
    )


def launch(peer: Peer, variant: Variant, place: Place, folder: Path) -> Launch:
    """How to start a peer in one way, on free ports, with a folder for what it writes."""
    scratch = folder / "scratch"
    scratch.mkdir(parents=True)
    port = free_port()
    names = {
        "bin": place.python.parent,
        "peer": peer.folder,
        "prepared": place.prepared,
        "scratch": scratch,
        "port": port,
        "port2": free_port(),
        "port3": free_port(),
    }
    own = {name: value.format(**names) for name, value in variant.environment.items()}
    environment = {
        **_environment(place.python, scratch),
        "PEER_MODEL": str(place.model / _MODEL),
        "PEER_PORT": str(port),
        **own,
    }
    command = tuple(part.format(**names) for part in variant.command)
    return Launch(f"{peer.key}-{variant.key}", command, environment, port, variant.ready, START_SECONDS)


def _environment(python: Path, home: Path) -> Mapping[str, str]:
    """What lets a peer find its own programs first, and leave nothing beside ours nor in the home folder."""
    path = os.pathsep.join((str(python.parent), os.environ.get("PATH", os.defpath)))
    return {"PATH": path, "PYTHONDONTWRITEBYTECODE": "1", "HOME": str(home)}
