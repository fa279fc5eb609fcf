"""A change for a gateway that runs: files are replaced, and Envoy says whether it has taken them over."""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from gateway_config.envoy.admin import ask
from gateway_config.envoy.bootstrap import Address
from gateway_config.envoy.instances import assigned, await_ready
from gateway_config.envoy.rendering import COUNTERS, INSTANCES_FILE, changed, render_instances
from gateway_config.envoy.uptake import Uptake
from gateway_config.files import write_private

_PATIENCE = 10.0  # seconds; Envoy takes a file over within milliseconds


class ReloadError(RuntimeError):
    """A change that the running gateway has not taken over; the message says why, and what holds now."""


@dataclass(frozen=True)
class Reloading:
    """The files that a gateway watches, and where it answers."""

    folder: Path
    admin: Address

    @property
    def running(self) -> bool:
        """Whether there is somebody to notice a change."""
        try:
            ask(self.admin, "GET", "/ready")
        except OSError:
            return False
        return True

    def replace(self, files: dict[str, bytes]) -> tuple[str, ...]:
        """Replace the files that say something new, each in one step, and name them.

        Where no gateway runs they are written for the next one.

        Raises:
            ReloadError: if Envoy refuses one; all are as before then, and so is what it does.
        """
        names = changed(files, self.folder)
        before = {name: (self.folder / name).read_bytes() for name in names if (self.folder / name).exists()}
        uptakes = {name: Uptake(self.admin, *COUNTERS[name]) for name in names}
        for name in names:
            write_private(self.folder / name, files[name])
        outcomes = {name: uptake.wait(_PATIENCE) for name, uptake in uptakes.items()}
        failed = [
            f"{name} ({outcome})" for name, outcome in outcomes.items() if outcome not in ("taken", "not running")
        ]
        if failed:
            for name, content in before.items():
                write_private(self.folder / name, content)
            raise ReloadError(
                f"Envoy has not taken over {', '.join(failed)}: everything stays as it was; its log says why"
            )
        return names

    def swap(self, backends: tuple[Address, ...], seconds: float) -> tuple[str, ...]:
        """Have other instances answer: the new ones are taken in first, and the old ones let go once those are ready.

        Requests under way on one that is let go are finished.

        Raises:
            ReloadError: if one of them is not ready within ``seconds``; the old ones stay then.
        """
        current = assigned((self.folder / INSTANCES_FILE).read_bytes())
        if set(current) == set(backends):
            return ()
        self.replace(render_instances(_once((*current, *backends))))
        try:
            missing = await_ready(self.admin, backends, seconds)
        except OSError:
            missing = ()  # no gateway runs: there is nobody to find out, and nobody to lose a request
        if missing:
            self.replace(render_instances(current))
            names, old = " and ".join(map(str, missing)), ", ".join(map(str, current))
            raise ReloadError(f"{names} did not get ready within {seconds:g} s: {old} stay in use")
        self.replace(render_instances(backends))
        return (INSTANCES_FILE,)


def _once(backends: Iterable[Address]) -> tuple[Address, ...]:
    return tuple(dict.fromkeys(backends))
