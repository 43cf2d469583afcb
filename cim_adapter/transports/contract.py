"""Serving the contract: WSDLs with our address in them, XSDs as they are, and a page for people.

Contracts hold no secrets and many tools cannot send credentials for them (facts/wsdl-tools.md), so
they are open.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from lxml import etree
from lxml.html import builder as tags

from cim_adapter.contract import ContractFiles, Offer, noun_of, read_offer, readdressed
from cim_adapter.transports.public import PublicAddress
from cim_adapter.transports.rsgi import STRICT, Request, Response


class ContractPages:
    """GET on /soap, /soap/{Service} and /xsd/{file}."""

    def __init__(self, files: ContractFiles, nouns: Iterable[str], address: PublicAddress) -> None:
        """Offers the services of ``nouns``: those that a handler answers for."""
        self._files = files
        self._address = address
        served = set(nouns)
        paths = {name: files.description(name) for name in files.services() if noun_of(name) in served}
        self.offers: Mapping[str, Offer] = {name: read_offer(path) for name, path in paths.items() if path}
        generic = files.description()
        if generic is None:
            raise FileNotFoundError("the generic WSDL is missing from this installation")
        self.generic = read_offer(generic)

    def service(self, request: Request, name: str | None) -> Response:
        """The WSDL for ``?wsdl`` (``?wsdl=soap12``: with a SOAP 1.2 port alone), else the page."""
        asked = {key.lower(): value for key, value in request.query.items()}
        if name is not None and name not in self.offers:
            return not_found(f"no service {name}; these are: {', '.join(self.offers)}")
        if "wsdl" not in asked:
            return self._page(self.generic if name is None else self.offers[name])
        path = self._files.description(name, soap12=asked["wsdl"].lower() == "soap12")
        if path is None:
            return not_found(f"no WSDL of {name}")
        url = f"{self._address.of(request)}/soap" + (f"/{name}" if name else "")
        return Response(content_type="text/xml; charset=utf-8", body=readdressed(path.read_bytes(), url))

    def schema(self, name: str) -> Response:
        """One XSD."""
        path = self._files.schema(name)
        if path is None:
            return not_found(f"no schema {name}")
        return Response(content_type="text/xml; charset=utf-8", body=path.read_bytes())

    def _page(self, offer: Offer) -> Response:
        generic = offer is self.generic
        up = "" if generic else "../"
        here = "soap" if generic else offer.service
        rows = [
            tags.TR(*(tags.TD(tags.CODE(text)) for text in (operation, *tag[1:].split("}"))))
            for operation, tag in offer.operations.items()
        ]
        services = [tags.LI(tags.A(name, href=f"{up}soap/{name}" if generic else name)) for name in self.offers]
        page = tags.HTML(
            tags.HEAD(
                tags.META(charset="utf-8"),
                tags.TITLE(f"{offer.service} · cim_adapter"),
                tags.STYLE(
                    "body{font:1rem/1.5 sans-serif;margin:2rem auto;max-width:60rem;padding:0 1rem}"
                    "td,th{text-align:left;padding:.2rem 1rem .2rem 0}"
                ),
            ),
            tags.BODY(
                tags.H1(offer.service if not generic else "Generic service"),
                tags.P(offer.text),
                tags.P(
                    "POST a SOAP 1.1 or 1.2 envelope here. The contract: ",
                    tags.A("WSDL", href=f"{here}?wsdl"),
                    ", or with a SOAP 1.2 port alone: ",
                    tags.A("WSDL for SOAP 1.2", href=f"{here}?wsdl=soap12"),
                    ".",
                ),
                tags.TABLE(tags.TR(tags.TH("Operation"), tags.TH("Namespace"), tags.TH("Body root")), *rows),
                tags.H2("Typed services"),
                tags.UL(*services),
                *([] if generic else [tags.P(tags.A("The generic service", href="../soap"))]),
            ),
            lang="en",
        )
        body = etree.tostring(page, method="html", doctype="<!DOCTYPE html>", encoding="utf-8")
        policy = f"{STRICT}; style-src 'unsafe-inline'"  # it has one style, and nothing of the caller's in it
        return Response(content_type="text/html; charset=utf-8", body=body, policy=policy)


def not_found(what: str) -> Response:
    return Response(status=404, body=f"{what}\n".encode())
