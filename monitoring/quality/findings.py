"""What is found of quality: plain data, for reports and for those who read them."""

from typing import Literal

import msgspec

Interval = tuple[float, float]
Reason = Literal["drift", "quality", "concept"]


class CalibrationBin(msgspec.Struct, frozen=True):
    """Rows between two probabilities: what was said of them on average, and the share that came true."""

    low: float
    high: float
    rows: int
    predicted: float
    observed: float
    interval: Interval  # of observed


class Calibration(msgspec.Struct, frozen=True):
    """``error`` is the expected calibration error, ``noise`` what it is on average of a calibrated model so large a sample."""

    error: float
    noise: float
    bins: tuple[CalibrationBin, ...]


class Gap(msgspec.Struct, frozen=True):
    """Realised accuracy less what the model expected of itself on the same predictions (CBPE).

    The sign of concept drift: ``is_drift`` where it is below 0 by more than chance and enough to matter.
    """

    realised: float
    estimated: float
    difference: float
    interval: Interval
    p: float
    is_drift: bool


class Cohort(msgspec.Struct, frozen=True, kw_only=True):
    """A matured cohort. ``coverage`` is the labelled part of its predictions, None without any.

    Without enough labels there are no measures; without probabilities of two classes neither calibration nor gap.
    """

    since: str
    until: str
    predictions: int
    labels: int
    coverage: float | None
    measures: dict[str, float] = {}
    intervals: dict[str, Interval] = {}
    calibration: Calibration | None = None
    gap: Gap | None = None


class Answering(msgspec.Struct, frozen=True, kw_only=True):
    """One version in a window. ``mix`` is the share of each answer; without enough labels there are no measures."""

    version: str
    rows: int
    mix: dict[str, float]
    mean_probability: float | None
    labels: int
    measures: dict[str, float]
    intervals: dict[str, Interval]


class Comparison(msgspec.Struct, frozen=True, kw_only=True):
    """Another version beside the report's own.

    ``agreement`` is the part of the answers that the mixes share, 1 where they are the same; ``p`` how likely so large a
    difference is by chance. ``gain`` is how much more accurate the other one is, None without labels of both.
    """

    own: Answering
    other: Answering
    agreement: float
    p: float
    gain: float | None = None
    gain_interval: Interval | None = None


class Retrain(msgspec.Struct, frozen=True):
    """A recommendation. ``labels_awaited`` is how many more labels would make one of a drift alert that stands."""

    reasons: tuple[Reason, ...] = ()
    labels_awaited: int = 0

    @property
    def is_recommended(self) -> bool:
        """Whether there is a reason."""
        return bool(self.reasons)
