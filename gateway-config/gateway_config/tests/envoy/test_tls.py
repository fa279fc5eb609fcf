"""TLS at the real gateway: which certificate it shows, whose it asks for, and that the policy is the same behind it."""

import http.client
import shutil
import socket
import ssl
import subprocess
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from gateway_config.envoy import refusals
from gateway_config.envoy.tls import Identity, TlsError
from gateway_config.local import LocalGateway
from gateway_config.policy.model import Tls
from gateway_config.policy.reading import PolicyError
from gateway_config.tests.authority import Authority, openssl
from gateway_config.tests.backend import Backend
from gateway_config.tests.envoy_process import RunningGateway
from gateway_config.tests.hanging import Hanging
from gateway_config.tests.variants import open_gateway, write_policy
from gateway_config.tests.waiting import eventually

pytestmark = [pytest.mark.platform, pytest.mark.xdist_group("tls"), pytest.mark.usefixtures("_envoy_is_there")]


def ask(gateway: LocalGateway, *headers: tuple[str, str], trust: Path, shown: tuple[Path, Path] | None = None) -> int:
    """POST /v1/predict as a careful caller: the certificate is verified, name and all. The status."""
    context = ssl.create_default_context(cafile=str(trust))
    if shown:
        context.load_cert_chain(*shown)
    connection = http.client.HTTPSConnection(gateway.near.host, gateway.near.port, timeout=10, context=context)
    try:
        connection.request("POST", "/v1/predict", b"{}", dict(headers))
        answer = connection.getresponse()
        answer.read()
        return answer.status
    finally:
        connection.close()


def served(gateway: LocalGateway) -> str:
    """The certificate that the gateway shows, in PEM."""
    return ssl.get_server_certificate((gateway.near.host, gateway.near.port))


@pytest.fixture(scope="module")
def generated(
    tmp_path_factory: pytest.TempPathFactory, _envoy_is_there: None, shared_backend: Backend
) -> Iterator[RunningGateway]:
    """A gateway with a generated certificate."""
    policy = write_policy(tmp_path_factory.mktemp("tls"), local={"tls": {"generated": True}})
    with RunningGateway(open_gateway(policy, shared_backend.address)) as running:
        yield running


@pytest.fixture(scope="module", autouse=True)
def quiet(generated: RunningGateway) -> Iterator[Hanging]:
    """Somebody who connects to it and says nothing; he begins with the first test and is asked in the last."""
    with Hanging(generated.gateway.near) as caller:
        yield caller


def trust(gateway: LocalGateway) -> Path:
    """The file that callers of a gateway with a generated certificate are given."""
    assert gateway.site.tls is not None
    assert gateway.site.tls.generated is not None
    return gateway.site.tls.generated


def test_generated(generated: RunningGateway, shared_backend: Backend) -> None:
    """Whoever trusts the generated certificate verifies it by name, and meets the whole policy."""
    gateway = generated.gateway
    assert gateway.url == f"https://127.0.0.1:{gateway.site.listen.port}"
    key = ("x-api-key", gateway.new_key("demo"))
    eventually(lambda: ask(gateway, key, trust=trust(gateway)) == 200, "the key never worked")
    shared_backend.seen.clear()
    assert ask(gateway, trust=trust(gateway)) == 401
    assert ask(gateway, ("x-api-key", "wrong"), trust=trust(gateway)) == 400
    assert shared_backend.seen == []


def test_nobody_speaks_plainly(generated: RunningGateway, shared_backend: Backend) -> None:
    """Without TLS there is no answer."""
    shared_backend.seen.clear()
    with pytest.raises((ConnectionError, http.client.HTTPException)):
        generated.ask("GET", "/health/live")
    assert shared_backend.seen == []


