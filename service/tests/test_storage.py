"""Models come from a folder or from a bucket, whole and as they are there, or it is said which object is at fault."""

import base64
import hashlib
import http.server
import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

import pytest

from gateway_config.ports import free_port
from model_files.package import find, read
from service.storage import Bucket, StorageError, models_folder
from service.tests import packages
from service.tests.wire import Connection, get, post

ROOT = Path(__file__).parents[2]
TOKEN = "token-of-the-service-account"  # noqa: S105 - the test's own
PAGE = 3


class Cloud(http.server.ThreadingHTTPServer):
    """Cloud Storage's JSON API and the metadata server, as far as they are used: listing by pages, media, a token."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.objects: dict[str, bytes] = {}
        self.composed: set[str] = set()  # these have no MD5
        self.broken: dict[str, bytes] = {}  # what is sent instead
        self.failures: dict[str, list[int]] = {}  # statuses to answer first, by path
        self.asked: list[str] = []
        self.needs_token = True

    @property
    def host(self) -> str:
        """Its host and port."""
        return f"127.0.0.1:{self.server_address[1]}"

    @property
    def environment(self) -> dict[str, str]:
        """What puts it in Google's place."""
        return {"STORAGE_EMULATOR_HOST": f"http://{self.host}", "GCE_METADATA_HOST": self.host}

    def fill(self, folder: Path, prefix: str) -> None:
        """Put a folder's files below a prefix."""
        for path in sorted(folder.rglob("*")):
            if path.is_file():
                self.objects[f"{prefix}{path.relative_to(folder).as_posix()}"] = path.read_bytes()


class _Handler(http.server.BaseHTTPRequestHandler):
    server: Cloud

    def do_GET(self) -> None:
        """Answer as both APIs do."""
        place = urlsplit(self.path)
        query = {name: values[0] for name, values in parse_qs(place.query).items()}
        self.server.asked.append(self.path)
        failures = self.server.failures.get(place.path)
        if failures:
            self._refuse(failures.pop(0), "try again")
        elif place.path == "/computeMetadata/v1/instance/service-accounts/default/token":
            if self.headers["metadata-flavor"] == "Google":
                self._send({"access_token": TOKEN, "expires_in": 3599, "token_type": "Bearer"})
            else:
                self._refuse(403, "no Metadata-Flavor")
        elif self.server.needs_token and self.headers["authorization"] != f"Bearer {TOKEN}":
            self._refuse(401, "Anonymous caller does not have storage.objects.list access.")
        elif place.path == "/storage/v1/b/bucket/o":
            self._list(query)
        elif place.path.startswith("/storage/v1/b/bucket/o/") and query.get("alt") == "media":
            self._media(unquote(place.path.removeprefix("/storage/v1/b/bucket/o/")))
        elif place.path.startswith("/storage/v1/b/private/"):
            self._refuse(403, "puerta@project.iam.gserviceaccount.com does not have storage.objects.list access.")
        else:
            self._refuse(404, "The specified bucket does not exist.")

    def _list(self, query: dict[str, str]) -> None:
        names = [name for name in sorted(self.server.objects) if name.startswith(query.get("prefix", ""))]
        start = int(query.get("pageToken", 0))
        items = [self._item(name) for name in names[start : start + PAGE]]
        page: dict[str, Any] = {"items": items} if items else {}
        if start + PAGE < len(names):
            page["nextPageToken"] = str(start + PAGE)
        self._send(page)

    def _item(self, name: str) -> dict[str, str]:
        content = self.server.objects[name]
        item = {"name": name, "size": str(len(content))}
        if name not in self.server.composed:
            item["md5Hash"] = base64.b64encode(hashlib.md5(content, usedforsecurity=False).digest()).decode()
        return item

    def _media(self, name: str) -> None:
        if name in self.server.objects:
            self._write(200, self.server.broken.get(name, self.server.objects[name]))
        else:
            self._write(404, f"No such object: bucket/{name}".encode())

    def _refuse(self, status: int, message: str) -> None:
        self._write(status, json.dumps({"error": {"code": status, "message": message}}).encode())

    def _send(self, document: Any) -> None:
        self._write(200, json.dumps(document).encode())

    def _write(self, status: int, content: bytes) -> None:
        self.send_response(status)
        self.send_header("content-length", str(len(content)))
        if status == 302:
            self.send_header("location", "/elsewhere")
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_: Any) -> None:
        """Nothing."""


