"""Ray Serve tuned: its batching, more requests in flight, no access log."""

import json
import os

import numpy as np
import sklearn
import skops.io
from ray import serve
from ray.serve.schema import LoggingConfig
from starlette.requests import Request
from starlette.responses import Response


@serve.deployment(max_ongoing_requests=256, logging_config=LoggingConfig(enable_access_log=False, log_level="ERROR"))
class Flights:
    """Predicts delays, several requests at once."""

    def __init__(self) -> None:
        sklearn.set_config(assume_finite=True, skip_parameter_validation=True)
        self.model = skops.io.load(os.environ["PEER_MODEL"])

    @serve.batch(max_batch_size=32, batch_wait_timeout_s=0.001)
    async def score(self, rows: list) -> list:
        """Give the probabilities of both classes for the flights of several requests."""
        return self.model.predict_proba(np.array(rows, dtype=np.float64)).tolist()

    async def __call__(self, request: Request) -> Response:
        """Answer one request."""
        row = json.loads(await request.body())["vector"]
        return Response(json.dumps({"result": await self.score(row)}), media_type="application/json")


app = Flights.bind()
