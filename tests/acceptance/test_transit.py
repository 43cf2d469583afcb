"""On the way: TLS, its certificates, and what every response says to browsers."""

from __future__ import annotations

import datetime
import os
import signal
import socket
import ssl
import time
from ipaddress import ip_address
from pathlib import Path

import httpx
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import NameOID

from tests.servers import Launcher


def write_certificate(folder: Path, name: str) -> tuple[Path, Path]:
    """A self-signed certificate for 127.0.0.1, and its key."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = datetime.datetime.now(datetime.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False)
        .sign(key, hashes.SHA256())
    )
    folder.mkdir(exist_ok=True)
    cert, secret = folder / "cert.pem", folder / "key.pem"
    secret.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
    )
    cert.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    return cert, secret


@pytest.fixture
def secured(launch_sqlite, tmp_path):
    """A server with TLS; its port."""
    cert, key = write_certificate(tmp_path, "first")
    server = launch_sqlite(tmp_path, CIM_ADAPTER_TLS_CERT=str(cert), CIM_ADAPTER_TLS_KEY=str(key))
    assert server.lines[-1].startswith("ready https://")
    return server, int(server.url.rpartition(":")[2])


def shake(port: int, context: ssl.SSLContext | None = None) -> tuple[str, str]:
    """TLS version, and whose certificate it is."""
    if context is None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    with (
        socket.create_connection(("127.0.0.1", port), timeout=10) as plain,
        context.wrap_socket(plain) as wire,
    ):
        certificate = x509.load_der_x509_certificate(wire.getpeercert(True) or b"")
        return wire.version() or "", certificate.subject.rfc4514_string()


def only(version: ssl.TLSVersion, ciphers: str = "") -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.set_ciphers(ciphers or "ALL:@SECLEVEL=0")
    context.minimum_version = ssl.TLSVersion.MINIMUM_SUPPORTED
    context.maximum_version = version
    return context


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_tls_12_and_13_with_modern_ciphers_alone(secured):
    _, port = secured
    assert shake(port) == ("TLSv1.3", "CN=first")
    assert shake(port, only(ssl.TLSVersion.TLSv1_2))[0] == "TLSv1.2"
    assert shake(port, only(ssl.TLSVersion.TLSv1_2, "ECDHE-RSA-AES256-GCM-SHA384"))[0] == "TLSv1.2"
    for context in (
        only(ssl.TLSVersion.TLSv1_1),
        only(ssl.TLSVersion.TLSv1),
        only(ssl.TLSVersion.TLSv1_2, "ECDHE-RSA-AES128-SHA256"),
        only(ssl.TLSVersion.TLSv1_2, "AES128-GCM-SHA256"),
        only(ssl.TLSVersion.TLSv1_2, "DHE-RSA-AES128-GCM-SHA256"),
    ):
        with pytest.raises((ssl.SSLError, ConnectionError)):
            shake(port, context)


@pytest.mark.parametrize("by_signal", [True, False], ids=["SIGHUP", "file watch"])
def test_a_new_certificate_is_taken_up_without_downtime(secured, tmp_path, by_signal):
    server, port = secured
    (tmp_path / "cert.pem").write_text("half a certif")  # no more than written: the old one stays
    if by_signal:
        os.kill(server.process.pid, signal.SIGHUP)
    assert shake(port)[1] == "CN=first"
    write_certificate(tmp_path, "second")
    if by_signal:
        os.kill(server.process.pid, signal.SIGHUP)
    deadline = time.monotonic() + 60
    with httpx.Client(base_url=f"https://127.0.0.1:{port}", verify=False, trust_env=False) as client:
        while shake(port)[1] != "CN=second":  # every connection meanwhile is answered
            assert client.get("/health").status_code == 200
            assert time.monotonic() < deadline
    assert server.stop() == 0


def is_guarded(response: httpx.Response) -> None:
    headers = response.headers
    assert headers["x-frame-options"] == "DENY"
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "no-referrer"
    assert "default-src 'none'" in headers["content-security-policy"]
    assert "frame-ancestors 'none'" in headers["content-security-policy"]
    assert not headers.get("server")
    assert "granian" not in str(headers).lower()


def test_every_response_guards_itself(standing_sqlite, messages):
    with standing_sqlite.client() as client:
        for path in ("/health", "/soap", "/soap?wsdl", "/xsd/Message.xsd", "/nothing", "/messages"):
            is_guarded(client.get(path))
        is_guarded(client.post("/soap", content=b"x"))
        is_guarded(client.put("/soap", content=b"x"))
        answer = client.post("/soap", content=b"x", headers={"X-API-Key": "x"})
        assert answer.status_code == 401
        is_guarded(answer)
        assert "strict-transport-security" not in answer.headers, "browsers heed it over TLS alone"


def test_over_tls_clients_are_told_to_stay_there(secured):
    _, port = secured
    with httpx.Client(base_url=f"https://127.0.0.1:{port}", verify=False, trust_env=False) as client:
        answer = client.get("/health")
    is_guarded(answer)
    assert answer.headers["strict-transport-security"].startswith("max-age=31536000")


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.0.2.1"])
def test_plain_http_is_refused_on_the_network(run_cli, backend, host):
    done = run_cli("serve", "--host", host)
    assert done.returncode == 2
    assert "allow_plain_http" in done.stderr
    assert "Traceback" not in done.stderr


def test_plain_http_where_the_operator_says_so(start_server, messages):
    server = start_server("--host", "0.0.0.0", "--allow-plain-http")
    with server.client() as client:
        assert messages.send(client, messages.create(messages.meter())).result == "OK"


def test_a_certificate_that_cannot_be_used_is_a_clear_error(run_cli, backend, tmp_path):
    _, key = write_certificate(tmp_path / "a", "a")
    cert, _ = write_certificate(tmp_path / "b", "b")
    for wrong in (cert, tmp_path / "none.pem", key):
        done = run_cli("serve", "--tls-cert", str(wrong), "--tls-key", str(key))
        assert done.returncode == 2
        assert "tls_cert" in done.stderr
        assert "Traceback" not in done.stderr


def test_secrets_stand_in_no_process_list_and_no_log(launcher, messages, tmp_path):
    """What is given by file or environment is seen in neither; a key on the command line is told of."""
    secret = "a secret of the issuer, long enough to be one"
    server = launcher.start(CIM_ADAPTER_JWT_SECRET=secret, CIM_ADAPTER_LOG_LEVEL="DEBUG")
    with server.client() as client, httpx.Client(base_url=server.url, trust_env=False) as stranger:
        assert messages.send(client, messages.create(messages.meter())).result == "OK"
        bad = {"X-API-Key": f"{server.key}x"}
        assert messages.send(stranger, messages.get(), **bad).status == 401
        basic = {"Authorization": "Bearer eyJhbGciOiJIUzI1NiJ9.e30.SECRETSIGNATURE"}
        assert messages.send(stranger, messages.get(), **basic).status == 401
    children = Path(f"/proc/{server.process.pid}/task/{server.process.pid}/children").read_text().split()
    seen = [Path(f"/proc/{pid}/cmdline").read_bytes() for pid in [str(server.process.pid), *children]]
    data_key = (server.data / "data.key").read_text().strip()
    log = launcher.log.read_text()
    for hidden in (secret, server.key, server.key.split("_", 2)[2], data_key, "SECRETSIGNATURE"):
        assert hidden not in log
        assert not any(hidden.encode() in line for line in seen)


def test_a_password_on_the_command_line_is_warned_of(tmp_path):
    url = "postgresql+psycopg://someone:secret@127.0.0.1:1/none"
    done = Launcher(tmp_path, url).cli("key", "create", "x", "--role", "admin")
    assert done.returncode == 2
    assert "list of processes" in done.stderr
    assert "secret" not in done.stderr
