"""Client certificates (mTLS): which partner a certificate stands for.

Verified by our own front where ``client_ca`` is set; or by a TLS-terminating proxy of ``trusted_proxies``, which
passes it on: as RFC 9440 has it (``Client-Cert: :base64:``), or as URL-encoded PEM (nginx's
``$ssl_client_escaped_cert``).
"""

from __future__ import annotations

import base64
from collections.abc import Iterator
from datetime import UTC, datetime
from urllib.parse import unquote

from cryptography import x509

from cim_adapter import instants
from cim_adapter.access.identity import Certified, Identity
from cim_adapter.access.roles import Roles
from cim_adapter.errors import BadCredential
from cim_adapter.settings import Settings, SettingsError

_UNREADABLE = (ValueError, x509.DuplicateExtension, x509.InvalidVersion, x509.UnsupportedGeneralNameType)
"""What may be wrong with a certificate, also with one that OpenSSL takes: it reads the names less strictly."""


class Certificates:
    """Maps subjects (RFC 4514, ``CN=hes,O=Utility``) and alternative names (``DNS:hes.example``) to partners."""

    def __init__(self, settings: Settings, roles: Roles) -> None:
        self._partners: dict[str, Identity] = {}
        for subject, partner in settings.client_certificates.items():
            if len(partner) != 2 or partner[1] not in roles:
                raise SettingsError(
                    f"client_certificates: {subject!r} needs a partner's name and a role of "
                    f'{", ".join(roles.names)}, such as ["hes", "partner"]'
                )
            name, role = partner
            self._partners[subject] = Identity(
                name=name,
                role=role,
                credential=f"certificate:{name}",
                quota=settings.quota,
                scopes=roles.scopes(role),
            )

    def place(self, certificate: bytes) -> Certified:
        """What stands for a certificate (DER) that TLS has just verified. Raises BadCredential where it cannot be
        read: it is nobody's.
        """
        places = {name: place for place, name in enumerate(self._partners, 1)}
        try:
            parsed = x509.load_der_x509_certificate(certificate)
            names = list(_names(parsed))
        except _UNREADABLE as error:
            raise BadCredential(f"the client certificate cannot be read: {error}") from error
        place = next((places[name] for name in names if name in places), 0)
        return Certified(place=place, until=int(parsed.not_valid_after_utc.timestamp() * 1_000_000))

    def partner(self, certified: Certified) -> Identity:
        """The partner of a certificate that was given its place. Raises BadCredential."""
        if not 0 < certified.place <= len(self._partners):
            raise BadCredential(
                "the client certificate stands for no partner; name its subject in client_certificates, or give "
                "an API key"
            )
        if certified.until < instants.now():
            raise BadCredential("the client certificate is not valid any more; renew it")
        return list(self._partners.values())[certified.place - 1]

    def check(self, header: str) -> Identity:
        """The partner of the certificate in ``header``. Raises BadCredential."""
        try:
            certificate = _parse(header)
            names = list(_names(certificate))
        except _UNREADABLE as error:
            raise BadCredential("the header of the client certificate does not hold a certificate") from error
        if not certificate.not_valid_before_utc <= datetime.now(UTC) <= certificate.not_valid_after_utc:
            raise BadCredential(f"the client certificate of {names[0]} is not valid now; renew it")
        for name in names:
            if name in self._partners:
                return self._partners[name]
        raise BadCredential(f"no partner is known by the client certificate of {', '.join(names)}")


def _parse(header: str) -> x509.Certificate:
    text = header.strip()
    if text.startswith(":") and text.endswith(":") and len(text) > 1:
        return x509.load_der_x509_certificate(base64.b64decode(text[1:-1], validate=True))
    return x509.load_pem_x509_certificate(unquote(text).encode())


def _names(certificate: x509.Certificate) -> Iterator[str]:
    yield certificate.subject.rfc4514_string()
    try:
        found = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        return
    for kind, prefix in (
        (x509.DNSName, "DNS"),
        (x509.UniformResourceIdentifier, "URI"),
        (x509.RFC822Name, "email"),
        (x509.IPAddress, "IP"),
    ):
        for value in found.get_values_for_type(kind):
            yield f"{prefix}:{value}"