@pytest.mark.parametrize(("version", "spoken"), [("TLSv1_2", "TLSv1.2"), ("TLSv1_3", "TLSv1.3"), ("TLSv1_1", None)])
@pytest.mark.filterwarnings("ignore:ssl.TLSVersion.TLSv1_1 is deprecated")
def test_versions(generated: RunningGateway, version: str, spoken: str | None) -> None:
    """TLS 1.2 and 1.3; nothing older, whatever the caller allows."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.load_verify_locations(trust(generated.gateway))
    context.set_ciphers("DEFAULT:@SECLEVEL=0")
    context.minimum_version = context.maximum_version = ssl.TLSVersion[version]
    near = generated.gateway.near
    with socket.create_connection((near.host, near.port)) as plain:
        if spoken is None:
            with pytest.raises(OSError, match=r"ALERT|EOF|reset"):
                context.wrap_socket(plain, server_hostname=near.host)
        else:
            with context.wrap_socket(plain, server_hostname=near.host) as secure:
                assert secure.version() == spoken


def test_generated_once(generated: RunningGateway) -> None:
    """The same certificate goes on being used; it vouches for nothing else, and its key is private."""
    identity = generated.gateway.site.tls
    assert identity is not None
    folder = trust(generated.gateway).parent
    again = Identity.read(Tls(generated=True), beside=folder, folder=folder, host="127.0.0.1")
    assert again == identity
    assert {path.name: oct(path.stat().st_mode)[-3:] for path in folder.iterdir()} == {
        "certificate.pem": "600",
        "private-key.pem": "600",
    }
    assert "PRIVATE" not in repr(identity)
    text = subprocess.run(
        ["openssl", "x509", "-in", trust(generated.gateway), "-noout", "-text"],
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    assert "CA:FALSE" in text
    assert "DNS:localhost, IP Address:127.0.0.1" in text


def test_own_certificate(tmp_path: Path, backend: Backend) -> None:
    """A certificate of one's own is found beside the policy, renewed while the gateway runs, and kept if it is broken."""
    authority = Authority(tmp_path, "authority")
    paths = [authority.sign(name, "subjectAltName=IP:127.0.0.1") for name in ("first", "second")]
    names = {"certificate": "certificate.pem", "private_key": "private-key.pem"}
    own = Tls(certificate=names["certificate"], private_key=names["private_key"])

    def install(number: int) -> None:
        for source, name in zip(paths[number], names.values(), strict=True):
            shutil.copy(source, tmp_path / name)

    def renewed() -> LocalGateway:
        identity = Identity.read(own, beside=tmp_path, folder=tmp_path, host="127.0.0.1")
        return replace(gateway, site=replace(gateway.site, tls=identity))

    install(0)
    gateway = open_gateway(write_policy(tmp_path, local={"tls": names}), backend.address)
    key = ("x-api-key", gateway.new_key("demo"))
    with RunningGateway(gateway):
        assert ask(gateway, key, trust=authority.certificate) == 200
        first = served(gateway)
        assert first in paths[0][0].read_text()
        install(1)
        assert "certificate.yaml" in renewed().apply()
        assert served(gateway) in paths[1][0].read_text()
        assert ask(gateway, key, trust=authority.certificate) == 200
        (tmp_path / names["private_key"]).write_bytes(paths[0][1].read_bytes())  # of the other certificate
        with pytest.raises(TlsError, match="certificate, private_key: .*key values mismatch"):
            renewed()
        assert served(gateway) in paths[1][0].read_text()


def test_client_certificates(tmp_path: Path, backend: Backend) -> None:
    """Where the policy names an authority, a caller needs a certificate of it beside the key, and without a key it is none."""
    ours, theirs = Authority(tmp_path, "ours"), Authority(tmp_path, "theirs")
    member, stranger = ours.sign("member"), theirs.sign("stranger")
    policy = write_policy(tmp_path, local={"tls": {"generated": True, "client_ca": "ours.pem"}})
    gateway = open_gateway(policy, backend.address)
    key = ("x-api-key", gateway.new_key("demo"))
    with RunningGateway(gateway):
        assert ask(gateway, key, trust=trust(gateway), shown=member) == 200
        assert ask(gateway, trust=trust(gateway), shown=member) == 401
        backend.seen.clear()
        for shown in [None, stranger]:
            with pytest.raises((OSError, http.client.HTTPException)):
                ask(gateway, key, trust=trust(gateway), shown=shown)
        assert backend.seen == []


