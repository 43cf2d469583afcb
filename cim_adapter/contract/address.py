"""A WSDL as it is served: the file, with the address at which this server was reached."""

from __future__ import annotations

from cim_adapter.contract.markup import SOAP11, SOAP12, parse, serialise


def readdressed(wsdl: bytes, url: str) -> bytes:
    """The same document with ``url`` in every port's soap:address, SOAP 1.1 and 1.2 alike.

    All else in a file that the generator wrote stays byte for byte. ``url`` is one that a client can
    reach, without ``?wsdl``. Raises ``lxml.etree.XMLSyntaxError`` where ``wsdl`` is no XML.
    """
    root = parse(wsdl)
    for address in root.iter(f"{{{SOAP11}}}address", f"{{{SOAP12}}}address"):
        address.set("location", url)
    return serialise(root)
