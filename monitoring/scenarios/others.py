"""Other tools' rules for "this column has drifted", on counts: their formulas and thresholds, column by column.

Evidently 0.7.23: ``legacy/calculations/stattests``, held to the package itself by a test. NannyML 0.13.1:
``drift/univariate``, held to what it said itself (``nannyml_program.py``); 2.1 GB, so it is not installed here. Its
docstrings speak of a threshold of 0.1, which it has no more. Vertex AI: ``DataDriftSpec``, whose thresholds have no default;
0.3 is the one that is usual, and its documentation's example has 0.01 and 0.02.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import stats
from scipy.spatial.distance import jensenshannon

from monitoring.scenarios.draws import Drawn, Draws

Array = npt.NDArray[np.float64]
Judge = Callable[[Drawn], bool]

_EVIDENTLY_DISTANCE = 0.1
_EVIDENTLY_P = 0.05
_NANNYML_DEVIATIONS = 3
_NANNYML_LEAST_CHUNKS = 6  # fewer make its own documentation warn
_VERTEX_USUAL = (0.3, 0.3)
_VERTEX_EXAMPLE = (0.01, 0.02)


@dataclass(frozen=True)
class Columns:
    """Counts by column of what was drawn: every feature and the prediction by category, the probability by its values."""

    reference: Drawn
    places: Mapping[str, npt.NDArray[np.int64]]
    values: Array  # the probability of each combination
    edges: Array  # of its histogram, by Doane's rule, as NannyML has them

    def categories(self, drawn: Drawn) -> list[tuple[Array, Array]]:
        """Rows by category of the reference and of what was drawn, for each column; the last one is the unseen."""
        return [
            (
                np.bincount(places, weights=self.reference).astype(float),
                np.bincount(places, weights=drawn).astype(float),
            )
            for places in self.places.values()
        ]

    def histogram(self, drawn: Drawn, edges: Array) -> tuple[Array, Array]:
        """Rows by bin of the probability."""
        return (
            np.histogram(self.values, edges, weights=self.reference)[0].astype(float),
            np.histogram(self.values, edges, weights=drawn)[0].astype(float),
        )


def columns_of(draws: Draws) -> Columns:
    """The columns of a reference; the unseen row is in a category of its own, and otherwise like the first row."""
    codes = np.array(draws.codes)
    places = {
        name: np.append(codes[:, place], codes[:, place].max() + 1 if not place else codes[0, place])
        for place, name in enumerate(draws.names)
    }
    cells = draws.watched.reference.cells
    rows = cells.rows if cells else ()
    reference = np.append(np.array(rows), 0)
    values = np.append(np.array(draws.means), draws.means[0])
    return Columns(
        reference=reference,
        places=places | {"prediction": np.append(np.array(draws.labels), 0)},
        values=values,
        edges=np.histogram_bin_edges(np.repeat(values, reference), bins="doane"),
    )


def evidently_default(columns: Columns) -> Judge:
    """Evidently as it comes, for a reference of more than 1,000 rows: Jensen-Shannon and normed Wasserstein, 0.1 each."""
    mean = np.average(columns.values, weights=columns.reference)
    deviation = max(float(np.sqrt(np.average((columns.values - mean) ** 2, weights=columns.reference))), 0.001)

    def judge(drawn: Drawn) -> bool:
        moved = stats.wasserstein_distance(columns.values, columns.values, columns.reference, drawn) / deviation
        return bool(moved >= _EVIDENTLY_DISTANCE) or any(
            distance(there, here, None) >= _EVIDENTLY_DISTANCE for there, here in columns.categories(drawn)
        )

    return judge


def evidently_psi(columns: Columns) -> Judge:
    """Evidently's stability index of categories, from 0.1."""

    def judge(drawn: Drawn) -> bool:
        return any(index(there, here) >= _EVIDENTLY_DISTANCE for there, here in columns.categories(drawn))

    return judge


