"""Client certificates as a trusted proxy passes them on."""

from __future__ import annotations

import base64
import datetime
from ipaddress import ip_address
from urllib.parse import quote

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from cim_adapter import Settings
from cim_adapter.access import Certificates, Certified
from cim_adapter.access.roles import Roles
from cim_adapter.errors import BadCredential
from cim_adapter.settings import SettingsError

NOW = datetime.datetime.now(datetime.UTC)
DAY = datetime.timedelta(days=1)


def certificate(
    name: str = "hes", *, until: datetime.datetime = NOW + DAY, alternative: bool = True
) -> x509.Certificate:
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name(
        [x509.NameAttribute(NameOID.ORGANIZATION_NAME, "Utility"), x509.NameAttribute(NameOID.COMMON_NAME, name)]
    )
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(until - 10 * DAY)
        .not_valid_after(until)
    )
    if alternative:
        names = [
            x509.DNSName(f"{name}.example"),
            x509.UniformResourceIdentifier(f"spiffe://grid/{name}"),
            x509.IPAddress(ip_address("10.0.0.7")),
        ]
        builder = builder.add_extension(x509.SubjectAlternativeName(names), critical=False)
    return builder.sign(key, hashes.SHA256())


def garbled() -> x509.Certificate:
    """One whose alternative name no text can hold."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "hes")])
    return (
        x509.CertificateBuilder(subject, subject, key.public_key(), 1, NOW - DAY, NOW + DAY)
        .add_extension(x509.UnrecognizedExtension(x509.SubjectAlternativeName.oid, b"0\x03\x82\x01\xff"), False)
        .sign(key, hashes.SHA256())
    )


def rfc9440(made: x509.Certificate) -> str:
    return f":{base64.b64encode(made.public_bytes(serialization.Encoding.DER)).decode()}:"


def escaped(made: x509.Certificate) -> str:
    return quote(made.public_bytes(serialization.Encoding.PEM).decode())


def check(header: str, **partners: tuple[str, ...]):
    return Certificates(Settings(client_certificates=partners), Roles()).check(header)


@pytest.mark.parametrize("header", [rfc9440, escaped])
@pytest.mark.parametrize("name", ["CN=hes,O=Utility", "DNS:hes.example", "URI:spiffe://grid/hes", "IP:10.0.0.7"])
def test_a_partner_is_known_by_subject_or_alternative_name(header, name):
    found = check(header(certificate()), **{"CN=other": ("mdms", "admin"), name: ("hes", "partner")})
    assert (found.name, found.role, found.credential, found.quota) == ("hes", "partner", "certificate:hes", 100)


def test_the_subject_alone_will_do():
    assert check(rfc9440(certificate(alternative=False)), **{"CN=hes,O=Utility": ("hes", "partner")}).name == "hes"


@pytest.mark.parametrize("name", ["CN=hes", "hes", "O=Utility,CN=hes", "DNS:HES.example.org", "*"])
def test_a_name_that_only_looks_like_it_is_another(name):
    with pytest.raises(BadCredential, match=r"CN=hes,O=Utility, DNS:hes\.example"):
        check(rfc9440(certificate()), **{name: ("hes", "partner")})


def test_a_certificate_that_is_over():
    with pytest.raises(BadCredential, match="CN=hes,O=Utility is not valid now"):
        check(rfc9440(certificate(until=NOW - DAY)), **{"CN=hes,O=Utility": ("hes", "partner")})


@pytest.mark.parametrize("header", [":", "::", ":x:", ":AAAA:", "x", "%", "-----BEGIN CERTIFICATE-----", "CN=hes"])
def test_what_is_no_certificate(header):
    with pytest.raises(BadCredential, match="does not hold a certificate"):
        check(header)


def test_what_is_a_certificate_with_names_that_cannot_be_read():
    with pytest.raises(BadCredential, match="does not hold a certificate"):
        check(rfc9440(garbled()))


@pytest.mark.parametrize("partner", [(), ("hes",), ("hes", "emperor"), ("hes", "partner", "x")])
def test_a_mapping_that_says_too_little_is_refused(partner):
    with pytest.raises(SettingsError, match="needs a partner's name and a role"):
        check("x", **{"CN=hes": partner})


# ------------------------------------------------------------------ verified by our own front


PARTNERS = {"CN=mdms,O=Utility": ("MDMS", "reader"), "DNS:hes.example": ("HES", "partner")}


def verified(made: x509.Certificate):
    known = Certificates(Settings(client_certificates=PARTNERS), Roles())
    return known.partner(known.place(made.public_bytes(serialization.Encoding.DER)))


def test_a_partner_is_known_by_its_place():
    assert verified(certificate("hes")).name == "HES"
    assert verified(certificate("mdms", alternative=False)).name == "MDMS"


def test_a_certificate_of_nobody_has_no_place():
    with pytest.raises(BadCredential, match="stands for no partner"):
        verified(certificate("other"))


def test_a_certificate_that_cannot_be_read_is_nobodys():
    with pytest.raises(BadCredential, match="cannot be read"):
        verified(garbled())
    with pytest.raises(BadCredential, match="stands for no partner"):
        Certificates(Settings(client_certificates=PARTNERS), Roles()).partner(Certified.nobody())


def test_a_certificate_that_ends_while_its_connection_stands():
    with pytest.raises(BadCredential, match="not valid any more"):
        verified(certificate("hes", until=NOW - DAY))


@pytest.mark.parametrize("place", [0, 3, 2**32 - 1])
def test_a_place_that_is_none(place):
    known = Certificates(Settings(client_certificates=PARTNERS), Roles())
    with pytest.raises(BadCredential):
        known.partner(Certified(place=place, until=2**62))
