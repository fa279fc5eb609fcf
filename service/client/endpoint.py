"""The service as its caller sees it: what a model takes, predictions, and what may be asked again after a failure."""

import asyncio
import json
import math
import random
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from itertools import count
from typing import Any, Final, NamedTuple, Self
from urllib.parse import quote

import httpx2

# Too many requests, or an instance or the gateway is gone for a moment. Every other refusal would be one again.
_PASSING: Final = frozenset({429, 502, 503, 504})
_UNREACHED: Final = (
    httpx2.TimeoutException,
    httpx2.NetworkError,
    httpx2.ProxyError,
    httpx2.RemoteProtocolError,
)
_FIRST_WAIT: Final = 0.5  # seconds; doubled every time
_LONGEST_WAIT: Final = 30.0
_LONGEST_RETRY_AFTER: Final = 300.0  # who is asked to wait longer should decide that for themselves
_TIMEOUT: Final = httpx2.Timeout(60.0, connect=10.0)  # the gateway gives up earlier, with an answer that says why
_LOOPBACK: Final = frozenset({"127.0.0.1", "::1", "localhost"})
_SHOWN: Final = 300


class EndpointError(Exception):
    """The endpoint can't be reached, or refuses; the message says what it said, and never holds the key."""


class Fault(NamedTuple):
    """One thing wrong with the input, as the service's problem details say it. ``row`` is that of the request."""

    row: int | None
    field: str
    received: Any
    expected: str

    def __str__(self) -> str:
        received = json.dumps(self.received, ensure_ascii=False)
        return f"{self.field}: {received} came, expected {self.expected}"


class RefusedInputError(EndpointError):
    """The input is at fault (422). The service lists no more than its first few ``faults``."""

    def __init__(self, message: str, faults: Sequence[Fault]) -> None:
        super().__init__(message)
        self.faults = faults


class Feature(NamedTuple):
    """A feature of a model."""

    name: str
    type: str
    categories: tuple[Any, ...]


class Description(NamedTuple):
    """What a model says of itself. ``version`` is None where it does not say."""

    name: str
    version: str | None
    features: tuple[Feature, ...]
    classes: tuple[Any, ...]

    @property
    def path(self) -> str:
        """Where this very version takes predictions, so that a run never changes its model half-way."""
        version = "" if self.version is None else f"/versions/{quote(self.version, safe='')}"
        return f"/v1/models/{quote(self.name, safe='')}{version}/predict"


class Prediction(NamedTuple):
    """The answer for one instance."""

    label: Any
    probability: float | None


