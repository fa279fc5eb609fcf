"""How much of each error budget is left, from raw metrics: with the metrics sidecar alone no rule records it on GCP."""

from collections.abc import Iterable
from dataclasses import dataclass

from terraform.canary.gates import Gate
from terraform.canary.judging import Ask


@dataclass(frozen=True)
class Budget:
    """One objective over a window: the part of 1 that is left of its budget, None where nothing was measured."""

    gate: Gate
    left: float | None

    def refusal(self, least: float) -> str | None:
        """Why a release has to wait, in words; None where it need not. What nobody knows lets nothing out."""
        if self.left is None:
            return f"{self.gate.name}: nobody knows what is left of its budget"
        if self.left < least:
            return f"{self.gate.name}: {self.left:.1%} of its budget is left, expected at least {least:.1%}"
        return None


def budgets(gates: Iterable[Gate], ask: Ask, service: str, seconds: int) -> list[Budget]:
    """Every objective of all revisions of a service.

    Raises:
        PrometheusError: if it does not answer.
    """
    return [Budget(gate, _left(gate, ask, service, seconds)) for gate in gates]


def _left(gate: Gate, ask: Ask, service: str, seconds: int) -> float | None:
    bad, total = (ask(query) for query in gate.asked({"namespace": service}, seconds))
    return 1 - (bad or 0.0) / total / gate.budget if total else None
