"""A small server of another protocol that answers rightly, or wrongly, or never: ``stand_in_peer PORT MANNER``."""

import json
import os
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from load_tests.oracle import Oracle


class Answers(BaseHTTPRequestHandler):
    """Gives a probability for each array of values."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    oracle: Oracle
    shift: float

    def do_GET(self) -> None:
        """Say that it is there."""
        self._send({})

    def do_POST(self) -> None:
        """Score."""
        asked = json.loads(self.rfile.read(int(self.headers["content-length"])))
        names = [feature.name for feature in self.oracle.manifest.features]
        rows = [dict(zip(names, row, strict=True)) for row in asked["instances"]]
        self._send({"probabilities": [one.probability + self.shift for one in self.oracle.predict(rows)]})

    def log_message(self, *_: object) -> None:
        """Say nothing of each request."""

    def _send(self, said: object) -> None:
        body = json.dumps(said).encode()
        self.send_response(200)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


if __name__ == "__main__":
    port, manner = sys.argv[1:]
    if manner == "absent":
        sys.exit("cannot import what is not installed")
    Answers.oracle = Oracle(Path(os.environ["PEER_MODEL"]).parent)
    Answers.shift = 0.01 if manner == "wrong" else 0.0
    ThreadingHTTPServer(("127.0.0.1", int(port)), Answers).serve_forever()
