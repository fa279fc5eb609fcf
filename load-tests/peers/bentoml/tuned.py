"""BentoML tuned: its batching, no thread pool, no metrics and access log."""

import os

import bentoml
import numpy as np
import sklearn
import skops.io


@bentoml.service(metrics={"enabled": False}, logging={"access": {"enabled": False}})
class Flights:
    """Predicts delays."""

    def __init__(self) -> None:
        sklearn.set_config(assume_finite=True, skip_parameter_validation=True)
        self.model = skops.io.load(os.environ["PEER_MODEL"])

    @bentoml.api(batchable=True, max_batch_size=32, max_latency_ms=10_000)
    async def predict(self, input_data: list[list[float]]) -> list[list[float]]:
        """Give the probabilities of both classes for each flight."""
        return self.model.predict_proba(np.array(input_data)).tolist()