@pytest.fixture
def cloud() -> Iterator[Cloud]:
    """A bucket called bucket, and one called private that may not be read."""
    with Cloud() as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.05,))
        thread.start()
        yield server
        server.shutdown()
        thread.join()


@pytest.fixture
def models_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of two models, one in two versions."""
    folder = tmp_path_factory.mktemp("models")
    packages.delays(folder)
    packages.delays(folder, version="2")
    packages.colours(folder)
    return folder


@pytest.fixture
def copy(cloud: Cloud, tmp_path: Path) -> Callable[..., Path]:
    """Copies from the bucket without waiting between attempts."""

    def copy_from(prefix: str = "", name: str = "bucket", **environment: str) -> Path:
        bucket = Bucket(name, {**cloud.environment, **environment}, sleep=lambda _: None)
        bucket.copy_packages(prefix, tmp_path / "copy")
        return tmp_path / "copy"

    return copy_from


@pytest.mark.parametrize(
    ("location", "folder"),
    [
        ("model-files", "model-files"),
        ("/srv/models", "/srv/models"),
        ("file:///srv/my%20models", "/srv/my models"),
        ("file://localhost/srv", "/srv"),
    ],
)
def test_a_folder_is_used_where_it_is(location: str, folder: str) -> None:
    """Nothing is copied, and nothing is asked of anybody."""
    assert models_folder(location, {}) == Path(folder)


@pytest.mark.parametrize("location", ["s3://bucket/models", "gs://", "gs:///models", "file://elsewhere/models", "://"])
def test_another_place_is_refused(location: str) -> None:
    """With the places that there are."""
    with pytest.raises(StorageError, match=r"expected a folder, file:///folder or gs://bucket/prefix"):
        models_folder(location, {})


@pytest.mark.platform
def test_packages_are_copied_whole(cloud: Cloud, copy: Callable[..., Path], models_dir: Path) -> None:
    """Every one below the prefix, over as many pages as it takes, with the machine's token; nothing else."""
    cloud.fill(models_dir, "some/models/")
    cloud.objects["some/models/"] = b""  # what consoles make to show a folder
    cloud.objects["some/models/delays/1/"] = b""
    cloud.objects["some/models/notes.txt"] = b"not a package"
    cloud.objects["some/models/delays/1/deeper/file"] = b"no part of it"
    cloud.objects["some/models/empty/1/model.onnx"] = b"no manifest"
    cloud.objects["some/models2/delays/9/manifest.json"] = b"another prefix"
    cloud.composed.add("some/models/delays/1/model.onnx")
    folder = copy("some/models")
    assert {path.relative_to(folder) for path in find(folder)} == {
        path.relative_to(models_dir) for path in find(models_dir)
    }
    for path in find(folder):
        read(path)
    files = {path.relative_to(folder) for path in folder.rglob("*") if path.is_file()}
    assert files == {path.relative_to(models_dir) for path in models_dir.rglob("*") if path.is_file()}
    assert sum("pageToken" in path for path in cloud.asked) > 1


@pytest.mark.platform
def test_a_prefix_may_be_one_package(cloud: Cloud, copy: Callable[..., Path], models_dir: Path) -> None:
    """Vertex AI copies a model's files without the folders above them; the manifest says which model it is."""
    cloud.fill(models_dir / "delays" / "2", "")
    [path] = find(copy())
    assert read(path).manifest.version == "2"
    assert (path.parent.name, path.name) == ("delays", "2")


@pytest.mark.platform
def test_an_emulator_is_asked_without_a_token(cloud: Cloud, copy: Callable[..., Path], models_dir: Path) -> None:
    """As by Google's own libraries: the machine's token is not for it. The host may come without a scheme."""
    cloud.needs_token = False
    cloud.fill(models_dir, "")
    assert find(copy(GCE_METADATA_HOST="", STORAGE_EMULATOR_HOST=cloud.host))
    assert not [path for path in cloud.asked if "computeMetadata" in path]


