"""Flask and scikit-learn as tutorials show it, under gunicorn with its default worker."""

import os

import pandas as pd
import skops.io
from flask import Flask, jsonify, request
from flask.wrappers import Response

app = Flask(__name__)
model = skops.io.load(os.environ["PEER_MODEL"])


@app.get("/health")
def health() -> Response:
    """Say that the model is loaded."""
    return jsonify(status="ok")


@app.post("/predict")
def predict() -> Response:
    """Give the probability of a delay for each flight."""
    frame = pd.DataFrame(request.get_json()["instances"])
    return jsonify(probabilities=model.predict_proba(frame.to_numpy())[:, 1].tolist())
