"""FastAPI and scikit-learn as tutorials show it: a request model, a DataFrame, ``predict_proba``."""

import os

import pandas as pd
import skops.io
from fastapi import FastAPI
from pydantic import BaseModel

app = FastAPI()
model = skops.io.load(os.environ["PEER_MODEL"])


class Flights(BaseModel):
    """The body: one object a flight."""

    instances: list[dict[str, int]]


@app.get("/health")
def health() -> dict[str, str]:
    """Say that the model is loaded."""
    return {"status": "ok"}


@app.post("/predict")
def predict(flights: Flights) -> dict[str, list[float]]:
    """Give the probability of a delay for each flight."""
    frame = pd.DataFrame(flights.instances)
    return {"probabilities": model.predict_proba(frame.to_numpy())[:, 1].tolist()}