@pytest.mark.platform
@pytest.mark.parametrize("status", [429, 500, 503])
def test_what_passes_is_asked_again(cloud: Cloud, copy: Callable[..., Path], models_dir: Path, status: int) -> None:
    """The token, the list and an object, each failing twice."""
    cloud.fill(models_dir / "delays" / "1", "delays/1/")
    cloud.failures = {
        "/computeMetadata/v1/instance/service-accounts/default/token": [status] * 2,
        "/storage/v1/b/bucket/o": [status] * 2,
        "/storage/v1/b/bucket/o/delays%2F1%2Fmodel.onnx": [status] * 2,
    }
    assert find(copy())


@pytest.mark.platform
@pytest.mark.parametrize(
    ("failing", "status", "complaint"),
    [
        ("/storage/v1/b/bucket/o", 503, "gs://bucket: its objects can't be listed: 503: try again"),
        ("/storage/v1/b/bucket/o", 302, "gs://bucket: its objects can't be listed: 302: try again"),
        (
            "/storage/v1/b/bucket/o/delays%2F1%2Fmodel.onnx",
            404,
            "gs://bucket/delays/1/model.onnx can't be read: 404: try again",
        ),
        (
            "/computeMetadata/v1/instance/service-accounts/default/token",
            404,
            r"the metadata server 127\.0\.0\.1:\d+ gives no token for gs://bucket: 404: try again",
        ),
    ],
)
def test_what_stays_is_said_by_bucket_and_object(
    cloud: Cloud, copy: Callable[..., Path], models_dir: Path, failing: str, status: int, complaint: str
) -> None:
    """With Google's own number and words; a redirection is not followed, for the token is not for others."""
    cloud.fill(models_dir / "delays" / "1", "delays/1/")
    cloud.failures = {failing: [status] * 10}
    with pytest.raises(StorageError, match=complaint):
        copy()
    assert "/elsewhere" not in cloud.asked


@pytest.mark.platform
@pytest.mark.parametrize(
    ("name", "complaint"),
    [
        (
            "private",
            "gs://private: its objects can't be listed: 403: puerta@project.*does not have storage.obj",
        ),
        ("nowhere", "gs://nowhere: its objects can't be listed: 404: The specified bucket does not exist"),
    ],
)
def test_a_bucket_that_can_not_be_read_is_said(copy: Callable[..., Path], name: str, complaint: str) -> None:
    """Who may not, or that it is not there."""
    with pytest.raises(StorageError, match=complaint):
        copy(name=name)


@pytest.mark.platform
def test_a_missing_metadata_server_is_said(copy: Callable[..., Path]) -> None:
    """On a machine that is not Google's there is no token."""
    with pytest.raises(
        StorageError, match=r"the metadata server 127\.0\.0\.1:.* gives no token for gs://bucket: .*refused"
    ):
        copy(GCE_METADATA_HOST=f"127.0.0.1:{free_port()}")


@pytest.mark.platform
@pytest.mark.parametrize("prefix", ["", "models", "delays/1/model.onnx"])
def test_a_place_without_packages_is_said(cloud: Cloud, copy: Callable[..., Path], prefix: str) -> None:
    """With what should be there."""
    cloud.objects["other/file"] = b""
    expected = r"manifest\.json or <name>/<version>/manifest\.json below it"
    with pytest.raises(StorageError, match=f"gs://bucket/{prefix}: no model package there, expected {expected}"):
        copy(prefix)


@pytest.mark.platform
@pytest.mark.parametrize(
    ("sent", "complaint"),
    [
        (b"short", r"gs://bucket/delays/1/model\.onnx: 5 bytes came, expected \d+"),
        (None, r"gs://bucket/delays/1/model\.onnx: what came has the MD5 .*, expected "),
    ],
)
def test_an_object_that_comes_changed_is_said(
    cloud: Cloud, copy: Callable[..., Path], models_dir: Path, sent: bytes | None, complaint: str
) -> None:
    """By its size and its MD5; what has neither wrong is held to the manifest's digests when it is loaded."""
    cloud.fill(models_dir / "delays" / "1", "delays/1/")
    name = "delays/1/model.onnx"
    cloud.broken[name] = bytes(len(cloud.objects[name])) if sent is None else sent
    with pytest.raises(StorageError, match=complaint):
        copy()


