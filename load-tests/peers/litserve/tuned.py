"""LitServe tuned: its batching, its faster queue, no access log."""

import os

import litserve as ls
import numpy as np
import sklearn
import skops.io


class Flights(ls.LitAPI):
    """Predicts delays, several requests at once."""

    def setup(self, device: str) -> None:  # noqa: ARG002 - LitServe's own signature
        """Load the model."""
        sklearn.set_config(assume_finite=True, skip_parameter_validation=True)
        self.model = skops.io.load(os.environ["PEER_MODEL"])

    def decode_request(self, request: dict) -> list:
        """Take the flight out of the body."""
        return request["input"][0]

    def batch(self, inputs: list) -> np.ndarray:
        """Put the flights of several requests together."""
        return np.array(inputs, dtype=np.float64)

    def predict(self, x: np.ndarray) -> list:
        """Give the probabilities of both classes for each flight."""
        return self.model.predict_proba(x).tolist()

    def unbatch(self, output: list) -> list:
        """Give each request its own."""
        return output

    def encode_response(self, output: list) -> dict:
        """Make the answer."""
        return {"output": [output]}


if __name__ == "__main__":
    api = Flights(max_batch_size=32, batch_timeout=0.001)
    server = ls.LitServer(api, accelerator="cpu", workers_per_device=1, timeout=False, fast_queue=True)
    server.run(
        host="127.0.0.1",
        port=int(os.environ["PEER_PORT"]),
        num_api_servers=1,
        log_level="error",
        generate_client_file=False,
        access_log=False,
    )
