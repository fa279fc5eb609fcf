"""The ways to the service that are compared: direct, through Envoy's bare routing, our policy, HAProxy, nginx."""

import hashlib
import json
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gateway_config.envoy import program
from gateway_config.envoy.bootstrap import Address
from gateway_config.local import LocalGateway
from gateway_config.ports import free_port
from gateway_config.settings import Settings
from load_tests.paths import ROOT
from load_tests.processes import Launch
from load_tests.servers import PREDICT, READY

POLICY = ROOT / "gateway-config" / "policy.yaml"
CLIENT = "demo"
_TYPE = "type.googleapis.com/envoy.extensions"


@dataclass(frozen=True)
class Site:
    """What a gateway is told: the service's port, the token by which the service knows it, a folder of its own."""

    backend: int
    token: str
    folder: Path


@dataclass(frozen=True)
class Opened:
    """A gateway that can be started, and the key that lets a caller through it."""

    launch: Launch
    key: str = ""


@dataclass(frozen=True)
class Way:
    """One way to the service. ``open`` is None for the direct one; ``checks`` says what it holds a request to."""

    key: str
    title: str
    checks: str
    open: Callable[[Site], Opened] | None = None
    program: str = ""  # what has to be on the PATH


def open_bare(site: Site) -> Opened:
    """Envoy with nothing but one route: what a hop through it costs by itself."""
    port = free_port()
    router = {"@type": f"{_TYPE}.filters.http.router.v3.Router"}
    route = {"match": {"prefix": "/"}, "route": {"cluster": "service"}}
    manager = {
        "@type": f"{_TYPE}.filters.network.http_connection_manager.v3.HttpConnectionManager",
        "stat_prefix": "bare",
        "http_filters": [{"name": "router", "typed_config": router}],
        "route_config": {"virtual_hosts": [{"name": "all", "domains": ["*"], "routes": [route]}]},
    }
    listener = {
        "name": "bare",
        "address": Address("127.0.0.1", port).envoy(),
        "filter_chains": [{"filters": [{"name": "http", "typed_config": manager}]}],
    }
    endpoint = {"endpoint": {"address": Address("127.0.0.1", site.backend).envoy()}}
    cluster = {
        "name": "service",
        "type": "STATIC",
        "load_assignment": {"cluster_name": "service", "endpoints": [{"lb_endpoints": [endpoint]}]},
    }
    document: dict[str, Any] = {"static_resources": {"listeners": [listener], "clusters": [cluster]}}
    path = _write(site.folder / "envoy.json", json.dumps(document))
    return Opened(Launch("envoy-bare", program.command(path, workers=1), {}, port, READY))


def open_policy(site: Site) -> Opened:
    """The gateway as ``make run`` starts it, under the whole policy."""
    port = free_port()
    settings = Settings(
        gateway_port=port,
        gateway_admin_port=free_port(),
        gateway_policy=POLICY,
        gateway_token=site.token,
        state_dir=site.folder,
    )
    gateway = LocalGateway.open(settings, (Address("127.0.0.1", site.backend),))
    key = gateway.new_key(CLIENT)
    gateway.write()
    return Opened(Launch("envoy-policy", gateway.command, {}, port, READY), key)


