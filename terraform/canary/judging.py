"""Does a revision keep the objectives? Bad events and all of them, of it and of the one beside it, in one window."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import Enum
from math import ceil

from terraform.canary.cloud_run import GcloudError
from terraform.canary.gates import Gate
from terraform.canary.prometheus import PrometheusError

Ask = Callable[[str], float | None]

_WORSE = 2.0  # than the one beside it: else it is the world that went bad, and to go back would not help


class Verdict(Enum):
    """What is to be done: go on; look again; go back at once."""

    KEPT = "kept"
    OPEN = "open"
    BURNING = "burning"


class LimitError(ValueError):
    """Limits by which something could never be judged."""


@dataclass(frozen=True)
class Limits:
    """``events``: fewer are no proof. ``failures``: fewer alert nobody. ``burn``: how fast a budget may burn at all."""

    events: int = 100
    failures: int = 5
    burn: float = 6.0

    def hold(self, gates: Iterable[Gate]) -> None:
        """See that every objective could burn so fast.

        Raises:
            LimitError: if more than all events would have to be bad.
        """
        for gate in gates:
            if self.burn * gate.budget >= 1:
                raise LimitError(
                    f"--burn {self.burn:g}: {gate.name} could never burn so fast, expected less than {1 / gate.budget:g}"
                )


@dataclass(frozen=True)
class Sight:
    """One objective of a revision in a window. Nothing is known where ``events`` is None."""

    gate: Gate
    events: float | None
    failures: float
    beside: float | None  # how fast the other revision burns
    problem: str = ""

    @property
    def burn(self) -> float:
        """How fast its budget burns: 1 uses it up exactly in the objective's period."""
        return self.failures / self.events / self.gate.budget if self.events else 0.0

    def verdict(self, limits: Limits) -> Verdict:
        """What this objective says. That nothing is known is no good news; that many fail needs no others beside them."""
        if self.events is None:
            return Verdict.OPEN
        if self._burning(limits):
            return Verdict.BURNING
        if self.events < limits.events:
            return Verdict.OPEN
        return Verdict.KEPT if self.failures < limits.failures or self.burn <= 1 else Verdict.OPEN

    def _burning(self, limits: Limits) -> bool:
        return self.failures >= limits.failures and self.burn > max(limits.burn, _WORSE * (self.beside or 0.0))

    def told(self, limits: Limits) -> str:
        """The same in words."""
        if self.problem:
            return f"{self.gate.name}: {self.problem}"
        if self.events is None:
            return f"{self.gate.name}: not measured"
        if self.events < limits.events and not self._burning(limits):
            return f"{self.gate.name}: {self.events:.0f} events, expected {limits.events} to judge by"
        other = "" if self.beside is None else f", the other revision {self.beside:.2f}"
        return f"{self.gate.name}: {self.failures:.0f} of {self.events:.0f} bad, burns {self.burn:.2f}{other}"


def overall(sights: Sequence[Sight], limits: Limits) -> Verdict:
    """One that burns is enough to go back; to go on all have to be kept."""
    verdicts = {sight.verdict(limits) for sight in sights}
    if Verdict.BURNING in verdicts:
        return Verdict.BURNING
    return Verdict.KEPT if verdicts == {Verdict.KEPT} else Verdict.OPEN


@dataclass(frozen=True)
class Watch:
    """Looks at the revisions of one service; who can't be asked, or shown a token, says nothing of them."""

    ask: Ask
    gates: tuple[Gate, ...]
    service: str

    def sights(self, revision: str, other: str, seconds: float) -> Iterator[Sight]:
        """Every objective of a revision in the last seconds, beside another's; each is asked for when it is its turn."""
        window = max(1, ceil(seconds))
        return (self._sight(gate, revision, other, window) for gate in self.gates)

    def _sight(self, gate: Gate, revision: str, other: str, window: int) -> Sight:
        try:
            events, failures = self._counts(gate, revision, window)
            theirs, bad = self._counts(gate, other, window)
        except (PrometheusError, GcloudError) as error:
            return Sight(gate, None, 0.0, None, str(error))
        beside = bad / theirs / gate.budget if theirs else None
        return Sight(gate, events, failures, beside)

    def _counts(self, gate: Gate, revision: str, window: int) -> tuple[float | None, float]:
        bad, total = gate.asked({"namespace": self.service, "revision_name": revision}, window)
        events = self.ask(total)
        return (None, 0.0) if events is None else (events * window, (self.ask(bad) or 0.0) * window)
