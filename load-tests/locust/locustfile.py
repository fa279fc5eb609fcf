"""Real flights for Locust: every answer must be 200, with the label of the flight's last answer or the one it should have.

    locust -f load-tests/locust/locustfile.py --host http://127.0.0.1:8080 --key-file .local/demo.key

opens Locust's own page; with ``--headless -u 20 -t 30s --html report.html`` it runs at once and writes its report.
``python -m load_tests locust`` does that in an environment of its own, with the labels that the model gives.
"""

import json
import os
import random
import sys
from argparse import ArgumentParser
from pathlib import Path

from locust import FastHttpUser, constant, events, task
from locust.env import Environment

FLIGHTS = Path(__file__).resolve().parents[1] / "wrk" / "flights.jsonl"
PATH = "/v1/predict"


@events.init_command_line_parser.add_listener
def options(parser: ArgumentParser) -> None:
    """Our own options, beside Locust's."""
    parser.add_argument("--key-file", default="", help="file of the API key; or the key itself in PUERTA_KEY")
    parser.add_argument(
        "--flights", default=str(FLIGHTS), help="bodies, one in each line, with <TAB>label where it is known"
    )


@events.init.add_listener
def prepare(environment: Environment, **_: object) -> None:
    """Read the key and the flights, before any user asks."""
    chosen = environment.parsed_options
    try:
        key = Path(chosen.key_file).read_text().strip() if chosen.key_file else os.environ.get("PUERTA_KEY", "")
        lines = [line.partition("\t") for line in Path(chosen.flights).read_text().splitlines() if line]
    except OSError as error:
        sys.exit(f"locustfile.py: {error}")
    Caller.headers = {"content-type": "application/json"} | ({"x-api-key": key} if key else {})
    Caller.bodies = [body for body, _, _ in lines]
    Caller.labels = {body: int(label) for body, _, label in lines if label}


class Caller(FastHttpUser):
    """Asks again as soon as it is answered."""

    wait_time = constant(0)
    insecure = False  # a certificate that is not trusted is an error
    headers: dict[str, str]
    bodies: list[str]
    labels: dict[str, int]  # by body, the label that its answer must have

    @task
    def predict(self) -> None:
        """Ask for one flight and check the answer."""
        body = random.choice(self.bodies)  # noqa: S311 - which flight is asked about is no secret
        with self.client.post(PATH, data=body, headers=self.headers, catch_response=True) as answer:
            if reason := self.wrong(answer.status_code, answer.text, body):
                answer.failure(reason)

    def wrong(self, status: int, text: str, body: str) -> str | None:
        """Say what is wrong with an answer; None when nothing is."""
        if status != 200:  # noqa: PLR2004 - HTTP's own OK
            return f"status {status}, expected 200"
        try:
            label = json.loads(text)["predictions"][0]["label"]
        except (ValueError, KeyError, IndexError, TypeError):
            return "no label in the answer"
        if label != self.labels.setdefault(body, label):
            return f"label {label}, expected {self.labels[body]}"
        return None