def test_on_takes_a_new_start(tmp_path: Path, backend: Backend) -> None:
    """TLS is not taken over while it runs, and that is said; the rest of the policy is."""
    plain = open_gateway(write_policy(tmp_path), backend.address)
    key = ("x-api-key", plain.new_key("demo"))
    with RunningGateway(plain) as running:
        secure = open_gateway(write_policy(tmp_path, local={"tls": {"generated": True}}), backend.address)
        asked = replace(plain, policy=secure.policy, site=replace(plain.site, tls=secure.site.tls))
        assert (plain.outdated(), asked.outdated()) == ((), ("tls",))
        assert asked.apply() == ()
        assert running.ask("POST", "/v1/predict", key).status == 200
    with RunningGateway(asked):
        assert asked.outdated() == ()
        assert ask(asked, key, trust=trust(asked)) == 200


@pytest.mark.parametrize(
    ("tls", "said"),
    [
        ({"certificate": "none.pem", "private_key": "k.pem"}, r"certificate: .*/none.pem: no such file or directory"),
        ({"certificate": "text.pem", "private_key": "text.pem"}, r"certificate, private_key: .*/text.pem with .*/text"),
        ({"generated": True, "client_ca": "none.pem"}, r"client_ca: .*/none.pem: no such file or directory"),
        ({"generated": True, "client_ca": "text.pem"}, r"client_ca: .*/text.pem: "),
    ],
)
def test_unusable(tmp_path: Path, backend: Backend, tls: dict[str, object], said: str) -> None:
    """What can't be used is named with the policy's field and the file, before anything runs."""
    (tmp_path / "text.pem").write_text("this is no certificate\n")
    policy = write_policy(tmp_path, local={"tls": tls})
    with pytest.raises(PolicyError, match=rf"policy.yaml: environments.local.tls.{said}"):
        open_gateway(policy, backend.address)


def test_encrypted_key(tmp_path: Path) -> None:
    """A key that needs a password is refused; nobody is asked for one."""
    openssl(
        *("req", "-x509", "-newkey", "rsa:2048", "-passout", "pass:secret", "-subj", "/CN=x", "-days", "1"),
        *("-keyout", tmp_path / "key.pem", "-out", tmp_path / "certificate.pem"),
    )
    with pytest.raises(TlsError, match="private_key: it is encrypted"):
        Identity.read(
            Tls(certificate="certificate.pem", private_key="key.pem"), beside=tmp_path, folder=tmp_path, host=""
        )


def test_without_openssl(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine without openssl is told what to do."""
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(TlsError, match="`openssl` is not on the PATH; install it, or name a certificate"):
        Identity.read(Tls(generated=True), beside=tmp_path, folder=tmp_path, host="127.0.0.1")


def test_made_anew(tmp_path: Path) -> None:
    """A generated certificate is made anew for another address, or when it is about to end."""
    first, other = (
        Identity.read(Tls(generated=True), beside=tmp_path, folder=tmp_path, host=host) for host in ("::", "192.0.2.1")
    )
    assert first.certificate != other.certificate
    mark = other.certificate.partition("-----BEGIN")[0]
    openssl(
        *("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "3"),
        *("-subj", "/CN=old", "-keyout", tmp_path / "private-key.pem", "-out", tmp_path / "certificate.pem"),
    )
    short = mark + (tmp_path / "certificate.pem").read_text()
    (tmp_path / "certificate.pem").write_text(short)
    again = Identity.read(Tls(generated=True), beside=tmp_path, folder=tmp_path, host="192.0.2.1")
    assert again.certificate not in {short, first.certificate}


def test_connect(generated: RunningGateway) -> None:
    """The machine's own connection trusts the gateway's certificate, and no other."""
    connection = generated.gateway.connect(10)
    connection.request("POST", "/v1/predict")
    answer = connection.getresponse()
    assert (answer.status, refusals.NO_KEY.message in answer.read().decode()) == (401, True)
    connection.close()
    folder = trust(generated.gateway).parent / "another"
    other = Identity.read(Tls(generated=True), beside=folder, folder=folder, host="127.0.0.1")
    near = generated.gateway.near
    connection = other.connect(near.host, near.port, 10)
    with pytest.raises(ssl.SSLCertVerificationError):
        connection.request("GET", "/")
    connection.close()


def test_slow_handshake(quiet: Hanging) -> None:
    """Who connects and says nothing is let go after ten seconds."""
    answer, seconds = quiet.end()
    assert answer == b""
    assert 9 < seconds < 15
