"""Where the models are: a folder of this machine, or a place in Google Cloud Storage that is copied to one at start.

Vertex AI says the place in ``AIP_STORAGE_URI``. A bucket is read through the JSON API
(https://cloud.google.com/storage/docs/json_api) with the token of the machine's service account, which the metadata
server gives (https://cloud.google.com/compute/docs/access/authenticate-workloads). ``STORAGE_EMULATOR_HOST`` and
``GCE_METADATA_HOST`` put other hosts in their places, as in Google's own libraries; an emulator is asked without a
token unless the metadata host is named too.
"""

import atexit
import base64
import hashlib
import http.client
import json
import logging
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path, PurePosixPath
from typing import Any, Final, NamedTuple
from urllib.error import HTTPError
from urllib.parse import quote, unquote, urlencode, urlsplit
from urllib.request import HTTPRedirectHandler, ProxyHandler, Request, build_opener

from model_files.manifest import MANIFEST_FILE, ManifestError, decode

_STORAGE: Final = "https://storage.googleapis.com"
_METADATA: Final = "metadata.google.internal"
_TOKEN_PATH: Final = "/computeMetadata/v1/instance/service-accounts/default/token"  # noqa: S105 - the way to one
_TIMEOUT: Final = 30.0  # seconds
_PAUSES: Final = (0.5, 1.0, 2.0)  # seconds before asking again where that may help
_PASSING: Final = frozenset({429, 500, 502, 503, 504})
_SHOWN: Final = 200

_log = logging.getLogger("puerta.storage")


class StorageError(ValueError):
    """Models that can't be fetched; the message names the bucket, the object and the reason."""


