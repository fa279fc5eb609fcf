"""What a scenario is: the phases of its load and what must hold, as its YAML file says them."""

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import msgspec
from msgspec import Meta

from gateway_config.policy.document import Document, DocumentError
from load_tests.paths import ROOM

FOLDER = ROOM / "scenarios"

Text = Annotated[str, Meta(min_length=1)]
Count = Annotated[int, Meta(ge=1)]
Positive = Annotated[float, Meta(gt=0)]
Share = Annotated[float, Meta(gt=0, le=1)]


class ScenarioError(ValueError):
    """A scenario that can't be run as written; the message names the file, the line and the field."""


class _Struct(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    pass


class Slow(_Struct, frozen=True, kw_only=True):
    """Bad callers beside the good ones: connections that send a body byte by byte, and that read an answer so."""

    writers: Annotated[int, Meta(ge=0)] = 0
    readers: Annotated[int, Meta(ge=0)] = 0


class Phase(_Struct, frozen=True, kw_only=True):
    """A part of the load. Without ``rate`` a closed loop; with it, requests a second whether answers come or not.

    ``knee_share`` is a rate too, as a part of the last one that a ramp found to hold.
    """

    name: Text
    seconds: Count
    connections: Count = 32
    rate: Positive | None = None
    knee_share: Share | None = None
    rows: Count = 1
    slow: Slow | None = None

    @property
    def is_open(self) -> bool:
        """Whether requests are sent at a rate."""
        return self.rate is not None or self.knee_share is not None


class Ramp(_Struct, frozen=True, kw_only=True):
    """Steps of a rate, from the first to the last, until one does not hold. Each is a phase.

    A step holds when every answer is 2xx, its p99 is at most ``p99_ms``, and answers are at least ``follows`` of the rate.
    """

    first: Count
    last: Count
    step: Count
    seconds: Count
    connections: Count = 64
    p99_ms: Positive
    follows: Share = 0.97

    def phases(self) -> Iterator[Phase]:
        """Its steps."""
        for rate in range(self.first, self.last + 1, self.step):
            yield Phase(name=f"{rate:,}/s", seconds=self.seconds, connections=self.connections, rate=float(rate))


class Limits(_Struct, frozen=True, kw_only=True):
    """Figures to keep; what is not named is not judged.

    ``requests`` are answers at least, all phases together; percentiles in ms at most, of the worst phase;
    ``last_p99_times`` the p99 of the last phase as a multiple of the first's; ``p99_drift`` that of the last quarter of
    the run as a multiple of the second's; ``growth_mb`` of the service's memory along a line, after the first quarter.
    """

    requests: Count | None = None
    p50_ms: Positive | None = None
    p90_ms: Positive | None = None
    p99_ms: Positive | None = None
    last_p99_times: Positive | None = None
    p99_drift: Positive | None = None
    growth_mb: Positive | None = None


class Scenario(_Struct, frozen=True, kw_only=True):
    """One file: what must hold (``limits``: the exit code says so) and what is hoped for (``goals``: shown)."""

    name: str = ""
    title: Text
    about: Text
    warm_seconds: Count = 3
    phases: tuple[Phase, ...] = ()
    ramp: Ramp | None = None
    limits: Limits = Limits()
    goals: Limits = Limits()

    @property
    def steps(self) -> tuple[Phase, ...]:
        """Everything that is run, in order."""
        return tuple(self.ramp.phases()) if self.ramp else self.phases

    @property
    def knee_wanted(self) -> bool:
        """Whether a ramp's result is needed first."""
        return any(phase.knee_share is not None for phase in self.phases)


def names(folder: Path = FOLDER) -> list[str]:
    """The scenarios of a folder."""
    return sorted(path.stem for path in folder.glob("*.yaml"))


def read(path: Path) -> Scenario:
    """Read one.

    Raises:
        ScenarioError: if it is not there, or not a scenario.
    """
    try:
        document = Document.read(path)
    except DocumentError as error:
        raise ScenarioError(str(error)) from error
    try:
        found = msgspec.convert(document.value, Scenario)
    except msgspec.ValidationError as error:
        reason, _, where = str(error).partition(" - at `$")
        raise ScenarioError(document.explain(where.rstrip("`").removeprefix("."), reason)) from error
    for field, reason in _mistakes(found):
        raise ScenarioError(document.explain(field, reason))
    return msgspec.structs.replace(found, name=path.stem)


def find(name: str, folder: Path = FOLDER) -> Scenario:
    """Read a scenario by its name, or by the path of a file of one's own.

    Raises:
        ScenarioError: if there is none, or it is not a scenario.
    """
    if name.endswith((".yaml", ".yml")):
        return read(Path(name))
    if name not in names(folder):
        raise ScenarioError(f"no scenario {name!r}, expected one of {', '.join(names(folder))}, or a file (*.yaml)")
    return read(folder / f"{name}.yaml")


def _mistakes(scenario: Scenario) -> Iterator[tuple[str, str]]:
    """What types can't say."""
    if scenario.name:
        yield "name", "a scenario is called as its file is; leave it out"
    if bool(scenario.phases) == (scenario.ramp is not None):
        yield "phases", "expected phases or a ramp, one of the two"
    if scenario.ramp and scenario.ramp.last < scenario.ramp.first:
        yield "ramp.last", f"{scenario.ramp.last} is below the first, {scenario.ramp.first}"
    seen = set()
    for place, phase in enumerate(scenario.phases):
        if phase.rate is not None and phase.knee_share is not None:
            yield f"phases[{place}].knee_share", "a rate is there too, expected one of the two"
        if phase.name in seen:
            yield f"phases[{place}].name", f"{phase.name!r} is there twice"
        seen.add(phase.name)