class Endpoint:
    """A connection to the service, mostly through a gateway. Use as an asynchronous context manager."""

    def __init__(
        self,
        url: str,
        key: str | None,
        *,
        retries: int,
        note: Callable[[str], None],
        transport: httpx2.AsyncBaseTransport | None = None,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        """``key`` goes into ``x-api-key``; ``note`` is told of every retry.

        Raises:
            EndpointError: if the URL or the key can't be used.
        """
        self._key = key
        self._retries = retries
        self._note = note
        self._sleep = sleep
        headers = {"accept": "application/json"}
        if key is not None:
            if not (key.isascii() and key.isprintable() and key.strip() == key != ""):
                raise EndpointError("the key has characters that no key has; is it the right file?")
            headers["x-api-key"] = key
        try:
            base = httpx2.URL(url)
        except httpx2.InvalidURL as error:
            raise EndpointError(f"the URL can't be read: {error}") from error
        if base.scheme not in {"http", "https"} or not base.host:
            raise EndpointError("the URL is not one, expected something like http://127.0.0.1:8080")
        self._name = f"{base.scheme}://{base.netloc.decode()}"
        if key is not None and base.scheme == "http" and base.host not in _LOOPBACK:
            note(f"the key goes to {self._name} unencrypted; https hides it")
        self._client = httpx2.AsyncClient(base_url=base, headers=headers, timeout=_TIMEOUT, transport=transport)

    async def __aenter__(self) -> Self:
        await self._client.__aenter__()
        return self

    async def __aexit__(self, *error: object) -> None:
        await self._client.aclose()

    async def describe(self, model: str | None, version: str | None) -> Description:
        """What a model (None: the default) in a version (None: the newest) takes.

        Raises:
            EndpointError: if there is no answer, or none that can be understood.
        """
        if model is None:
            listed = await self._get("/v1/models")
            model = listed.get("default")
            if not isinstance(model, str):
                raise EndpointError(f"{self._name} has no default model; --model says which")
        path = f"/v1/models/{quote(model, safe='')}" + (f"/versions/{quote(version, safe='')}" if version else "")
        said = await self._get(path)
        try:
            features = tuple(
                Feature(feature["name"], feature.get("type", ""), tuple(feature.get("categories") or ()))
                for feature in said["features"]
            )
        except (KeyError, TypeError, AttributeError) as error:
            raise EndpointError(f"{self._name}{path} does not say what features the model takes") from error
        return Description(model, version or said.get("version"), features, tuple(said.get("classes") or ()))

    async def predict(self, path: str, instances: Sequence[Sequence[Any]], ids: Sequence[str]) -> list[Prediction]:
        """Predictions for instances given as arrays in the order of the features. ``ids`` make asking again safe.

        Raises:
            RefusedInputError: if the input is at fault.
            EndpointError: if there is no answer, or none that can be understood.
        """
        body = json.dumps({"instances": instances, "ids": ids}, ensure_ascii=False, allow_nan=False).encode()
        response = await self._ask("POST", path, body)
        if response.status_code == HTTPStatus.UNPROCESSABLE_ENTITY:
            raise RefusedInputError(self._reason(response), _faults(response))
        answer = self._json(response)
        try:
            predictions = answer["predictions"]
            if [prediction["id"] for prediction in predictions] == list(ids):
                return [Prediction(each["label"], each.get("probability")) for each in predictions]
        except (KeyError, TypeError, AttributeError):
            pass
        raise EndpointError(f"{self._name}{path} gave an answer that is none for these {len(ids)} rows")

    async def _get(self, path: str) -> Mapping[str, Any]:
        return self._json(await self._ask("GET", path, None))

    async def _ask(self, method: str, path: str, body: bytes | None) -> httpx2.Response:
        """One answer, asked for again as long as it makes sense."""
        headers = {} if body is None else {"content-type": "application/json"}
        for attempt in count():
            at_least = 0.0
            try:
                response = await self._client.request(method, path, content=body, headers=headers)
            except _UNREACHED as error:
                reason = f"{self._name} can't be reached: {self._safe(str(error)) or type(error).__name__}"
            except httpx2.HTTPError as error:
                raise EndpointError(f"{self._name}: {self._safe(str(error))}") from error
            else:
                if response.status_code not in _PASSING:
                    return response
                reason = self._reason(response)
                at_least = _retry_after(response)
            if attempt == self._retries or at_least > _LONGEST_RETRY_AFTER:
                raise EndpointError(reason + (f" ({attempt + 1} attempts)" if attempt else ""))
            longest = min(_LONGEST_WAIT, _FIRST_WAIT * 2**attempt)
            wait = max(at_least, random.uniform(longest / 2, longest))  # noqa: S311 - spreads callers, hides nothing
            self._note(f"{reason}; again in {wait:.1f} s")
            await self._sleep(wait)
        raise AssertionError

    def _json(self, response: httpx2.Response) -> Mapping[str, Any]:
        if response.status_code != HTTPStatus.OK:
            raise EndpointError(self._reason(response) + self._advice(response.status_code))
        try:
            answer = json.loads(response.content)
        except ValueError:
            answer = None
        if not isinstance(answer, dict):
            raise EndpointError(f"{self._name}{response.url.path} gave an answer that is no JSON object")
        return answer

    def _reason(self, response: httpx2.Response) -> str:
        """What a refusal says, in the service's problem details, the gateway's own shape, or neither."""
        try:
            problem = json.loads(response.content)
            said = problem.get("detail") or problem.get("message") or problem.get("title")
        except (ValueError, AttributeError):
            said = None
        text = str(said or response.text or response.reason_phrase).strip()
        request = response.headers.get("x-request-id")
        ending = f" (request {request})" if request else ""
        return f"{self._name} answers {response.status_code}: {self._safe(text)[:_SHOWN]}{ending}"

    def _advice(self, status: int) -> str:
        if status == HTTPStatus.UNAUTHORIZED and self._key is None:
            return "; --key-file or the variable PUERTA_API_KEY gives the key"
        if status == HTTPStatus.REQUEST_ENTITY_TOO_LARGE:
            return "; a smaller --batch makes smaller requests"
        return ""

    def _safe(self, text: str) -> str:
        return text if self._key is None else text.replace(self._key, "***")


def _faults(response: httpx2.Response) -> list[Fault]:
    try:
        errors = json.loads(response.content).get("errors") or ()
        return [
            Fault(_row(error["pointer"]), error["field"], error.get("received"), error["expected"]) for error in errors
        ]
    except (ValueError, KeyError, TypeError, AttributeError):
        return []


def _row(pointer: str) -> int | None:
    """The row that an RFC 6901 pointer into the request points at; None where that is the request itself."""
    match pointer.split("/"):
        case ["", "instances" | "ids", row, *_] if row.isdigit():
            return int(row)
        case _:
            return None


def _retry_after(response: httpx2.Response) -> float:
    """Seconds that the answer asks to wait (RFC 9110, 10.2.3: seconds or a date); 0 where it does not."""
    text = response.headers.get("retry-after", "").strip()
    try:
        seconds = float(text) if text.isdigit() else (parsedate_to_datetime(text) - datetime.now(UTC)).total_seconds()
    except (ValueError, TypeError):
        return 0.0
    return max(0.0, seconds) if math.isfinite(seconds) else 0.0
