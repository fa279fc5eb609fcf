"""The page to try a prediction, and the documentation page: as text, and in a real browser over a real service."""

import json
import os
import re
import shutil
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, TypeAlias

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from playwright.sync_api import Browser, ConsoleMessage, Page, Route, expect, sync_playwright
from starlette.testclient import TestClient

from gateway_config.ports import free_port
from model_files.manifest import MANIFEST_FILE, Feature, decode, encode
from service.application import Application
from service.docs.page import embed
from service.docs.swagger import ASSETS
from service.tests import packages
from service.tests.conftest import Assemble

_ROOT = Path(__file__).parents[3]
_SHIPPED = _ROOT / "model-files" / "flight-delay"
_CHROMIUM = shutil.which("chromium") or ""
_ARGUMENTS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
_HOSTILE = ("</script><script>alert(1)</script>", "O'Hara $(id) `id` \\ \" & <b>", "\u2028 Ñandú")
_PATIENCE = 30  # seconds; only a service that hangs takes them

Open: TypeAlias = Callable[..., Page]


@pytest.fixture
def client(application: Application) -> Iterator[TestClient]:
    """Asks an application without a server."""
    with TestClient(application) as client:
        yield client


def _data(html: str) -> Any:
    found = re.search(r'<script type="application/json" id="models">(.*?)</script>', html, re.DOTALL)
    assert found
    return json.loads(found[1])


def test_the_page_holds_every_version_of_every_model(client: TestClient) -> None:
    """What the page is made of is what the API says of the models."""
    data = _data(client.get("/").text)
    assert data["default"] == "delays"
    for model in data["models"]:
        assert model == client.get(f"/v1/models/{model['name']}/versions/{model['version']}").json()
    assert {model["name"] for model in data["models"]} == {m["name"] for m in client.get("/v1/models").json()["models"]}


def test_the_page_follows_a_reload(make_application: Assemble, tmp_path: Path) -> None:
    """A model that comes or goes is on the page, or off it, at once; without any the page still stands."""
    models = tmp_path / "models"
    packages.delays(models)
    application = make_application(models_dir=str(models))
    with TestClient(application) as client:
        packages.total(models)
        application.service.load()
        assert [model["name"] for model in _data(client.get("/").text)["models"]] == ["delays", "total"]
        shutil.rmtree(models)
        models.mkdir()
        application.service.load()
        assert _data(client.get("/").text) == {"default": None, "models": []}


@given(st.text())
def test_text_of_a_manifest_stays_text(text: str) -> None:
    """No text can end the element that holds it, and every text comes out as it went in."""
    embedded = embed({"name": text})
    assert not set(embedded) & {"<", ">", "&", "\u2028", "\u2029"}
    assert json.loads(embedded) == {"name": text}


@pytest.mark.parametrize("path", ["/", "/docs"])
def test_a_page_loads_nothing_from_elsewhere(client: TestClient, path: str) -> None:
    """No address of another origin, and no code that the policy would have to allow by name."""
    answer = client.get(path)
    markup = re.sub(r"<(script|style)\b.*?</\1>", "", answer.text, flags=re.DOTALL)
    assert not re.findall(r'(?:src|href)="(?:https?:)?//', answer.text)
    assert not re.findall(r"\s(?:on\w+|style)=", markup)
    assert "unsafe" not in answer.headers["content-security-policy"]
    assert "http" not in answer.headers["content-security-policy"]


def test_the_documentation_brings_its_own_files(client: TestClient) -> None:
    """Every file that the page names is served, may be kept for ever, and is named anew when it changes."""
    named = re.findall(r'"(docs/[^"]+)"', client.get("/docs").text)
    assert sorted(re.sub(r"^docs/|\?.*", "", name) for name in named) == sorted(ASSETS)
    for name in named:
        answer = client.get(f"/{name}")
        assert answer.status_code == 200
        assert re.search(r"\?v=[\d.]+$", name)
        assert "immutable" in answer.headers["cache-control"]
        assert len(answer.content) > 10_000


@pytest.mark.parametrize("name", ["index.html", "..%2fmain.py", "%00", "swagger-ui.css.map"])
def test_the_documentation_has_no_other_files(client: TestClient, name: str) -> None:
    """Whatever else is asked for is not there."""
    answer = client.get(f"/docs/{name}")
    assert answer.status_code == 404
    assert answer.headers["content-type"] == "application/problem+json"


