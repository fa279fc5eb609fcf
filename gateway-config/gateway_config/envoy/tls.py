"""TLS: the certificate that the gateway shows, and the authority of those that its callers must show."""

import http.client
import shutil
import ssl
import subprocess
import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NoReturn

from gateway_config.files import write_private
from gateway_config.policy.model import Tls

CERTIFICATE = "certificate"
CERTIFICATE_FILE = "certificate.yaml"
CLIENT_CA = "client-ca"
CLIENT_CA_FILE = "client-ca.yaml"

_TYPE = "type.googleapis.com/envoy.extensions.transport_sockets.tls.v3"
_HANDSHAKE = "10s"
_DAYS = 365  # that a generated certificate is good for
_RENEW_SECONDS = 30 * 86_400  # one that ends sooner is made anew
_ANYWHERE = {"0.0.0.0", "::"}  # noqa: S104 - left out of the names, not listened on


class TlsError(ValueError):
    """A certificate or key that can't be used; the message names the policy's field, the file and what is wrong."""


@dataclass(frozen=True, kw_only=True)
class Identity:
    """A certificate chain, its key, and the authority that callers' certificates must be of, if any: texts in PEM.

    ``generated`` is the file of a certificate that no authority vouches for: callers have to be given it.
    """

    certificate: str
    private_key: str = field(repr=False)
    client_ca: str = ""
    generated: Path | None = None

    @classmethod
    def read(cls, tls: Tls, *, beside: Path, folder: Path, host: str) -> "Identity":
        """The identity of a policy in the folder ``beside``. A generated one is for ``host`` and kept in ``folder``.

        Raises:
            TlsError: if a file is missing or not usable, or if a certificate can't be made.
        """
        if tls.generated:
            generated = _Generated(folder, host)
            if not generated.fresh():
                generated.make()
            certificate, private_key = generated.certificate, generated.private_key
        else:
            certificate, private_key = beside / tls.certificate, beside / tls.private_key
        identity = cls(
            certificate=_text("certificate", certificate),
            private_key=_text("private_key", private_key),
            client_ca=_text("client_ca", beside / tls.client_ca) if tls.client_ca else "",
            generated=certificate if tls.generated else None,
        )
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        try:
            context.load_cert_chain(certificate, private_key, password=_no_password)
        except ssl.SSLError as error:
            raise TlsError(f"certificate, private_key: {certificate} with {private_key}: {_reason(error)}") from error
        try:
            if identity.client_ca:
                context.load_verify_locations(cadata=identity.client_ca)
        except ssl.SSLError as error:
            raise TlsError(f"client_ca: {beside / tls.client_ca}: {_reason(error)}") from error
        return identity

    def connect(self, host: str, port: int, seconds: float) -> http.client.HTTPSConnection:
        """A connection from this machine, which trusts this very certificate, whatever names are in it."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname = False
        context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
        context.load_verify_locations(cadata=self.certificate)
        return http.client.HTTPSConnection(host, port, timeout=seconds, context=context)


def inline(identity: Identity) -> dict[str, Any]:
    """What Envoy's ``FilterChain`` needs, with everything in it, to be validated."""
    parts: dict[str, Any] = {"tls_certificates": [_certificate(identity)]}
    if identity.client_ca:
        parts["validation_context"] = _authority(identity)
    return _transport(identity, parts)


def watched(identity: Identity, folder: Path) -> dict[str, Any]:
    """What Envoy's ``FilterChain`` needs to read the files of ``secrets`` in ``folder``, and to watch them.

    Until they are there every connection is closed.
    """
    parts: dict[str, Any] = {"tls_certificate_sds_secret_configs": [_discovery(CERTIFICATE, folder / CERTIFICATE_FILE)]}
    if identity.client_ca:
        parts["validation_context_sds_secret_config"] = _discovery(CLIENT_CA, folder / CLIENT_CA_FILE)
    return _transport(identity, parts)


def secrets(identity: Identity) -> dict[str, dict[str, Any]]:
    """Envoy's ``Secret`` for each watched file, by name. Certificate and key are in one: they change in one step."""
    found = {CERTIFICATE_FILE: {"name": CERTIFICATE, "tls_certificate": _certificate(identity)}}
    if identity.client_ca:
        found[CLIENT_CA_FILE] = {"name": CLIENT_CA, "validation_context": _authority(identity)}
    return {name: {"@type": f"{_TYPE}.Secret", **secret} for name, secret in found.items()}


