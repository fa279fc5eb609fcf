"""When a difference matters: significant, and large enough to care. The thresholds, and what they say of one number."""

from dataclasses import dataclass

from monitoring.drift.subject import Level

LEVELS: tuple[Level, ...] = ("none", "warn", "alert")


@dataclass(frozen=True)
class Rule:
    """Thresholds. Shares and points are parts of 1.

    A difference counts where its p-value is below ``significance`` and stays among the discoveries of all the checks of
    a window at the false discovery rate ``discovery``. How much it matters is told by how large it is.
    """

    significance: float = 1e-3
    discovery: float = 0.01
    score_warn: float = (
        0.05  # noise-corrected stability index, of a feature, the prediction, the probability, all jointly
    )
    score_alert: float = 0.1
    points_warn: float = 0.02  # change of one category's share
    points_alert: float = 0.04
    times: float = 2.0  # a category so many times as frequent, or as rare, matters from fewer points on
    times_points_warn: float = 0.003
    times_points_alert: float = 0.02
    rate_warn: float = 0.001  # rise of the share of rows that are unseen, missing, invalid or out of range
    rate_alert: float = 0.005
    gap: float = 0.03  # of accuracy below what the model expects of itself, from which on it is concept drift

    def of_score(self, score: float) -> Level:
        """Of a noise-corrected stability index."""
        return _level(score, self.score_warn, self.score_alert)

    def of_change(self, share: float, reference_share: float) -> Level:
        """Of one category's change of share."""
        points = abs(share - reference_share)
        low, high = sorted((share, reference_share))
        level = _level(points, self.points_warn, self.points_alert)
        if high >= self.times * low:
            level = max(level, _level(points, self.times_points_warn, self.times_points_alert), key=LEVELS.index)
        return level

    def of_rise(self, rise: float) -> Level:
        """Of a rise of the share of rows at fault."""
        return _level(rise, self.rate_warn, self.rate_alert)


def worst(levels: list[Level]) -> Level:
    """The most serious of several."""
    return max(levels, key=LEVELS.index, default="none")


def _level(value: float, warn: float, alert: float) -> Level:
    return "alert" if value >= alert else "warn" if value >= warn else "none"
