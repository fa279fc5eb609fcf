"""The peers, each as its documentation shows it and as tuned by hand: how it is started and how it is asked.

The programs are in ``load-tests/peers/<key>/``, with the requirements that they run on.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from load_tests import protocols
from load_tests.paths import ROOM
from load_tests.protocols import Protocol

PEERS_FOLDER = ROOM / "peers"


@dataclass(frozen=True)
class Variant:
    """One way to run a peer.

    In ``command`` and ``environment`` stand ``{bin}`` for its environment's programs, ``{peer}`` for its folder,
    ``{prepared}`` for what its ``prepare.py`` made, ``{scratch}`` for a folder that is removed afterwards, ``{port}``,
    and ``{port2}``, ``{port3}`` for others that are free. ``ready`` answers 200 once it is up. ``how`` says in a few
    words what this way is.
    """

    key: str
    how: str
    command: tuple[str, ...]
    protocol: Protocol
    ready: str = "/health"
    environment: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Peer:
    """One peer: its key, its name, the package whose version is told, and the ways to run it."""

    key: str
    title: str
    package: str
    variants: tuple[Variant, ...]
    folder: Path
    prepares: bool = False  # whether its folder has a prepare.py

    @property
    def requirements(self) -> Path:
        """Its pinned requirements."""
        return self.folder / "requirements.txt"


_HERE = ("--host", "127.0.0.1", "--port", "{port}")
_QUIET = ("--no-access-log", "--no-proxy-headers", "--log-level", "warning")


def _uvicorn(program: str, *options: str) -> tuple[str, ...]:
    return ("{bin}/uvicorn", f"{program}:app", "--app-dir", "{peer}", *_HERE, *options)


def _gunicorn(program: str, *options: str) -> tuple[str, ...]:
    where = ("--chdir", "{peer}", "--bind", "127.0.0.1:{port}", "--no-control-socket")  # it would be in the home folder
    return ("{bin}/gunicorn", f"{program}:app", *where, *options)


FASTAPI = Peer(
    "fastapi",
    "plain FastAPI",
    "fastapi",
    (
        Variant("documented", "pydantic, a DataFrame, uvicorn's defaults", _uvicorn("documented"), protocols.RECORDS),
        Variant("tuned", "numpy, no thread pool, no access log", _uvicorn("tuned", *_QUIET), protocols.ARRAYS),
        Variant("onnx", "tuned, with our ONNX graph", _uvicorn("onnx", *_QUIET), protocols.ARRAYS),
    ),
    PEERS_FOLDER / "fastapi",
)
FLASK = Peer(
    "flask",
    "Flask + gunicorn",
    "flask",
    (
        Variant("documented", "a DataFrame, gunicorn's defaults", _gunicorn("documented"), protocols.RECORDS),
        Variant(
            "tuned",
            "numpy, gevent workers, keep-alive",
            _gunicorn("tuned", "--worker-class", "gevent", "--log-level", "error"),
            protocols.ARRAYS,
        ),
    ),
    PEERS_FOLDER / "flask",
)
_BENTOML_HOME = {"BENTOML_HOME": "{scratch}", "BENTOML_DO_NOT_TRACK": "True"}


def _bentoml(program: str) -> tuple[str, ...]:
    return ("{bin}/bentoml", "serve", f"{program}:Flights", "--working-dir", "{peer}", *_HERE)


BENTOML = Peer(
    "bentoml",
    "BentoML",
    "bentoml",
    (
        Variant("documented", "numpy in and out", _bentoml("documented"), protocols.BENTOML, "/readyz", _BENTOML_HOME),
        Variant(
            "tuned",
            "batching, no thread pool, no metrics, no access log",
            (*_bentoml("tuned"), "--quiet"),
            protocols.BENTOML,
            "/readyz",
            _BENTOML_HOME,
        ),
    ),
    PEERS_FOLDER / "bentoml",
)
LITSERVE = Peer(
    "litserve",
    "LitServe",
    "litserve",
    (
        Variant("documented", "its defaults", ("{bin}/python", "{peer}/documented.py"), protocols.LITSERVE),
        Variant(
            "tuned", "batching, fast queue, no access log", ("{bin}/python", "{peer}/tuned.py"), protocols.LITSERVE
        ),
    ),
    PEERS_FOLDER / "litserve",
)
_MLSERVER = {
    "MLSERVER_HOST": "127.0.0.1",
    "MLSERVER_HTTP_PORT": "{port}",
    "MLSERVER_GRPC_PORT": "{port2}",
    "MLSERVER_METRICS_PORT": "{port3}",
    "MLSERVER_METRICS_DIR": "{scratch}",
    "MLSERVER_ENVIRONMENTS_DIR": "{scratch}",
}
_MLSERVER_READY = "/v2/models/flights/ready"
MLSERVER = Peer(
    "mlserver",
    "MLServer (V2)",
    "mlserver",
    (
        Variant(
            "documented",
            "its scikit-learn runtime, defaults",
            ("{bin}/mlserver", "start", "{prepared}/documented"),
            protocols.V2,
            _MLSERVER_READY,
            _MLSERVER,
        ),
        Variant(
            "tuned",
            "batching, no parallel workers, no metrics, no debug",
            ("{bin}/mlserver", "start", "{prepared}/tuned"),
            protocols.V2,
            _MLSERVER_READY,
            _MLSERVER,
        ),
    ),
    PEERS_FOLDER / "mlserver",
    prepares=True,
)
_RAY = {"RAY_USAGE_STATS_ENABLED": "0", "PYTHONPATH": "{peer}"}
RAY = Peer(
    "ray",
    "Ray Serve",
    "ray",
    (
        Variant(
            "documented",
            "its scikit-learn quickstart",
            ("{bin}/python", "{peer}/start.py", "documented"),
            protocols.RAY,
            "/-/healthz",
            _RAY,
        ),
        Variant(
            "tuned",
            "batching, no access log, throughput mode",
            ("{bin}/python", "{peer}/start.py", "tuned"),
            protocols.RAY,
            "/-/healthz",
            {**_RAY, "RAY_SERVE_THROUGHPUT_OPTIMIZED": "1"},
        ),
    ),
    PEERS_FOLDER / "ray",
)


def _mlflow(model: str) -> tuple[str, ...]:
    return ("{bin}/mlflow", "models", "serve", "--model-uri", f"{{prepared}}/{model}", "--env-manager", "local", *_HERE)


_MLFLOW = {"MLFLOW_DISABLE_TELEMETRY": "true", "MLFLOW_TRACKING_URI": "sqlite:///{scratch}/mlflow.db"}
MLFLOW = Peer(
    "mlflow",
    "MLflow models serve",
    "mlflow",
    (
        Variant(
            "documented", "with its quickstart's signature", _mlflow("documented"), protocols.MLFLOW, "/ping", _MLFLOW
        ),
        Variant(
            "tuned",
            "no signature, numpy, its application under uvicorn without access log",
            ("{bin}/uvicorn", "mlflow.pyfunc.scoring_server.app:app", *_HERE, *_QUIET),
            protocols.MLFLOW,
            "/ping",
            {**_MLFLOW, "__pyfunc_model_path__": "{prepared}/tuned"},
        ),
    ),
    PEERS_FOLDER / "mlflow",
    prepares=True,
)

PEERS = (FASTAPI, FLASK, BENTOML, MLSERVER, LITSERVE, MLFLOW, RAY)
