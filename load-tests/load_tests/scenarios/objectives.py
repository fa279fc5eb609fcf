"""The objectives of a run's window, evaluated by the real Prometheus: the gates that ``python -m slo generate`` writes."""

import math
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

import msgspec

from load_tests.paths import ROOT
from load_tests.scenarios.prometheus import Prometheus

GATES = ROOT / "slo" / "generated" / "gates.json"
WINDOW = "$window"
# Nothing to judge is a failure, but for what a load of predictions does not touch.
NOT_ASKED = {"label-arrival": "no labels are due in a run"}


class GateError(ValueError):
    """A file of gates that can't be used; the message names it."""


class Gate(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One objective: ``objective`` in percent, and a query whose value is the part of 1 that was bad."""

    name: str
    title: str
    kind: str
    objective: str
    error_ratio: str

    @property
    def allowed(self) -> float:
        """The part of 1 that may be bad."""
        return float(1 - Decimal(self.objective) / 100)


class _Gates(msgspec.Struct, frozen=True):
    gates: tuple[Gate, ...]


@dataclass(frozen=True)
class Judged:
    """What Prometheus said of one objective: the part of 1 that was bad, None where it has nothing to say."""

    gate: Gate
    error_ratio: float | None

    @property
    def held(self) -> bool | None:
        """Whether it was kept; None where the load has no part in it."""
        if self.error_ratio is None:
            return None if self.gate.name in NOT_ASKED else False
        return self.error_ratio <= self.gate.allowed


def read_gates(path: Path = GATES) -> tuple[Gate, ...]:
    """Read them.

    Raises:
        GateError: if there are none.
    """
    try:
        found = msgspec.json.decode(path.read_bytes(), type=_Gates).gates
    except (OSError, msgspec.DecodeError) as error:
        raise GateError(f"{path}: {error}; python -m slo generate writes it") from error
    if not found or any(WINDOW not in gate.error_ratio for gate in found):
        raise GateError(f"{path}: expected gates whose queries hold {WINDOW}; python -m slo generate writes it")
    return found


def judge(prometheus: Prometheus, gates: tuple[Gate, ...], since: float, until: float) -> list[Judged]:
    """Evaluate all at the end of a window.

    Raises:
        PrometheusError: if it does not answer.
    """
    window = f"{math.ceil(until - since)}s"
    return [Judged(gate, prometheus.value(gate.error_ratio.replace(WINDOW, window), until)) for gate in gates]
