"""The images: what is in them and what never is, and that they run as their Dockerfiles say."""

import json
import re
import subprocess
from contextlib import ExitStack
from pathlib import Path

import pytest
import yaml

from gateway_config.ports import free_port
from gateway_config.tests.waiting import eventually
from service.settings import Settings, describe, read_settings
from service.tests import dockerfile
from service.tests.image import ROOT, Builder, ask, builder, scrape

SERVICE = ROOT / "service" / "Dockerfile"
GATEWAY = ROOT / "gateway-config" / "Dockerfile"
MONITORING = ROOT / "monitoring" / "Dockerfile"
FLIGHT = {"instances": [{"OPERA": "Grupo LATAM", "TIPOVUELO": "N", "MES": 7}]}
_PIN = re.compile(r"^([a-z0-9.-]+)==(\S+)", re.MULTILINE)


@pytest.fixture(scope="module")
def build(request: pytest.FixtureRequest) -> Builder:
    """Makes images, each once."""
    return builder(request.config)


@pytest.mark.parametrize("path", [SERVICE, GATEWAY, MONITORING], ids=["service", "gateway", "monitoring"])
def test_an_image_runs_as_nobody_from_pinned_wheels(path: Path) -> None:
    """Not root, by number; only wheels, only with hashes; a health check; ended by SIGTERM, in the exec form."""
    settings = dict(dockerfile.read(path))
    assert re.fullmatch(r"[1-9]\d*:[1-9]\d*", settings["USER"])
    assert settings["STOPSIGNAL"] == "SIGTERM"
    assert "HEALTHCHECK" in settings
    assert isinstance(json.loads(settings["ENTRYPOINT"]), list)
    installs = [rest for word, rest in dockerfile.read(path) if word == "RUN" and "pip" in rest.split()]
    assert installs
    assert all("--require-hashes" in rest and "--only-binary :all:" in rest for rest in installs)


def test_the_service_image_is_set_up_for_containers() -> None:
    """It listens to others, logs to standard output, has the default ports, and stops within the 10 s it is given."""
    instructions = list(dockerfile.read(SERVICE))
    pairs = [pair.split("=", 1) for word, rest in instructions if word == "ENV" for pair in rest.split()]
    settings = read_settings(dict(pairs))
    assert (settings.host, settings.events_dir, settings.labels_dir) == ("0.0.0.0", "-", "-")  # noqa: S104 - a container's
    assert settings.drain_seconds + settings.grace_seconds < 10
    assert dict(instructions)["EXPOSE"].split() == [str(Settings().port), str(Settings().metrics_port)]
    assert {name for name, _ in pairs if name.startswith("PUERTA_")} <= {variable for variable, _, _ in describe()}


@pytest.mark.parametrize(
    ("path", "ignored"),
    [
        (".local/demo.key", True),
        (".env", True),
        (".git/config", True),
        ("requirements/development.txt", True),
        ("service/tests/conftest.py", True),
        ("service/__pycache__/check.cpython-311.pyc", True),
        ("model-files/model_files/tests/test_package.py", True),
        ("monitoring/tests/test_run.py", True),
        ("monitoring/scenarios/contest.py", True),
        ("requirements/service.txt", False),
        ("requirements/monitoring.txt", False),
        ("monitoring/run.py", False),
        ("monitoring/runbooks/README.md", False),
        ("service/server.py", False),
        ("model-files/flight-delay/1/card.md", False),
        ("model-files/model_files/package.py", False),
        ("gateway-config/gateway_config/envoy/keys.lua", False),
    ],
)
def test_the_builder_is_given_only_what_images_are_made_of(path: str, ignored: bool) -> None:
    """No key, no history, no test reaches the builder, and nothing that a model package lists is held back."""
    assert (path in dockerfile.Ignored(ROOT / ".dockerignore")) is ignored