def models_folder(location: str, environment: Mapping[str, str]) -> Path:
    """The folder of the models at ``location``: a path, ``file:///folder`` or ``gs://bucket/prefix``.

    What a bucket holds is copied into a temporary folder that goes with the process. It holds packages as a folder
    does, or is one package itself: Vertex AI copies a model's files without the folders above them.

    Raises:
        StorageError: if it is no such place, or can't be read.
    """
    if "://" not in location:
        return Path(location)
    place = urlsplit(location)
    if place.scheme == "file" and place.netloc in {"", "localhost"}:
        return Path(unquote(place.path))
    if place.scheme != "gs" or not place.netloc:
        raise StorageError(f"the models are at {location!r}, expected a folder, file:///folder or gs://bucket/prefix")
    folder = Path(tempfile.mkdtemp(prefix="puerta-models-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    Bucket(place.netloc, environment).copy_packages(place.path.strip("/"), folder)
    return folder


class _Object(NamedTuple):
    """An object of a bucket. ``md5`` is empty where Cloud Storage keeps none: for one composed of others."""

    name: str
    size: int
    md5: str


class _NoRedirect(HTTPRedirectHandler):
    """Follows nothing: a token is for the host that was asked."""

    def redirect_request(self, *_: Any, **__: Any) -> None:
        return None


class Bucket:
    """A bucket, to be read."""

    def __init__(self, name: str, environment: Mapping[str, str], sleep: Callable[[float], None] = time.sleep) -> None:
        emulator = environment.get("STORAGE_EMULATOR_HOST", "").rstrip("/")
        self._name = name
        self._base = (emulator if "://" in emulator else f"http://{emulator}") if emulator else _STORAGE
        self._metadata = environment.get("GCE_METADATA_HOST", "") or ("" if emulator else _METADATA)
        self._sleep = sleep
        self._open = build_opener(_NoRedirect).open
        self._headers: dict[str, str] = {}

    def copy_packages(self, prefix: str, folder: Path) -> None:
        """Copy the packages below ``prefix`` (no slash at its ends) to ``folder/<name>/<version>/``.

        Raises:
            StorageError: if there is none, or one can't be copied whole.
        """
        if self._metadata:
            self._headers["authorization"] = f"Bearer {self._token()}"
        above = f"{prefix}/" if prefix else ""
        objects = {PurePosixPath(each.name.removeprefix(above)): each for each in self._list(above)}
        manifests = [path for path in objects if path.name == MANIFEST_FILE and len(path.parts) in {1, 3}]
        if not manifests:
            expected = f"{MANIFEST_FILE} or <name>/<version>/{MANIFEST_FILE} below it"
            raise StorageError(f"gs://{self._name}/{prefix}: no model package there, expected {expected}")
        for manifest in manifests:
            target = folder / self._package(manifest, objects[manifest])
            target.mkdir(parents=True)
            for path, each in objects.items():
                if path.parent == manifest.parent:
                    (target / path.name).write_bytes(self._read(each))
        _log.info("model packages copied", extra={"bucket": self._name, "prefix": prefix, "count": len(manifests)})

    def _package(self, manifest: PurePosixPath, found: _Object) -> PurePosixPath:
        """Where a package belongs: as its folders say, or, where it has none, its manifest."""
        if ".." in manifest.parts:
            raise StorageError(f"gs://{self._name}/{found.name}: '..' in a model package's path")
        if len(manifest.parts) > 1:
            return manifest.parent
        try:
            said = decode(self._read(found))
        except ManifestError as error:
            raise StorageError(f"gs://{self._name}/{found.name}: {error}") from error
        return PurePosixPath(said.name, said.version)

    def _token(self) -> str:
        url = f"http://{self._metadata}{_TOKEN_PATH}"
        near = build_opener(_NoRedirect, ProxyHandler({}))  # the metadata server is never behind a proxy
        what = f"the metadata server {self._metadata} gives no token for gs://{self._name}"
        request = Request(url, headers={"metadata-flavor": "Google"})
        answer = self._ask(near.open, request, what)
        try:
            return str(json.loads(answer)["access_token"])
        except (ValueError, KeyError, TypeError) as error:
            raise StorageError(f"{what}: its answer holds none") from error

    def _list(self, prefix: str) -> Iterator[_Object]:
        query = {"prefix": prefix, "fields": "items(name,size,md5Hash),nextPageToken"}
        url = f"{self._base}/storage/v1/b/{quote(self._name, safe='')}/o"
        what = f"gs://{self._name}: its objects can't be listed"
        while True:
            answer = self._ask_storage(f"{url}?{urlencode(query)}", what)
            try:
                page = json.loads(answer)
                for item in page.get("items", ()):
                    if not item["name"].endswith("/"):  # what consoles make to show a folder
                        yield _Object(item["name"], int(item["size"]), item.get("md5Hash", ""))
            except (ValueError, KeyError, TypeError, AttributeError) as error:
                raise StorageError(f"{what}: the answer is no list of objects") from error
            if not page.get("nextPageToken"):
                return
            query["pageToken"] = page["nextPageToken"]

    def _read(self, found: _Object) -> bytes:
        what = f"gs://{self._name}/{found.name}"
        url = f"{self._base}/storage/v1/b/{quote(self._name, safe='')}/o/{quote(found.name, safe='')}?alt=media"
        content = self._ask_storage(url, f"{what} can't be read")
        if len(content) != found.size:
            raise StorageError(f"{what}: {len(content)} bytes came, expected {found.size}")
        if found.md5:
            digest = base64.b64encode(hashlib.md5(content, usedforsecurity=False).digest()).decode()
            if digest != found.md5:
                raise StorageError(f"{what}: what came has the MD5 {digest}, expected {found.md5}")
        return content

    def _ask_storage(self, url: str, what: str) -> bytes:
        return self._ask(self._open, Request(url, headers=self._headers), what)  # noqa: S310 - http or https, as set up

    def _ask(self, ask: Callable[..., Any], request: Request, what: str) -> bytes:
        """The body of an answer that is 200; asked for again where that may help."""
        for pause in (*_PAUSES, None):
            try:
                with ask(request, timeout=_TIMEOUT) as response:
                    return bytes(response.read())
            except HTTPError as error:
                reason = f"{error.code}: {_said(error)}"
                if error.code not in _PASSING:
                    raise StorageError(f"{what}: {reason}") from None
            except (OSError, http.client.HTTPException) as error:
                reason = str(getattr(error, "reason", error)) or type(error).__name__
            if pause is None:
                raise StorageError(f"{what}: {reason}")
            self._sleep(pause)
        raise AssertionError


def _said(error: HTTPError) -> str:
    """What an error's body says, in the JSON API's shape or as text."""
    try:
        with error:
            text = error.read().decode("utf-8", "replace")
    except (OSError, http.client.HTTPException):
        text = ""
    try:
        return str(json.loads(text)["error"]["message"])[:_SHOWN]
    except (ValueError, KeyError, TypeError):
        return text.strip()[:_SHOWN] or str(error.reason)
