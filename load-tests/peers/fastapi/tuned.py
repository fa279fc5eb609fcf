"""FastAPI tuned: no thread pool, no request model, no DataFrame, arrays in and out, one numpy call."""

import json
import os

import numpy as np
import sklearn
import skops.io
from fastapi import FastAPI, Request, Response

app = FastAPI(openapi_url=None)
sklearn.set_config(assume_finite=True, skip_parameter_validation=True)
model = skops.io.load(os.environ["PEER_MODEL"])


@app.get("/health")
async def health() -> Response:
    """Say that the model is loaded."""
    return Response()


@app.post("/predict")
async def predict(request: Request) -> Response:
    """Give the probability of a delay for each flight."""
    rows = np.array(json.loads(await request.body())["instances"], dtype=np.float64)
    probabilities = model.predict_proba(rows)[:, 1].tolist()
    return Response(json.dumps({"probabilities": probabilities}), media_type="application/json")