@pytest.mark.parametrize("name", ["service", "gateway", "monitoring", "monitoring-small"])
def test_an_image_has_the_libraries_that_were_tested(name: str) -> None:
    """Every pin is the development environment's own and has its hashes; what trains or tests is not among them."""
    text = (ROOT / "requirements" / f"{name}.txt").read_text()
    pins = set(_PIN.findall(text))
    assert pins
    tested = set(_PIN.findall((ROOT / "requirements" / "development.txt").read_text()))
    assert pins <= tested
    own = {pin for pin, _ in pins}
    if name.startswith("monitoring"):  # the Cloud Run job counts there
        assert {pin for pin, _ in tested if pin == "google-cloud-bigquery"} <= own
    assert not {"pytest", "skops", "skl2onnx"} & own
    assert ("evidently" in own) is (name == "monitoring")
    assert "evidently" in own or not {"pandas", "scikit-learn", "pyarrow"} & own
    entries = re.split(r"\n(?=[a-z0-9])", text.strip())
    assert all("--hash=sha256:" in entry for entry in entries)
    assert "index-url" not in text


def test_compose_describes_what_there_is() -> None:
    """Its own images have Dockerfiles, its variables are settings, and nobody gets in but through the gateway."""
    services = yaml.safe_load((ROOT / "compose.yaml").read_text())["services"]
    for service in services.values():
        assert service["read_only"]
        assert service["cap_drop"] == ["ALL"]
        assert "no-new-privileges:true" in service["security_opt"]
        assert all(port.startswith("127.0.0.1:") for port in service.get("ports", []))
    own = {name for name, service in services.items() if "build" in service}
    assert own == {"service", "gateway", "monitoring"}
    assert all((ROOT / services[name]["build"]["dockerfile"]).is_file() for name in own)
    for name in ("service", "gateway"):
        assert services[name]["environment"]["PUERTA_GATEWAY_TOKEN"].startswith("${PUERTA_GATEWAY_TOKEN:?")
    assert services["gateway"]["ports"] == ["127.0.0.1:8080:8080"]
    assert "ports" not in services["service"]
    backend, _, port = services["gateway"]["environment"]["PUERTA_GATEWAY_BACKENDS"].partition(":")
    assert (backend, int(port)) == ("service", Settings().port)
    known = {variable for variable, _, _ in describe()}
    assert set(services["service"]["environment"]) <= known


@pytest.mark.platform
@pytest.mark.slow
@pytest.mark.xdist_group("container")
def test_the_service_image_serves(build: Builder) -> None:
    """Made as its Dockerfile says and run as its user, it predicts, logs to standard output, writes no file, stops."""
    image = build(SERVICE)
    before = image.files()
    ports = {"PUERTA_PORT": str(free_port()), "PUERTA_METRICS_PORT": str(free_port())}
    scratch = image.scratch()
    with image.run(HOME=str(scratch), TMPDIR=str(scratch), **ports) as container:
        image.await_health(container, **ports)
        status, answer = ask(int(ports["PUERTA_PORT"]), "POST", "/v1/predict", FLIGHT)
        assert status == 200
        assert container.stop() == 0
    assert not image.healthy(**ports)
    [event] = map(json.loads, container.output.read_text().splitlines())
    assert event["id"] == answer["predictions"][0]["id"]
    assert image.files() == before
    assert list(scratch.iterdir()) == []  # where libraries would keep what they have to report


