"""Flask tuned: connections kept alive, no DataFrame, arrays in and out, one numpy call."""

import json
import os

import numpy as np
import sklearn
import skops.io
from flask import Flask, Response, request

app = Flask(__name__)
sklearn.set_config(assume_finite=True, skip_parameter_validation=True)
model = skops.io.load(os.environ["PEER_MODEL"])


@app.get("/health")
def health() -> Response:
    """Say that the model is loaded."""
    return Response()


@app.post("/predict")
def predict() -> Response:
    """Give the probability of a delay for each flight."""
    rows = np.array(json.loads(request.get_data(cache=False))["instances"], dtype=np.float64)
    probabilities = model.predict_proba(rows)[:, 1].tolist()
    return Response(json.dumps({"probabilities": probabilities}), mimetype="application/json")
