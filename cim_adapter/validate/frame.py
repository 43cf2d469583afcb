"""One XSD for a whole document, SOAP and profile included: for streams, which are validated in one go.

The envelope's XSD takes any payload unseen, and SOAP has none here. So the head of a document says which
namespaces it is made of, and a frame is made that leads from one to the next.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import cast

from lxml import etree

from cim_adapter.envelope import MESSAGE_NS
from cim_adapter.envelope.soap import SOAP11, SOAP12
from cim_adapter.schema import Catalogue, new_parser
from cim_adapter.xmltree import local, namespace

_XS = "http://www.w3.org/2001/XMLSchema"


def compiled_for(path: list[etree._Element], catalogue: Catalogue) -> etree.XMLSchema | None:
    """What judges a document that begins with these elements, from the root down; None if nothing does."""
    message = next((element for element in path if namespace(element) not in (SOAP11, SOAP12)), None)
    schema = None if message is None else catalogue.schema_for(message)
    if message is None or schema is None:
        return None
    if message is path[0] and namespace(message) != MESSAGE_NS:
        return schema.compiled()
    with TemporaryDirectory(prefix="cim-adapter-") as folder:
        return _framed(path[0], {namespace(element) for element in path}, catalogue, Path(folder))


def _framed(
    root: etree._Element, namespaces: set[str], catalogue: Catalogue, folder: Path
) -> etree.XMLSchema | None:
    """``namespaces`` are those of the document; typed messages are many, and one of them is needed at most."""
    outer = namespace(root) if namespace(root) in (SOAP11, SOAP12) else ""
    frame = etree.Element(f"{{{_XS}}}schema", elementFormDefault="qualified", nsmap={"xs": _XS})
    if outer:
        frame.set("targetNamespace", outer)
    for schema in catalogue:
        name, path = schema.namespace, schema.path.resolve()
        if name in namespaces or not name.endswith("Message"):
            location = _opened(path, folder) if name == MESSAGE_NS else path
            etree.SubElement(frame, f"{{{_XS}}}import", namespace=name, schemaLocation=location.as_uri())
    if outer:
        _add_envelope(frame)
    return etree.XMLSchema(frame)


def _opened(path: Path, folder: Path) -> Path:
    """The envelope's XSD with wildcards that look inside: what was skipped is a profile, and must be known."""
    xsd = etree.parse(str(path), new_parser())
    for wildcard in xsd.iter(f"{{{_XS}}}any"):
        if wildcard.get("processContents") == "skip":
            wildcard.set("processContents", "strict")
    for reference in xsd.iter(f"{{{_XS}}}import", f"{{{_XS}}}include"):
        location = reference.get("schemaLocation")
        if location:
            reference.set("schemaLocation", (path.parent / location).as_uri())
    for name in ("Request", "Response"):  # shape B carries the parts of a message in them
        etree.SubElement(xsd.getroot(), f"{{{_XS}}}element", name=name, type="MessageType")
    target = folder / path.name
    target.write_bytes(etree.tostring(xsd))
    return target


def _add_envelope(frame: etree._Element) -> None:
    sequence = _sequence(_named(frame, "Envelope"))
    header = _named(sequence, "Header", minOccurs="0")
    etree.SubElement(
        _sequence(header), f"{{{_XS}}}any", minOccurs="0", maxOccurs="unbounded", processContents="lax"
    )
    body = _sequence(_named(sequence, "Body"))
    etree.SubElement(body, f"{{{_XS}}}any", namespace="##other", processContents="strict")


def _named(parent: etree._Element, name: str, **more: str) -> etree._Element:
    return etree.SubElement(parent, f"{{{_XS}}}element", {"name": name, **more})


def _sequence(element: etree._Element) -> etree._Element:
    return etree.SubElement(etree.SubElement(element, f"{{{_XS}}}complexType"), f"{{{_XS}}}sequence")


def head(pieces: Iterable[bytes]) -> list[etree._Element]:
    """The first elements of a document, from the root down to that of the profile: each is the first of its parent
    that can lead there.
    """
    parser = etree.XMLPullParser(
        events=("start",), resolve_entities=False, load_dtd=False, no_network=True, remove_comments=True
    )
    path: list[etree._Element] = []
    for piece in pieces:
        try:
            parser.feed(piece)
        except etree.XMLSyntaxError:  # whoever reads it next says so
            return path
        for _, found in parser.read_events():
            element = cast("etree._Element", found)
            if element.getparent() is (path[-1] if path else None) and _leads_on(element, path):
                path.append(element)
            if path and _is_profile(path):
                return path
    return path


def _leads_on(element: etree._Element, path: list[etree._Element]) -> bool:
    """Through Body, and through Payload or Request: Headers lead nowhere."""
    return not path or local(element) not in ("Header", "Reply")


def _is_profile(path: list[etree._Element]) -> bool:
    """The last one is inside a Payload or Request, or is a message that needs no further look."""
    last = path[-1]
    if namespace(last) in (SOAP11, SOAP12, MESSAGE_NS):
        return False
    if len(path) == 1 or namespace(last).endswith("Message"):
        return True
    return namespace(last) != namespace(path[-2]) and local(path[-2]) != "Body"
