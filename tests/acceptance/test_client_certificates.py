"""Partners known by the client certificate of their own TLS connection (mTLS), without a proxy in front."""

from __future__ import annotations

import datetime
import os
import signal
import socket
import ssl
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from ipaddress import ip_address
from pathlib import Path

import httpx
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

NOW = datetime.datetime.now(datetime.UTC)
DAY = datetime.timedelta(days=1)
LOOPBACK = x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))])
USAGES = (
    "digital_signature",
    "content_commitment",
    "key_encipherment",
    "data_encipherment",
    "key_agreement",
    "key_cert_sign",
    "crl_sign",
    "encipher_only",
    "decipher_only",
)


class Authority:
    """Issues certificates into a folder."""

    def __init__(self, folder: Path, name: str = "CA") -> None:
        folder.mkdir(exist_ok=True)
        self._folder = folder
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        usage = dict.fromkeys(USAGES, False) | {"key_cert_sign": True, "crl_sign": True}
        made = (
            self._builder(self._name, self._key)
            .add_extension(x509.BasicConstraints(True, None), critical=True)
            .add_extension(x509.KeyUsage(**usage), critical=True)
        )
        self.bundle = folder / "ca.pem"
        self.bundle.write_bytes(made.sign(self._key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM))

    def issue(self, name: str, alternative: x509.ExtensionType = LOOPBACK) -> tuple[str, str]:
        """Paths of certificate and key."""
        key = ec.generate_private_key(ec.SECP256R1())
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        made = self._builder(subject, key).add_extension(alternative, critical=False)
        certificate, secret = self._folder / f"{name}.pem", self._folder / f"{name}.key"
        secret.write_bytes(
            key.private_bytes(
                serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
            )
        )
        signed = made.sign(self._key, hashes.SHA256())
        certificate.write_bytes(signed.public_bytes(serialization.Encoding.PEM))
        return str(certificate), str(secret)

    def _builder(self, subject: x509.Name, key: ec.EllipticCurvePrivateKey) -> x509.CertificateBuilder:
        # Python 3.13 asks for the key identifiers, and for the usage of an authority's key (RFC 5280 §4.2.1).
        identifier = x509.AuthorityKeyIdentifier.from_issuer_public_key(self._key.public_key())
        return (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(self._name)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(NOW - DAY)
            .not_valid_after(NOW + DAY)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
            .add_extension(identifier, critical=False)
        )


@pytest.fixture(scope="module")
def authority(tmp_path_factory) -> Authority:
    return Authority(tmp_path_factory.mktemp("ca"))


@pytest.fixture(scope="module")
def server(authority, tmp_path_factory, launch_in):
    """Two processes; hes is a partner, desk a reader."""
    home = tmp_path_factory.mktemp("mtls")
    certificate, key = authority.issue("server")
    settings = home / "settings.toml"
    settings.write_text('[client_certificates]\n"CN=hes" = ["HES", "partner"]\n"CN=desk" = ["Desk", "reader"]\n')
    launcher = launch_in(home)
    started = launcher.start(
        "--config",
        str(settings),
        "--workers",
        "2",
        CIM_ADAPTER_TLS_CERT=certificate,
        CIM_ADAPTER_TLS_KEY=key,
        CIM_ADAPTER_CLIENT_CA=str(authority.bundle),
        CIM_ADAPTER_QUOTA="0",
    )
    yield started
    launcher.close()


@pytest.fixture
def connect(server, authority) -> Iterator[Callable[..., httpx.Client]]:
    """A client with a certificate of this name; a connection of its own for each request."""
    opened = []

    def connect(
        name: str | None,
        issuer: Authority = authority,
        alternative: x509.ExtensionType = LOOPBACK,
        **headers: str,
    ) -> httpx.Client:
        context = ssl.create_default_context(cafile=str(authority.bundle))
        if name is not None:
            context.load_cert_chain(*issuer.issue(name, alternative))
        client = httpx.Client(
            base_url=server.url.replace("http://", "https://"),
            verify=context,
            trust_env=False,
            timeout=30,
            headers={"Connection": "close", **headers},
        )
        opened.append(client)
        return client

    yield connect
    for client in opened:
        client.close()


def test_a_certificate_is_all_that_a_partner_needs(connect, messages):
    answer = messages.send(connect("hes"), messages.create(messages.meter()))
    assert answer.result == "OK"


def test_a_partner_may_what_its_role_may(connect, messages):
    answer = messages.send(connect("desk"), messages.create(messages.meter()))
    assert answer.codes == ["7.5"]
    assert "Desk has the role reader" in answer.said


