"""Ray Serve as its documentation shows a scikit-learn model."""

import os

import skops.io
from ray import serve
from starlette.requests import Request


@serve.deployment
class Flights:
    """Predicts delays."""

    def __init__(self) -> None:
        self.model = skops.io.load(os.environ["PEER_MODEL"])

    async def __call__(self, request: Request) -> dict:
        """Give the probabilities of both classes for one flight."""
        payload = (await request.json())["vector"]
        return {"result": self.model.predict_proba([payload])[0].tolist()}


app = Flights.bind()