# In a browser, over the program as it runs.


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A running service with the shipped model as its default, test models, and one whose names bite."""
    folder = tmp_path_factory.mktemp("page")
    models = folder / "models"
    shutil.copytree(_SHIPPED, models / _SHIPPED.name)
    for make in (packages.delays, packages.total, packages.colours):
        make(models)
    _write_hostile(models)
    ports = {"PUERTA_PORT": str(free_port()), "PUERTA_METRICS_PORT": str(free_port())}
    folders = {"MODELS": models, "EVENTS": folder / "events", "LABELS": folder / "labels"}
    settings = {f"PUERTA_{name}_DIR": str(path) for name, path in folders.items()} | {"PUERTA_DRAIN_SECONDS": "0"}
    environment = os.environ | ports | settings
    url = f"http://127.0.0.1:{ports['PUERTA_PORT']}"
    with subprocess.Popen([sys.executable, "-m", "service"], env=environment) as program:
        try:
            _wait_for(f"{url}/health/ready", program)
            yield url
        finally:
            program.terminate()
        assert program.wait(_PATIENCE) == 0


def _write_hostile(models: Path) -> None:
    path = packages.delays(models, name="hostile")
    manifest = decode((path / MANIFEST_FILE).read_bytes())
    airline, *others = manifest.features
    features = (Feature(airline.name, "categorical", _HOSTILE), *others)
    words = {
        "description": "<img src=x onerror=alert(1)> late?",
        "example": {**manifest.example, airline.name: _HOSTILE[1]},
    }
    (path / MANIFEST_FILE).write_bytes(encode(msgspec.structs.replace(manifest, features=features, **words)))


def _wait_for(url: str, program: subprocess.Popen[bytes]) -> None:
    until = time.monotonic() + _PATIENCE
    while program.poll() is None and time.monotonic() < until:
        try:
            urllib.request.urlopen(url, timeout=1).close()  # noqa: S310 - this test's own service
        except OSError:
            time.sleep(0.05)
        else:
            return
    raise AssertionError(f"{url} does not answer")


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Debian's Chromium, without a window."""
    if not _CHROMIUM:
        if os.environ.get("CI"):
            pytest.fail("there is no chromium: apt-get install chromium")
        pytest.skip("needs chromium: apt-get install chromium")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=_CHROMIUM, args=_ARGUMENTS)
        yield browser
        browser.close()


@pytest.fixture
def open_page(browser: Browser, address: str) -> Iterator[Open]:
    """Opens pages; afterwards none of them has complained, and none has shown a dialog."""
    complaints: list[str] = []
    contexts = []

    def listen(message: ConsoleMessage) -> None:
        # The browser itself reports an answer that is an error, whatever the page makes of it.
        if message.type != "log" and not message.location["url"].endswith("/predict"):
            complaints.append(message.text)

    def open_one(path: str = "/", **options: Any) -> Page:
        contexts.append(browser.new_context(**options))
        page = contexts[-1].new_page()
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("dialog", lambda dialog: complaints.append(dialog.message))
        page.on("console", listen)
        page.goto(f"{address}{path}")
        return page

    yield open_one
    for context in contexts:
        context.close()
    assert complaints == []


def _choose(page: Page, model: str) -> None:
    names = page.get_by_label("Model").locator("option").all_inner_texts()
    (place,) = (place for place, name in enumerate(names) if name.startswith(f"{model}, "))
    page.get_by_label("Model").select_option(index=place)


def _run_curl(page: Page) -> Any:
    """What the curl line on the page, run as it stands, answers."""
    line = page.get_by_label("curl line").inner_text()
    run = subprocess.run(["bash", "-c", line], capture_output=True, text=True, check=True)
    return json.loads(run.stdout)


@pytest.mark.platform
def test_a_flight_is_predicted(open_page: Open) -> None:
    """A real flight, chosen from the form, gets a label in words and a probability; the curl line answers the same."""
    page = open_page()
    manifest = decode(max(_SHIPPED.glob("*/manifest.json")).read_bytes())
    threshold = f"{(manifest.threshold or 0) * 100:.1f}".removesuffix(".0")
    expect(page.get_by_label("Model")).to_have_value("0")
    page.get_by_label("OPERA").select_option(label="Sky Airline")
    page.get_by_label("MES").select_option(label="12 \u2013 December")
    page.get_by_role("button", name="Predict").click()
    headline = page.locator(".headline")
    expect(headline).to_have_text(re.compile(r"^delay: (yes|no)$"))
    expect(page.get_by_role("img", name="probability")).to_have_attribute(
        "aria-label", re.compile(rf"^[\d.]+.% probability, threshold {threshold}.%$")
    )
    page.get_by_text("The answer as it came").click()
    answered = json.loads(page.locator("#answer details pre").inner_text())
    again = _run_curl(page)
    assert again["model"] == answered["model"] == "flight-delay"
    (one,), (other,) = again["predictions"], answered["predictions"]
    assert (one["label"], one["probability"]) == (other["label"], other["probability"])
    assert headline.inner_text() == ("delay: yes" if one["label"] == 1 else "delay: no")