def test_each_connection_is_known_whichever_process_takes_it(connect, messages):
    clients = {name: connect(name) for name in ("hes", "desk")}

    def ask(number: int) -> bool:
        name = ("hes", "desk")[number % 2]
        answer = messages.send(clients[name], messages.create(messages.meter()))
        return (answer.result == "OK") == (name == "hes")

    with ThreadPoolExecutor(8) as pool:
        assert all(pool.map(ask, range(60)))


def test_a_certificate_that_stands_for_no_partner(connect, messages, server):
    stranger = messages.send(connect("stranger"), messages.create(messages.meter()))
    assert stranger.status == 401
    assert "client_certificates" in stranger.text
    with_key = messages.send(connect("stranger"), messages.create(messages.meter()), **{"X-API-Key": server.key})
    assert with_key.result == "OK"


# A DNS name that is no text, an IP address of three bytes: OpenSSL takes both.
@pytest.mark.parametrize("name", [b"\x82\x01\xff", b"\x87\x03\x7f\x00\x01"])
def test_a_certificate_that_only_tls_can_read_is_nobodys(connect, messages, server, name):
    unreadable = x509.UnrecognizedExtension(LOOPBACK.oid, bytes((0x30, len(name))) + name)
    log = server.data.parent / "server.log"
    before = len(log.read_text())
    stranger = messages.send(connect("hes", alternative=unreadable), messages.create(messages.meter()))
    assert stranger.status == 401
    assert "client_certificates" in stranger.text
    own_key = connect("hes", alternative=unreadable, **{"X-API-Key": server.key})
    assert messages.send(own_key, messages.create(messages.meter())).result == "OK"
    said = log.read_text()[before:]
    assert said.count("the client certificate cannot be read") == 2  # one line for each connection
    assert "Traceback" not in said


@pytest.mark.parametrize("issuer", ["nobody", "another"])
def test_without_a_certificate_of_that_authority_there_is_no_connection(connect, tmp_path, issuer):
    client = connect(None) if issuer == "nobody" else connect("hes", Authority(tmp_path / "other"))
    with pytest.raises((httpx.ConnectError, httpx.ReadError, httpx.RemoteProtocolError)):
        client.get("/health")


def test_a_certificate_in_a_header_counts_for_nothing(connect, messages, authority):
    pem = Path(authority.issue("hes")[0]).read_text().replace("\n", "%0A")
    answer = messages.send(connect("desk"), messages.create(messages.meter()), **{"Client-Cert": pem})
    assert answer.codes == ["7.5"]


def test_large_messages_both_ways(connect, messages):
    sent = messages.create(messages.meter(count=20_000))  # some megabytes
    assert messages.send(connect("hes"), sent).result == "OK"
    page = connect("hes").get("/openapi.json")
    assert page.status_code == 200
    assert len(page.content) > 100_000


def test_addresses_are_those_of_the_public_door(connect, server):
    wsdl = connect("hes").get("/soap?wsdl").text
    assert server.url.replace("http://", "https://") in wsdl


def test_the_port_behind_the_front_takes_nobody_else(server):
    ports = [port for port in listening(server.process.pid) if port != int(server.url.rpartition(":")[2])]
    assert ports
    for port in ports:
        answer = httpx.get(f"http://127.0.0.1:{port}/health", headers={"X-API-Key": server.key}, trust_env=False)
        assert answer.status_code == 403


def listening(pid: int) -> set[int]:
    """TCP ports on which a process or its children listen."""
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    inodes = set()
    for process in (pid, *map(int, children)):
        for descriptor in Path(f"/proc/{process}/fd").iterdir():
            target = os.readlink(descriptor)
            if target.startswith("socket:["):
                inodes.add(target[8:-1])
    rows = [line.split() for line in Path("/proc/net/tcp").read_text().splitlines()[1:]]
    return {int(row[1].rpartition(":")[2], 16) for row in rows if row[3] == "0A" and row[9] in inodes}


def test_a_new_certificate_is_taken_up_without_downtime(connect, server, authority):
    client = connect("hes")
    before = serial(server, authority)
    authority.issue("server")
    os.kill(server.process.pid, signal.SIGHUP)
    deadline = time.monotonic() + 60
    while serial(server, authority) == before:  # every connection meanwhile is answered
        assert client.get("/health").status_code == 200
        assert time.monotonic() < deadline


def serial(server, authority) -> int:
    """Of the certificate that the server shows."""
    context = ssl.create_default_context(cafile=str(authority.bundle))
    context.load_cert_chain(*authority.issue("hes"))
    with (
        socket.create_connection(("127.0.0.1", int(server.url.rpartition(":")[2])), timeout=10) as plain,
        context.wrap_socket(plain, server_hostname="127.0.0.1") as wire,
    ):
        return x509.load_der_x509_certificate(wire.getpeercert(True) or b"").serial_number
