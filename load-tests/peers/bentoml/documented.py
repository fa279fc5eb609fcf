"""BentoML as its documentation shows a scikit-learn service: numpy in, numpy out."""

import os

import bentoml
import numpy as np
import skops.io


@bentoml.service
class Flights:
    """Predicts delays."""

    def __init__(self) -> None:
        self.model = skops.io.load(os.environ["PEER_MODEL"])

    @bentoml.api
    def predict(self, input_data: np.ndarray) -> np.ndarray:
        """Give the probabilities of both classes for each flight."""
        return self.model.predict_proba(input_data)
