"""Whether the model should be trained again, and why."""

from collections.abc import Sequence

from monitoring.quality.findings import Cohort, Reason, Retrain


def recommend(alerts: Sequence[str], verdict: str, labels: int, matured: Cohort | None, least: int) -> Retrain:
    """What a window's findings come to.

    Args:
        alerts: The subjects whose alert stands in the aligned view: drift is a reason once there are labels to learn from.
        verdict: Of the quality; low is one.
        labels: Of the window.
        matured: The cohort whose labels are due; accuracy below what the model expected of itself is one.
        least: So many labels are enough.
    """
    reasons: list[Reason] = []
    if alerts and labels >= least:
        reasons.append("drift")
    if verdict == "low":
        reasons.append("quality")
    if matured is not None and matured.gap is not None and matured.gap.is_drift:
        reasons.append("concept")
    return Retrain(tuple(reasons), max(0, least - labels) if alerts else 0)
