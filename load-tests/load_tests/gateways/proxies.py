"""Other proxies in front of the service, with the same checks as far as they have them."""

import hashlib
import shutil
from pathlib import Path

from gateway_config.ports import free_port
from load_tests.gateways.layers import CLIENT
from load_tests.gateways.way import Opened, Site
from load_tests.processes import Launch
from load_tests.servers import PREDICT, READY


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
    return Opened(Launch("haproxy", (_program("haproxy"), "-db", "-f", str(path)), {}, port, READY), port, key)


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
    return Opened(Launch("nginx", command, {}, port, READY), port, key)


def find(program: str) -> str | None:
    """Where a proxy is, if it is installed."""
    return shutil.which(program) or shutil.which(program, path="/usr/sbin:/usr/local/sbin")  # not on everyone's PATH


def _program(name: str) -> str:
    found = find(name)
    if found is None:
        raise FileNotFoundError(f"{name} is not installed (Debian: apt install {name})")
    return found


def _write(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return path
