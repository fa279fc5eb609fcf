"""Lay the model out as MLflow reads it: ``prepare.py model.skops FOLDER``."""

import json
import sys
from pathlib import Path

import mlflow.sklearn
import numpy as np
import skops.io
from mlflow.models import infer_signature

if __name__ == "__main__":
    model, folder = skops.io.load(sys.argv[1]), Path(sys.argv[2])
    manifest = json.loads(Path(sys.argv[1]).with_name("manifest.json").read_text())
    names = [feature["name"] for feature in manifest["features"]]
    # Of an array, as in MLflow's quickstart. Of a DataFrame it would check each of the 37 columns: ten times slower.
    rows = np.array([[manifest["example"][name] for name in names]], dtype="int64")
    signature = infer_signature(rows, model.predict_proba(rows))
    same = {"pyfunc_predict_fn": "predict_proba", "serialization_format": "skops"}
    mlflow.sklearn.save_model(model, folder / "documented", signature=signature, **same)
    mlflow.sklearn.save_model(model, folder / "tuned", **same)
