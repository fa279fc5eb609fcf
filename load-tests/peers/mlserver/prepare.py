"""Lay the model out as MLServer reads it: ``prepare.py model.skops FOLDER``.

Its scikit-learn runtime opens joblib files and nothing else.
"""

import json
import sys
from pathlib import Path

import joblib
import skops.io

DOCUMENTED = {"debug": True}
TUNED = {
    "debug": False,
    "parallel_workers": 0,
    "metrics_endpoint": None,
    "cache_enabled": False,
    "use_structured_logging": False,
}

if __name__ == "__main__":
    model, folder = skops.io.load(sys.argv[1]), Path(sys.argv[2])
    for name, settings in (("documented", DOCUMENTED), ("tuned", TUNED)):
        own = folder / name
        own.mkdir(parents=True)
        joblib.dump(model, own / "model.joblib")
        described = {
            "name": "flights",
            "implementation": "mlserver_sklearn.SKLearnModel",
            "parameters": {"uri": "./model.joblib", "version": "v1"},
        }
        if name == "tuned":
            described |= {"max_batch_size": 32, "max_batch_time": 0.002}
        (own / "model-settings.json").write_text(json.dumps(described))
        (own / "settings.json").write_text(json.dumps(settings))