@pytest.mark.platform
@pytest.mark.parametrize(
    ("model", "headline", "words"),
    [
        ("delays", "outcome: no", "25\xa0% probability that outcome is yes. From 50\xa0% on, that is the answer."),
        ("colours", "outcome: green", "50\xa0% probability that outcome is green."),
        ("total", "outcome: 4.5", ""),
        ("hostile", "outcome: no", "25\xa0% probability"),
    ],
)
def test_every_kind_of_model_is_answered(open_page: Open, model: str, headline: str, words: str) -> None:
    """Two classes, more classes, a number, and names full of markup and quotes; the curl line answers the same."""
    page = open_page()
    _choose(page, model)
    page.get_by_role("button", name="Predict").click()
    expect(page.locator(".headline")).to_have_text(headline)
    expect(page.locator("#answer")).to_contain_text(words)
    label = json.loads(page.locator("#answer dd").first.inner_text())
    assert _run_curl(page)["predictions"][0]["label"] == label


@pytest.mark.platform
def test_numbers_and_nothing_are_sent_as_they_are(open_page: Open) -> None:
    """A number field gives JSON numbers, however they are written, and an empty one that may be missing gives null."""
    page = open_page()
    _choose(page, "total")
    line = page.get_by_label("curl line")
    page.get_by_label("weight").fill(".5")
    page.get_by_label("steps").fill("-3")
    page.get_by_label("heavy").select_option(label="false")
    expect(line).to_contain_text('{"weight":0.5,"steps":-3,"heavy":false}')
    page.get_by_label("weight").fill("")
    expect(line).to_contain_text('{"weight":null,"steps":-3,"heavy":false}')
    page.get_by_label("Type the values freely").check()
    expect(line).to_contain_text('{"weight":null,"steps":-3,"heavy":false}')
    page.get_by_label("weight").fill('"text"')
    page.get_by_label("steps").fill("")
    page.get_by_label("heavy").fill("[1]")
    expect(line).to_contain_text('{"weight":"text","heavy":[1]}')


@pytest.mark.platform
def test_a_bad_value_is_explained(open_page: Open) -> None:
    """The field at fault is marked, with what came and what was expected; putting it right makes it good."""
    page = open_page()
    _choose(page, "delays")
    page.get_by_role("button", name="Try a bad value").click()
    error = page.locator(".error")
    expect(error.get_by_role("heading")).to_have_text("AIRLINE")
    expect(error).to_contain_text('came"no such value"')
    expect(error).to_contain_text('expectedone of "Norte", "Sur", "Grupo Ñandú"')
    field = page.get_by_label("AIRLINE")
    expect(field).to_have_attribute("aria-invalid", "true")
    assert _run_curl(page)["errors"][0]["field"] == "AIRLINE"
    field.fill("Norte")
    expect(field).not_to_have_attribute("aria-invalid", "true")
    page.get_by_role("button", name="Predict").click()
    expect(page.locator(".headline")).to_have_text("outcome: no")


@pytest.mark.platform
@pytest.mark.parametrize(
    ("status", "title"),
    [(401, "wants an API key"), (400, "does not know this API key"), (403, "does not let"), (429, "Too many")],
)
def test_a_refusal_of_the_gateway_is_explained(open_page: Open, status: int, title: str) -> None:
    """What the gateway answers by itself is told in words, with its own message."""

    def refuse(route: Route) -> None:
        body = json.dumps({"code": status, "message": "REFUSED: by the gateway."})
        route.fulfill(status=status, content_type="application/json", headers={"retry-after": "7"}, body=body)

    page = open_page()
    page.route("**/v1/predict", refuse)
    page.get_by_role("button", name="Predict").click()
    expect(page.locator(".refused")).to_contain_text(title)
    expect(page.locator(".refused")).to_contain_text("REFUSED: by the gateway.")


