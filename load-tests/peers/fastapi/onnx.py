"""FastAPI tuned further: the package's ONNX graph instead of its scikit-learn estimator."""

import json
import os
from pathlib import Path

import numpy as np
import onnxruntime
from fastapi import FastAPI, Request, Response

app = FastAPI(openapi_url=None)
options = onnxruntime.SessionOptions()
options.intra_op_num_threads = 1
graph = Path(os.environ["PEER_MODEL"]).with_name("model.onnx")
session = onnxruntime.InferenceSession(graph, options, providers=["CPUExecutionProvider"])


@app.get("/health")
async def health() -> Response:
    """Say that the model is loaded."""
    return Response()


@app.post("/predict")
async def predict(request: Request) -> Response:
    """Give the probability of a delay for each flight."""
    rows = np.array(json.loads(await request.body())["instances"], dtype=np.float32)
    (probabilities,) = session.run(["probability"], {"numbers": rows})
    return Response(json.dumps({"probabilities": probabilities[:, 0].tolist()}), media_type="application/json")
