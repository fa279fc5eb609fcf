"""There are three ways into the service, for speed and for any ASGI server, and they answer alike, byte for byte."""

from collections.abc import Iterator, MutableMapping
from pathlib import Path
from typing import Any

import pytest

from service.application import Application, assemble
from service.exchange import Exchange
from service.settings import Settings
from service.tests.corpus import CORPUS
from service.tests.exposition import scrape
from service.tests.server import RunningServer

pytestmark = pytest.mark.platform


class Routes:
    """The application without its own way to a prediction: every request goes through FastAPI's router."""

    def __init__(self, application: Application) -> None:
        self._application = application

    async def __call__(self, scope: MutableMapping[str, Any], receive: Any, send: Any) -> None:
        """Serve one scope."""
        if scope["type"] != "http":
            await self._application(scope, receive, send)
            return
        await Exchange(self._application.service, scope, receive, send).run(self._application._ask_api)


@pytest.fixture(scope="module")
def entrances(models_dir: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, RunningServer]]:
    """A server for each way in, set up alike."""
    running = {}
    for name in ("protocol", "application", "routes"):
        folder = tmp_path_factory.mktemp(name)
        settings = Settings(
            models_dir=str(models_dir),
            default_model="delays",
            events_dir=str(folder / "events"),
            labels_dir=str(folder / "labels"),
            gateway_token="token",  # noqa: S106 - made up
            max_body_bytes=150_000,
        )
        application = assemble(settings)
        app = Routes(application) if name == "routes" else None
        running[name] = RunningServer(application, short_way=name == "protocol", app=app)
    started = [server.__enter__() for server in running.values()]
    yield running
    for server in started:
        server.stop()


@pytest.mark.parametrize("case", CORPUS)
def test_every_way_in_answers_alike(entrances: dict[str, RunningServer], case: str) -> None:
    """Status line, headers in their order, body: all but identifiers made on the spot and the date."""
    request, status = CORPUS[case]
    answers = {name: server.ask(request) for name, server in entrances.items()}
    assert answers["protocol"].status == status, answers["protocol"]
    assert answers["application"].normal == answers["protocol"].normal
    assert answers["routes"].normal == answers["protocol"].normal
    assert b"server" not in answers["protocol"].headers
    assert answers["protocol"].headers["x-request-id"]
    if status >= 400:
        assert answers["protocol"].headers["content-type"] == "application/problem+json"


def test_every_way_in_keeps_the_connection_alike(entrances: dict[str, RunningServer]) -> None:
    """The whole corpus over connections that are kept as long as the server keeps them: answers and endings are equal."""
    transcripts = {}
    for name, server in entrances.items():
        transcript = []
        connection = server.connect()
        for case, (request, status) in CORPUS.items():
            answer = connection.ask(request)
            assert answer.status == status, (name, case)
            transcript.append((case, answer.normal, answer.closes))
            if answer.closes:
                connection.close()
                connection = server.connect()
        connection.close()
        transcripts[name] = transcript
    assert transcripts["application"] == transcripts["protocol"]
    assert transcripts["routes"] == transcripts["protocol"]


def test_every_way_in_logs_and_counts_alike(entrances: dict[str, RunningServer]) -> None:
    """After the same requests, the same counters: what was predicted, refused, logged and measured."""
    counts = []
    for server in entrances.values():
        for request, _ in CORPUS.values():
            server.ask(request)
        exposition = scrape(server.service.metrics.registry)
        counts.append(
            {
                name: exposition.series(name)
                for name in (
                    "http_server_request_duration_seconds_count",
                    "prediction_total",
                    "prediction_input_rejected_total",
                    "prediction_unseen_category_total",
                    "prediction_log_written_total",
                    "label_log_written_total",
                )
            }
        )
    # How often each corpus ran before this test is the same for all three, or this test runs alone.
    assert counts[1] == counts[0]
    assert counts[2] == counts[0]
