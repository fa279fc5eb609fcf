"""Places for numbers of any size, fine where the training data is, so that a quantile can be told from counts alone.

Buckets are even in asinh((x - centre) / scale): equally wide near the middle of the training data, logarithmic far from
it (Lupton, Gunn, Szalay: asinh magnitudes, AJ 118, 1999). Far out they are DDSketch's (Masson, Rim, Lee, VLDB 2019),
and like these they add up, over hours, files and machines. DDSketch's own are fine around zero, and so need a least
magnitude in somebody's unit, and have one bucket for all the air pressures there are.
"""

import math
from dataclasses import dataclass
from typing import Final, Self

from model_files.reference_file import Histogram

ERROR: Final = 0.02  # of a number told from its bucket, in parts of sqrt((x - centre)^2 + scale^2)
WIDTH: Final = math.log1p(
    ERROR
)  # of a bucket; sinh(u + WIDTH) - sinh(u) is at most ERROR cosh(u), u its end near the centre
FARTHEST: Final = 1e100  # scales from the centre; what is further is there, so that no engine's numbers overflow

Span = tuple[float, float]  # numbers from the first to the second


@dataclass(frozen=True)
class Buckets:
    """Bucket 0 has ``centre`` in its middle; those above it count up from 1, those below down from -1."""

    centre: float
    scale: float

    @classmethod
    def of(cls, histogram: Histogram) -> Self:
        """Around the middle of what was trained on; the scale is the distance between its quartiles.

        Where values are so often the same that the quartiles are one, it is the range; where that is nothing, 1.
        """
        edges = histogram.edges
        low, middle, high = (edges[len(edges) * quarter // 4] for quarter in (1, 2, 3))
        return cls(middle, (high - low) or (edges[-1] - edges[0]) or 1.0)

    @property
    def reach(self) -> float:
        """How far from the centre numbers are told apart."""
        return FARTHEST * self.scale

    def span(self, bucket: int) -> Span:
        """The numbers of a bucket: those that ``bucket`` is of floor(asinh(|x - centre| / scale) / WIDTH + 1/2), with a sign."""
        return self._edge(bucket - 0.5), self._edge(bucket + 0.5)

    def _edge(self, place: float) -> float:
        return self.centre + self.scale * math.sinh(place * WIDTH)
