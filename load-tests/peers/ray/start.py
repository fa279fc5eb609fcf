"""Start Ray and one application on a port: ``start.py documented|tuned``.

``serve run`` would take Ray's fixed ports; this starts the same on free ones, without the dashboard, and removes its files.
"""

import importlib
import os
import shutil
import signal
import sys
import tempfile

import ray
from ray import serve
from ray.serve.config import HTTPOptions

if __name__ == "__main__":
    folder = tempfile.mkdtemp(prefix="ray-")  # a short name: Ray makes sockets in it
    try:
        ray.init(include_dashboard=False, log_to_driver=False, _temp_dir=folder, object_store_memory=100_000_000)
        serve.start(http_options=HTTPOptions(host="127.0.0.1", port=int(os.environ["PEER_PORT"])))
        serve.run(importlib.import_module(sys.argv[1]).app)
        signal.pause()  # until SIGTERM, at which Ray's own handler exits
    finally:
        ray.shutdown()
        shutil.rmtree(folder, ignore_errors=True)