@pytest.mark.platform
def test_what_is_no_answer_is_told(open_page: Open) -> None:
    """A service that is gone, or an answer that is not JSON, leaves words and a form that can be sent again."""
    page = open_page()
    page.route("**/v1/predict", lambda route: route.fulfill(status=502, content_type="text/html", body="<h1>Oh</h1>"))
    page.get_by_role("button", name="Predict").click()
    expect(page.locator(".refused")).to_contain_text("<h1>Oh</h1>")
    page.unroute("**/v1/predict")
    page.context.set_offline(True)
    page.get_by_role("button", name="Predict").click()
    expect(page.locator(".refused")).to_contain_text("There was no answer")
    page.context.set_offline(False)
    page.get_by_role("button", name="Predict").click()
    expect(page.locator(".headline")).to_be_visible()


@pytest.mark.platform
def test_the_key_is_sent_and_kept_nowhere(open_page: Open) -> None:
    """The key goes out in its header only, is in the curl line only when asked for, and is gone with the page."""
    page = open_page()
    line = page.get_by_label("curl line")
    page.get_by_label("API key").fill("it's a key")
    expect(line).to_contain_text("'x-api-key: YOUR-KEY'")
    with page.expect_request("**/v1/predict") as sent:
        page.get_by_role("button", name="Predict").click()
    assert sent.value.headers["x-api-key"] == "it's a key"
    expect(page.locator(".headline")).to_be_visible()
    page.get_by_label("Show the key").check()
    expect(line).to_contain_text("'x-api-key: it'\\''s a key'")
    assert _run_curl(page)["model"] == "flight-delay"
    assert page.evaluate("[localStorage.length, sessionStorage.length, document.cookie, location.search]") == [
        0,
        0,
        "",
        "",
    ]
    page.reload()
    expect(page.get_by_label("API key")).to_have_value("")


@pytest.mark.platform
def test_the_line_can_be_copied(open_page: Open) -> None:
    """The button puts the line into the clipboard as it is shown."""
    page = open_page(permissions=["clipboard-read", "clipboard-write"])
    page.get_by_role("button", name="Copy").click()
    expect(page.get_by_role("button", name="Copied")).to_be_visible()
    assert page.evaluate("navigator.clipboard.readText()") == page.get_by_label("curl line").inner_text()


@pytest.mark.platform
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [320, 375, 1200])
def test_it_fits_the_screen(open_page: Open, scheme: Any, width: int) -> None:
    """Nothing runs over the edge, on a phone or a desk, and text stands out from what is behind it."""
    page = open_page(viewport={"width": width, "height": 800}, color_scheme=scheme)
    for button in ("Predict", "Try a bad value"):
        page.get_by_role("button", name=button).click()
        expect(page.locator(".headline, .refused")).to_be_visible()
        assert page.evaluate("document.scrollingElement.scrollWidth") <= width
    brightness = page.evaluate(
        """() => ["color", "backgroundColor"].map((name) => getComputedStyle(document.body)[name])
            .map((colour) => colour.match(/\\d+/g).slice(0, 3).reduce((sum, one) => sum + Number(one), 0) / 3)"""
    )
    text, behind = brightness
    assert (text < behind) == (scheme == "light")
    assert abs(text - behind) > 128


@pytest.mark.platform
def test_everything_has_a_name(open_page: Open) -> None:
    """Every control can be told by a screen reader."""
    page = open_page()
    for free in (False, True):
        page.get_by_label("Type the values freely").set_checked(free)
        controls = page.locator("input:visible, select:visible, button:visible")
        for place in range(controls.count()):
            control = controls.nth(place)
            names = control.evaluate(
                "(one) => [...(one.labels ?? [])].map((label) => label.textContent).join() || one.textContent"
            )
            assert names.strip(), control.evaluate("(one) => one.outerHTML")


@pytest.mark.platform
def test_the_documentation_is_shown(open_page: Open) -> None:
    """Swagger UI runs under the policy, lists the operations and opens one."""
    page = open_page("/docs")
    operation = page.locator("#operations-predictions-predict")
    expect(operation).to_be_visible()
    operation.locator(".opblock-summary").click()
    expect(operation).to_contain_text("What to predict, in the form of the model that is asked.")
    expect(operation).to_contain_text("Retry-After".lower())
    assert page.locator(".errors").count() == 0
