"""The port for operators: what it says without a server."""

import asyncio
import shutil
from pathlib import Path

import pytest

from service.admin import create_admin
from service.tests import packages
from service.tests.asgi import Reply, ask
from service.tests.conftest import Assemble
from service.tests.exposition import Exposition


def get(application: object, path: str, method: str = "GET", accept: str = "") -> Reply:
    """One request."""
    return asyncio.run(ask(application, path, method=method, headers=[("accept", accept)]))  # type: ignore[arg-type]


def test_metrics_and_health(make_application: Assemble) -> None:
    """Live at once, ready when the service says so, metrics that parse."""
    service = make_application().service
    admin = create_admin(service)
    assert get(admin, "/health/live").status == 200
    assert (get(admin, "/health/ready").status, get(admin, "/health/ready").json) == (503, {"status": "not ready"})
    service.ready = True
    assert get(admin, "/health/ready").status == 200
    reply = get(admin, "/metrics")
    assert Exposition(reply.body.decode(), reply.header("content-type") or "").series("model_info")


def test_reload(make_application: Assemble, tmp_path: Path) -> None:
    """What was met is told: 200 where all is well, 409 where a package was refused, 500 where the folder is gone."""
    models = tmp_path / "models"
    packages.delays(models)
    service = make_application(models_dir=str(models)).service
    admin = create_admin(service)
    packages.delays(models, version="2")
    reply = get(admin, "/reload", "POST")
    assert reply.status == 200
    assert reply.json == {"loaded": ["delays/2"], "kept": ["delays/1"], "removed": [], "refused": {}}
    assert b"/v1/models/delays/versions/2/predict" in service.targets
    (models / "delays" / "2" / "model.onnx").unlink()
    reply = get(admin, "/reload", "POST")
    assert reply.status == 409
    assert list(reply.json["refused"]) == ["delays/2"]
    shutil.rmtree(models)
    reply = get(admin, "/reload", "POST")
    assert reply.status == 500
    assert reply.header("content-type") == "application/problem+json"
    assert "not a folder" in reply.json["detail"]


@pytest.mark.parametrize("path", ["/v1/predict", "/docs", "/"])
def test_nothing_else(make_application: Assemble, path: str) -> None:
    """The API is on the other port."""
    assert get(create_admin(make_application().service), path).status == 404