def open_haproxy(site: Site) -> Opened:
    """HAProxy with a hashed key, its addresses, its rate, a body limit and a log."""
    port, key = free_port(), "a-key-for-haproxy"
    hashes = _write(site.folder / "clients.map", f"{hashlib.sha256(key.encode()).hexdigest()} {CLIENT}\n")
    path = _write(
        site.folder / "haproxy.cfg",
        f"""
global
  nbthread 1
  maxconn 2000
  log stdout format raw local0
defaults
  mode http
  log global
  option httplog
  timeout connect 1s
  timeout client 30s
  timeout server 15s
  timeout http-request 10s
frontend gateway
  bind 127.0.0.1:{port}
  http-request allow if {{ path {READY} }}
  http-request del-header x-gateway-client
  http-request return status 401 unless {{ req.hdr(x-api-key) -m found }}
  http-request set-var(txn.client) req.hdr(x-api-key),sha2(256),hex,lower,map_str({hashes})
  http-request return status 400 unless {{ var(txn.client) -m found }}
  http-request deny deny_status 403 unless {{ src 127.0.0.1 ::1 }}
  stick-table type string len 64 size 10k expire 1m store http_req_rate(1s)
  http-request track-sc0 var(txn.client)
  http-request deny deny_status 429 if {{ sc_http_req_rate(0) gt 100000 }}
  http-request deny deny_status 413 if {{ req.body_size gt 8388608 }}
  http-request deny deny_status 404 unless {{ path {PREDICT} }}
  http-request del-header x-api-key
  http-request set-header x-gateway-client %[var(txn.client)]
  http-request set-header x-gateway-token {site.token}
  default_backend service
backend service
  server first 127.0.0.1:{site.backend}
""",
    )
    return Opened(Launch("haproxy", (_program("haproxy"), "-db", "-f", str(path)), {}, port, READY), key)


def open_nginx(site: Site) -> Opened:
    """Nginx with the key's addresses, its rate, a body limit and a log. It cannot hash: it compares the key itself."""
    port, key = free_port(), "a-key-for-nginx"
    folders = "\n".join(
        f"  {name}_temp_path {site.folder / name};" for name in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    path = _write(
        site.folder / "nginx.conf",
        f"""
worker_processes 1;
daemon off;
error_log stderr warn;
pid {site.folder / "nginx.pid"};
events {{ worker_connections 10240; }}
http {{
{folders}
  access_log {site.folder / "access.log"} combined buffer=64k flush=1s;
  map $http_x_api_key $client {{ default ""; "{key}" {CLIENT}; }}
  limit_req_zone $client zone=rate:1m rate=100000r/s;
  upstream service {{ server 127.0.0.1:{site.backend}; keepalive 64; }}
  server {{
    listen 127.0.0.1:{port};
    client_max_body_size 8m;
    proxy_http_version 1.1;
    proxy_set_header connection "";
    location = {READY} {{ proxy_pass http://service; }}
    location = {PREDICT} {{
      if ($http_x_api_key = "") {{ return 401; }}
      if ($client = "") {{ return 400; }}
      allow 127.0.0.1;
      allow ::1;
      deny all;
      limit_req zone=rate burst=100000 nodelay;
      proxy_set_header connection "";
      proxy_set_header x-api-key "";
      proxy_set_header x-gateway-client $client;
      proxy_set_header x-gateway-token {site.token};
      proxy_pass http://service;
    }}
    location / {{ return 404; }}
  }}
}}
""",
    )
    command = (_program("nginx"), "-p", str(site.folder), "-e", "stderr", "-c", str(path))
    return Opened(Launch("nginx", command, {}, port, READY), key)


WAYS = (
    Way("direct", "direct", "nothing"),
    Way("bare", "Envoy, bare routing", "nothing", open_bare),
    Way("policy", "Envoy, the whole policy", "hashed key, addresses, rates, quota, body, routes, log", open_policy),
    Way("haproxy", "HAProxy", "hashed key, addresses, rate, body, one path, log", open_haproxy, "haproxy"),
    Way("nginx", "nginx", "plain key, addresses, rate, body, one path, log", open_nginx, "nginx"),
)


def there(ways: tuple[Way, ...]) -> tuple[Way, ...]:
    """Those of the ways whose program is installed."""
    return tuple(way for way in ways if not way.program or _find(way.program))


def _find(program: str) -> str | None:
    return shutil.which(program) or shutil.which(program, path="/usr/sbin:/usr/local/sbin")  # not on everyone's PATH


def _program(name: str) -> str:
    found = _find(name)
    if found is None:
        raise FileNotFoundError(f"{name} is not installed (Debian: apt install {name})")
    return found


def _write(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return path
