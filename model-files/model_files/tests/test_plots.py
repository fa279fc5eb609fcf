"""Plots: pictures of a readable size, the same bytes each time, for the odd data too."""

import io
from collections.abc import Callable

import matplotlib as mpl
import numpy as np
import pandas as pd
import pytest
from PIL import Image

from model_files import plots
from model_files.calibration import Bin, reliability
from model_files.threshold import Costs

TARGET = np.array([0, 0, 1, 0, 1, 1, 0, 1])
PROBABILITIES = np.array([0.1, 0.2, 0.2, 0.4, 0.6, 0.7, 0.8, 0.9])
COUNTS = pd.DataFrame({"OPERA": ["A", "A", "B"], "MES": [1, 2, 1], "flights": [100, 5, 40], "delayed": [20, 1, 4]})
DRAWN: dict[str, Callable[[], bytes]] = {
    "roc": lambda: plots.roc(TARGET, PROBABILITIES, 0.5, 0.8),
    "precision-recall": lambda: plots.precision_recall(TARGET, PROBABILITIES, 0.5, 0.8),
    "precision-recall, none called": lambda: plots.precision_recall(TARGET, PROBABILITIES, 0.99, 0.8),
    "calibration": lambda: plots.calibration(
        reliability(PROBABILITIES, TARGET, 3), reliability(PROBABILITIES, TARGET, 2)
    ),
    "calibration, one bin": lambda: plots.calibration((Bin(8, 0.1, 0.0),)),
    "confusion": lambda: plots.confusion(((3, 1), (1, 3)), ["no", "yes"]),
    "confusion, empty class": lambda: plots.confusion(tuple((0,) * 7 for _ in range(7)), list("abcdefg")),
    "cost": lambda: plots.cost(TARGET, PROBABILITIES, Costs(3, 1)),
    "rates": lambda: plots.rates(COUNTS),
    "fitted": lambda: plots.fitted(PROBABILITIES, PROBABILITIES**2),
}


@pytest.mark.parametrize("name", DRAWN)
def test_a_plot_is_a_small_picture_and_always_the_same(name: str) -> None:
    """Training twice gives the same package, pictures and all."""
    picture = DRAWN[name]()
    assert picture == DRAWN[name]()
    image = Image.open(io.BytesIO(picture))
    assert image.format == "PNG"
    assert min(image.size) > 400
    assert len(picture) < 100_000


def test_plots_leave_no_style_behind() -> None:
    """Whoever draws next draws in their own."""
    before = dict(mpl.rcParams)
    DRAWN["roc"]()
    assert dict(mpl.rcParams) == before
