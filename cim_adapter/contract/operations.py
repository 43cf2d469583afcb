"""What a WSDL offers, read from the WSDL itself: its operations and the body root of each."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from lxml import etree

_WSDL = "{http://schemas.xmlsoap.org/wsdl/}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """The operations of one service: name → Clark name of the body root. ``text`` describes the service."""

    service: str
    text: str
    operations: dict[str, str]

    @property
    def roots(self) -> frozenset[str]:
        return frozenset(self.operations.values())


def read_offer(path: Path) -> Offer:
    """The operations of the WSDL at ``path``, one of our own files."""
    root = etree.parse(str(path)).getroot()
    elements = {
        message.get("name"): _clark(part, part.get("element", ""))
        for message in root.iterchildren(f"{_WSDL}message")
        for part in message.iterchildren(f"{_WSDL}part")
    }
    operations = {
        operation.get("name", ""): elements[_bare(given.get("message", ""))]
        for port_type in root.iterchildren(f"{_WSDL}portType")
        for operation in port_type.iterchildren(f"{_WSDL}operation")
        for given in operation.iterchildren(f"{_WSDL}input")
    }
    documentation = root.findtext(f"{_WSDL}documentation") or ""
    return Offer(
        service=path.name.removesuffix(".wsdl"), text=" ".join(documentation.split()), operations=operations
    )


def _clark(element: etree._Element, name: str) -> str:
    prefix, _, local = name.rpartition(":")
    return f"{{{element.nsmap[prefix or None]}}}{local}"


def _bare(name: str) -> str:
    return name.rpartition(":")[2]