@pytest.mark.platform
def test_a_path_that_leads_elsewhere_is_refused(cloud: Cloud, copy: Callable[..., Path], tmp_path: Path) -> None:
    """Nothing is written outside the folder."""
    cloud.objects["../../manifest.json"] = b"{}"
    with pytest.raises(StorageError, match=r"'\.\.' in a model package's path"):
        copy()
    assert not (tmp_path / "copy").exists()


@pytest.mark.platform
def test_one_package_with_a_manifest_that_is_none_is_said(cloud: Cloud, copy: Callable[..., Path]) -> None:
    """It could not even be given a folder."""
    cloud.objects["manifest.json"] = b"{"
    with pytest.raises(StorageError, match=r"gs://bucket/manifest\.json: manifest\.json: "):
        copy()


@pytest.mark.platform
def test_a_service_on_vertex_ai(cloud: Cloud, tmp_path: Path) -> None:
    """Its variables alone: the models from the bucket, its port, its routes; the copy goes with the process."""
    packages.delays(tmp_path / "models")
    cloud.fill(tmp_path / "models" / "delays" / "1", "artifacts/")
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    port = free_port()
    environment = {
        "PATH": os.environ["PATH"],
        "PYTHONPATH": os.pathsep.join([str(ROOT), str(ROOT / "model-files")]),
        "TMPDIR": str(scratch),
        "AIP_HTTP_PORT": str(port),
        "AIP_HEALTH_ROUTE": "/v1/endpoints/1/deployedModels/2",
        "AIP_PREDICT_ROUTE": "/v1/endpoints/1/deployedModels/2:predict",
        "AIP_STORAGE_URI": "gs://bucket/artifacts",
        "PUERTA_METRICS_PORT": "0",
        "PUERTA_EVENTS_DIR": "-",
        "PUERTA_LABELS_DIR": "-",
        "PUERTA_DRAIN_SECONDS": "0",
        **cloud.environment,
    }
    process = subprocess.Popen([sys.executable, "-m", "service"], cwd=tmp_path, env=environment, stderr=subprocess.PIPE)
    try:
        assert process.stderr is not None
        for line in process.stderr:
            if b"startup complete" in line:
                break
        body = {"instances": [{"AIRLINE": "Sur", "KIND": "N", "MONTH": 1}]}
        with Connection(port) as connection:
            health = connection.ask(get(environment["AIP_HEALTH_ROUTE"]))
            answer = connection.ask(post(environment["AIP_PREDICT_ROUTE"], body))
        assert (health.status, answer.status) == (200, 200)
        assert answer.json["predictions"][0]["probability"] == packages.delay_probability("Sur", 1)
        assert len(list(scratch.glob("puerta-models-*"))) == 1
        process.send_signal(signal.SIGTERM)
        _, errors = process.communicate(timeout=60)
        assert process.returncode == 0
        assert TOKEN.encode() not in errors
        assert list(scratch.glob("puerta-models-*")) == []
    finally:
        process.kill()
        process.communicate()


@pytest.mark.platform
def test_a_service_that_can_not_have_its_models_says_why(cloud: Cloud) -> None:
    """One line, exit code 1."""
    environment = {
        "PATH": os.environ["PATH"],
        "PYTHONPATH": os.pathsep.join([str(ROOT), str(ROOT / "model-files")]),
        "AIP_STORAGE_URI": "gs://private/artifacts",
        **cloud.environment,
    }
    done = subprocess.run(
        [sys.executable, "-m", "service"], env=environment, capture_output=True, text=True, check=False, timeout=60
    )
    assert done.returncode == 1
    assert done.stderr.startswith("service: gs://private: its objects can't be listed: 403: ")
    assert done.stderr.count("\n") == 1