def evidently_chi2(columns: Columns) -> Judge:
    """Evidently's chi-squared test of categories, p below 0.05."""

    def judge(drawn: Drawn) -> bool:
        return any(chi2(there, here) < _EVIDENTLY_P for there, here in columns.categories(drawn))

    return judge


def vertex_usual(columns: Columns) -> Judge:
    """Vertex AI with 0.3."""
    return _vertex(columns, *_VERTEX_USUAL)


def vertex_example(columns: Columns) -> Judge:
    """Vertex AI with the thresholds of its documentation's example."""
    return _vertex(columns, *_VERTEX_EXAMPLE)


def nannyml(columns: Columns, rows: int, generator: np.random.Generator, *, whole: bool) -> Judge | None:
    """NannyML as it comes: above the mean and three standard deviations of the reference's chunks.

    Chunks have as many rows as a window, in random order, which spares it the season. The rows that are left over are
    one more of them, unless only ``whole`` ones are asked for. None where the reference has too few.
    """
    found = list(chunks(columns.reference, rows, generator))
    if len(found) - 1 < _NANNYML_LEAST_CHUNKS:
        return None
    limit = limits(columns, found[:-1] if whole else found)

    def judge(drawn: Drawn) -> bool:
        return bool((distances(columns, drawn) > limit).any())

    return judge


def chunks(reference: Drawn, rows: int, generator: np.random.Generator) -> Iterator[Drawn]:
    """A reference in random order, so many rows at a time; the last chunk is what is left over."""
    left = reference.copy()
    while left.sum() > rows:
        chunk = generator.multivariate_hypergeometric(left, rows)
        left -= chunk
        yield chunk
    yield left


def limits(columns: Columns, chunks: Sequence[Drawn]) -> Array:
    """From where on NannyML has each column as an alert (``StandardDeviationThreshold``)."""
    found = [distances(columns, chunk) for chunk in chunks]
    return np.asarray(np.mean(found, axis=0) + _NANNYML_DEVIATIONS * np.std(found, axis=0), dtype=np.float64)


def distances(columns: Columns, drawn: Drawn) -> Array:
    """NannyML's distance of each column: Jensen-Shannon with logarithms of 2, the probability by bins."""
    found = [distance(there, here, 2) for there, here in columns.categories(drawn)]
    return np.array([*found, distance(*columns.histogram(drawn, columns.edges), 2)])


def distance(there: Array, here: Array, base: float | None) -> float:
    """Jensen-Shannon distance of counts; ``base`` of the logarithm, None for e."""
    return float(np.nan_to_num(jensenshannon(there / there.sum(), here / here.sum(), base)))


def index(there: Array, here: Array) -> float:
    """Evidently's stability index, with what it puts in the place of 0."""
    there, here = _both(there, here)
    p, q = _filled(there / there.sum()), _filled(here / here.sum())
    return float(((p - q) * np.log(p / q)).sum())


def chi2(there: Array, here: Array) -> float:
    """Evidently's p-value: of the window alone, as though the reference were the truth."""
    there, here = _both(there, here)
    if (there == 0).any():
        return 0.0
    return float(stats.chisquare(here, there * (here.sum() / there.sum())).pvalue)


def _both(there: Array, here: Array) -> tuple[Array, Array]:
    kept = (there > 0) | (here > 0)
    return there[kept], here[kept]


def _filled(shares: Array) -> Array:
    least = shares[shares > 0].min()
    return np.where(shares == 0, least / 1e6 if least <= 1e-4 else 1e-4, shares)  # noqa: PLR2004 - Evidently's


def _vertex(columns: Columns, categorical: float, numeric: float) -> Judge:
    bins = np.linspace(0, 1, 11)  # ten, as TensorFlow Data Validation has

    def judge(drawn: Drawn) -> bool:
        there, here = columns.histogram(drawn, bins)
        if distance(there, here, 2) ** 2 > numeric:
            return True
        return any(
            float(np.abs(there / there.sum() - here / here.sum()).max()) > categorical
            for there, here in columns.categories(drawn)
        )

    return judge
