"""LitServe as its documentation shows it: setup, decode, predict, encode."""

import os

import litserve as ls
import numpy as np
import skops.io


class Flights(ls.LitAPI):
    """Predicts delays."""

    def setup(self, device: str) -> None:  # noqa: ARG002 - LitServe's own signature
        """Load the model."""
        self.model = skops.io.load(os.environ["PEER_MODEL"])

    def decode_request(self, request: dict) -> np.ndarray:
        """Take the flights out of the body."""
        return np.array(request["input"])

    def predict(self, x: np.ndarray) -> np.ndarray:
        """Give the probabilities of both classes for each flight."""
        return self.model.predict_proba(x)

    def encode_response(self, output: np.ndarray) -> dict:
        """Make the answer."""
        return {"output": output.tolist()}


if __name__ == "__main__":
    server = ls.LitServer(Flights(), accelerator="auto")
    # No client.py into whatever folder this was started from.
    server.run(host="127.0.0.1", port=int(os.environ["PEER_PORT"]), generate_client_file=False)
