"""What is said of one subject: plain data, for reports and for those who read them."""

from typing import Literal

import msgspec

Level = Literal["none", "warn", "alert"]
Kind = Literal["distribution", "categories", "unseen", "missing", "invalid", "out_of_range"]


class Check(msgspec.Struct, frozen=True):
    """One question, and its answer. ``level`` is what its size says, and ``none`` where chance explains it."""

    kind: Kind
    size: float  # a noise-corrected stability index, or a change of share
    p: float
    level: Level


class Moved(msgspec.Struct, frozen=True):
    """One value whose share changed; ``contribution`` is its part in the stability index."""

    value: str
    share: float
    reference_share: float
    contribution: float
    p: float | None = None  # of this value alone, for as many values as there are (Bonferroni); None: not tested


class Numbers(msgspec.Struct, frozen=True):
    """Where a subject's numbers are, in its own unit; quantiles by share, "0" the least and "1" the largest.

    Those of the window are read from buckets (:mod:`model_files.buckets`), out of range too, and so are the training
    data's, or of an old package, ``coarse``, from its bins. ``distance`` is how far the numbers moved on average, in
    standard deviations of the training data (the first Wasserstein distance); None where these do not vary, and of an
    old package, whose bins do not tell how far out the outermost numbers were.
    """

    quantiles: dict[str, float]
    reference_quantiles: dict[str, float]
    distance: float | None
    coarse: bool = False


class Subject(msgspec.Struct, frozen=True):
    """A feature, the prediction, the probability, or all features jointly, in one window and one view."""

    name: str
    score: float
    psi: float
    noise: float
    p: float
    cells: int
    level: Level
    checks: tuple[Check, ...]
    moved: tuple[Moved, ...]
    shift: float | None = None  # of the probability: the change of its mean
    earth_mover: float | None = None  # and the distance that it moved
    numbers: Numbers | None = None  # of a feature of numbers, or an answer that is one, counted feature by feature


class SegmentVerdict(msgspec.Struct, frozen=True, kw_only=True):
    """One segment: ``by`` is ``client`` or a feature's name. ``subject`` is what matters most in it, and moved most."""

    by: str
    value: str
    rows: int
    reference_rows: float
    level: Level
    subject: str
    score: float
    p: float
    moved: tuple[Moved, ...]