@pytest.mark.platform
@pytest.mark.slow
@pytest.mark.xdist_group("container")
def test_the_service_image_starts_from_bytecode(build: Builder) -> None:
    """It runs without docstrings, and of what it holds nothing has to be compiled when it starts."""
    image = build(SERVICE)
    done = subprocess.run(
        ["python", "-v", "-c", "import service.admin, service.api, service.server; print(service.__doc__)"],
        cwd=image.stage.path("."),
        env=image.stage.environment,
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout == "None\n"
    read = set(re.findall(r"^# code object from '(.*)'$", done.stderr, re.MULTILINE))
    compiled = set(re.findall(r"^# code object from (/.*)$", done.stderr, re.MULTILINE))
    assert any(Path(path).match("service/__pycache__/api.*.opt-2.pyc") for path in read)
    assert not {path for path in compiled if path.startswith(str(image.stage.root))}


@pytest.mark.platform
@pytest.mark.slow
@pytest.mark.xdist_group("container")
def test_the_service_image_holds_nothing_that_it_does_not_need(build: Builder) -> None:
    """No test, no training code, no pickle, no pip, and nothing that anybody but root could change."""
    image = build(SERVICE)
    files = image.files()
    own = {name for name in files if name.startswith("app/") and "__pycache__" not in name}
    assert not {name for name in own if "tests" in name.split("/") or name.endswith((".pkl", ".joblib", ".md"))} - {
        name for name in own if name.endswith("/card.md")
    }
    assert {Path(name).name for name in own if name.startswith("app/model_files/")} == {
        "__init__.py",
        "manifest.py",
        "package.py",
    }
    installed = {Path(name).name.partition("-")[0] for name in files if name.endswith(".dist-info")}
    assert "onnxruntime" in installed
    assert not installed & {"pip", "setuptools", "scikit_learn", "pandas", "pyarrow", "pytest"}


@pytest.mark.platform
@pytest.mark.slow
@pytest.mark.xdist_group("container")
def test_a_command_of_the_image_needs_no_set_up(build: Builder) -> None:
    """``docker run IMAGE check`` finds nothing wrong; ``predict``, whose libraries are elsewhere, says where."""
    image = build(SERVICE)
    environment = {**image.stage.environment, "PUERTA_PORT": "0", "PUERTA_METRICS_PORT": "0"}
    entry = json.loads(image.stage.settings["ENTRYPOINT"])

    def command(*arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [*entry, *arguments],
            cwd=image.stage.path("."),
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )

    checked = command("check")
    assert (checked.returncode, checked.stdout) == (0, "0 problems, 0 warnings\n")
    predicted = command("predict", "flights.csv", "--out", "out.csv")
    assert predicted.returncode == 1
    assert predicted.stderr.endswith("pip install 'puerta[client]'\n")


@pytest.mark.platform
@pytest.mark.slow
@pytest.mark.xdist_group("container")
def test_the_gateway_image_lets_in_whoever_has_a_key(build: Builder) -> None:
    """In front of two service containers, found by name: 401 without a key, 200 with the demo key, and a clean end."""
    service, gateway = build(SERVICE), build(GATEWAY)
    token = {"PUERTA_GATEWAY_TOKEN": "a secret of this test"}
    before = gateway.files()
    with ExitStack() as stack:
        running = []
        for _ in range(2):
            ports = {"PUERTA_PORT": str(free_port()), "PUERTA_METRICS_PORT": str(free_port()), **token}
            container = stack.enter_context(service.run(**ports))
            service.await_health(container, **ports)
            running.append((ports["PUERTA_PORT"], container))
        port, admin, metrics = free_port(), free_port(), free_port()
        variables = {
            "PUERTA_GATEWAY_PORT": str(port),
            "PUERTA_GATEWAY_ADMIN_PORT": str(admin),
            "PUERTA_GATEWAY_METRICS_PORT": str(metrics),
            "PUERTA_GATEWAY_BACKENDS": ",".join(f"localhost:{each}" for each, _ in running),
            "PUERTA_GATEWAY_DEMO_CIDRS": "127.0.0.0/8",
            **token,
        }
        front = stack.enter_context(gateway.run(**variables))
        gateway.await_health(front, **variables)
        key = (gateway.stage.root / "state" / "demo.key").read_text().strip()
        assert ask(port, "POST", "/v1/predict", FLIGHT)[0] == 401
        for _ in range(20):
            assert ask(port, "POST", "/v1/predict", FLIGHT, {"x-api-key": key})[0] == 200
        counted = 'gateway_requests_total{client="demo",code="200",route="predict"} 20.0'
        eventually(lambda: counted in scrape(metrics), f"the gateway's metrics never said {counted}")
        assert front.stop() == 0
        assert [container.stop() for _, container in running] == [0, 0]
    events = [json.loads(line) for _, each in running for line in each.output.read_text().splitlines()]
    assert len(events) == 20
    assert {event["client"] for event in events} == {"demo"}
    assert key not in front.output.read_text()
    assert gateway.files() == before