def _transport(identity: Identity, parts: dict[str, Any]) -> dict[str, Any]:
    context = {
        "@type": f"{_TYPE}.DownstreamTlsContext",
        "common_tls_context": {
            "tls_params": {"tls_minimum_protocol_version": "TLSv1_2"},
            "alpn_protocols": ["h2", "http/1.1"],
            **parts,
        },
        "require_client_certificate": bool(identity.client_ca),
    }
    return {
        "transport_socket": {"name": "tls", "typed_config": context},
        "transport_socket_connect_timeout": _HANDSHAKE,
    }


def _certificate(identity: Identity) -> dict[str, Any]:
    return {
        "certificate_chain": {"inline_string": identity.certificate},
        "private_key": {"inline_string": identity.private_key},
    }


def _authority(identity: Identity) -> dict[str, Any]:
    return {"trusted_ca": {"inline_string": identity.client_ca}}


def _discovery(name: str, path: Path) -> dict[str, Any]:
    return {
        "name": name,
        "sds_config": {"path_config_source": {"path": str(path)}, "resource_api_version": "V3"},
    }


class _Generated:
    """A certificate of this machine's own: self-signed, for its loopback addresses and ``host``."""

    def __init__(self, folder: Path, host: str) -> None:
        self.certificate, self.private_key = folder / "certificate.pem", folder / "private-key.pem"
        addresses = dict.fromkeys(["127.0.0.1", "::1", host])
        names = ["DNS:localhost", *(f"IP:{address}" for address in addresses if address not in _ANYWHERE)]
        self._names = ",".join(names)
        self._mark = f"Made by gateway_config for {self._names}\n"  # PEM lets a line in front pass

    def fresh(self) -> bool:
        """Whether it is there, for these names, and good for a while."""
        if not (self.certificate.exists() and self.private_key.exists()):
            return False
        if not self.certificate.read_text(encoding="utf-8").startswith(self._mark):
            return False
        return _openssl("x509", "-in", self.certificate, "-noout", "-checkend", str(_RENEW_SECONDS)).returncode == 0

    def make(self) -> None:
        """Make it; who trusts it trusts nothing else by that, since it can't sign others."""
        extensions = {
            "subjectAltName": self._names,
            "basicConstraints": "critical,CA:FALSE",
            "keyUsage": "critical,digitalSignature",
            "extendedKeyUsage": "serverAuth",
        }
        with tempfile.TemporaryDirectory() as temporary:
            key, certificate = Path(temporary) / "key.pem", Path(temporary) / "certificate.pem"
            done = _openssl(
                *("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"),
                *("-days", str(_DAYS), "-subj", "/CN=puerta"),
                *(word for name, value in extensions.items() for word in ("-addext", f"{name}={value}")),
                *("-keyout", key, "-out", certificate),
            )
            if done.returncode != 0:
                raise TlsError(f"generated: openssl made no certificate: {done.stderr.strip()}")
            write_private(self.private_key, key.read_bytes())
            write_private(self.certificate, self._mark.encode() + certificate.read_bytes())


def _text(name: str, path: Path) -> str:
    try:
        return path.read_text(encoding="ascii")
    except OSError as error:
        raise TlsError(f"{name}: {path}: {(error.strerror or 'it cannot be read').lower()}") from error
    except UnicodeDecodeError as error:
        raise TlsError(f"{name}: {path}: it is no PEM, which is plain text") from error


def _reason(error: ssl.SSLError) -> str:
    return (error.reason or "no PEM of the expected kind").replace("_", " ").lower()


def _no_password() -> NoReturn:
    raise TlsError("private_key: it is encrypted, expected a key without a password")


def _openssl(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    program = shutil.which("openssl")
    if program is None:
        raise TlsError("generated: the program `openssl` is not on the PATH; install it, or name a certificate")
    return subprocess.run(  # noqa: S603 - our own arguments
        [program, *map(str, arguments)], capture_output=True, text=True, check=False
    )
