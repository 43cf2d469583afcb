"""What a document is, by its root, and what is wrong with it: structure, down to the last profile in it."""

from __future__ import annotations

from collections.abc import Iterator

from lxml import etree

from cim_adapter.envelope import MESSAGE_NS, Kind, Shape, ShapeReader, as_message
from cim_adapter.envelope.soap import SOAP11, SOAP12
from cim_adapter.errors import Finding, Unrecognised
from cim_adapter.schema import Catalogue
from cim_adapter.schema.explanation import Explained
from cim_adapter.schema.faults import Fault, line_of
from cim_adapter.schema.proposal import Proposal, Remove, Rename, Requalify
from cim_adapter.schema.values import nearest
from cim_adapter.xmltree import children, local, namespace

#: Faults of one document that are told in words.
_MOST_TOLD = 10_000
_OF_A_PART = frozenset({"StartTime", "EndTime", "Option", "ID", "OperationSet", "Compressed", "Format"})


class Recogniser:
    """Looks at a document as the adapter would, and tells all that a strict reader refuses."""

    def __init__(self, catalogue: Catalogue) -> None:
        self._catalogue = catalogue
        self._shapes = ShapeReader()

    def look(self, root: etree._Element) -> Iterator[Explained]:
        """All that is wrong with the tree as it is now. Parts of an envelope may be renamed in place."""
        if local(root) == "Envelope" or nearest(local(root), ["Envelope"]):
            yield from self._envelope(root)
        else:
            yield from self._document(root)

    def kind(self, root: etree._Element) -> str:
        """What the document is, in a few words: ``SOAP, CreateMeterReadings``."""
        body = _body(root) if local(root) == "Envelope" else None
        message = root if body is None else next(body.iterchildren(etree.Element), root)
        if local(message) == "Envelope":
            return "SOAP"
        words = [local(message)]
        header = next((part for name, part in children(message) if name == "Header"), None)
        if header is not None and namespace(message) == MESSAGE_NS:
            said = {name: (child.text or "").strip()[:40] for name, child in children(header)}
            words.append(f"{said.get('Verb', '?')} {said.get('Noun', '?')}")
        return ", ".join((["SOAP"] if message is not root else []) + words)

    # ------------------------------------------------------------------------------------- SOAP

    def _envelope(self, root: etree._Element) -> Iterator[Explained]:
        if namespace(root) not in (SOAP11, SOAP12):
            wanted = nearest(namespace(root), [SOAP11, SOAP12]) or SOAP11
            yield _wrong_namespace(root, wanted)
            return
        if local(root) != "Envelope":
            tag = f"{{{namespace(root)}}}Envelope"
            yield _told(root, "soap", local(root), "Envelope", Rename(root, tag))
            return
        body = _body(root)
        if body is None:
            near = next((child for child in root if nearest(local(child), ["Body"])), None)
            if near is None:
                yield _told(root, "soap", "an Envelope without Body", "Envelope with Body")
            elif namespace(near) != namespace(root):
                yield _wrong_namespace(near, namespace(root))
            else:
                yield _told(near, "soap", local(near), "Body", Rename(near, f"{{{namespace(root)}}}Body"))
            return
        for later in body.itersiblings(etree.Element):
            yield _told(later, "soap", f"{local(later)} after Body", "nothing after Body", Remove(later))
        messages = list(body.iterchildren(etree.Element))
        if len(messages) != 1:
            yield _told(body, "soap", f"{len(messages)} elements in Body", "exactly one message in Body")
        for message in messages:
            if message.tag == f"{{{namespace(root)}}}Fault":
                for detail in message.iter("{*}detail", "{*}Detail"):
                    for inner in detail.iterchildren(etree.Element):
                        yield from self._document(inner)
            else:
                yield from self._document(message)

    # --------------------------------------------------------------------------------- messages

    def _document(self, root: etree._Element) -> Iterator[Explained]:
        """A message, or a profile or query that stands alone."""
        if namespace(root) != MESSAGE_NS:
            schema = self._catalogue.schema_for(root)
            if schema is not None:
                yield from self._checked(root)
                yield from self._in_operations(root)
                return
        elif local(root) == "FaultMessage":
            yield from self._checked(root)
            return
        try:
            shape, carrier = self._shapes.recognise(root)
        except Unrecognised:
            yield self._unknown(root)
            return
        if shape.dialect is not None:
            if shape.dialect.guessed and self._catalogue.home_of(root):
                yield self._unknown(root)
                return
            shape.dialect.put_off(carrier)
        yield from self._message(carrier, shape)

    def _message(self, carrier: etree._Element, shape: Shape) -> Iterator[Explained]:
        if shape.kind is Kind.TYPED and namespace(carrier) != MESSAGE_NS:
            yield from self._checked(carrier)
            return
        # A forgotten xmlns puts a profile into the envelope's namespace: say that, not that it is misplaced.
        strays = [element for element in self._profiles(carrier) if self._catalogue.schema_for(element) is None]
        strays += [element for element in self._profiles(carrier) if namespace(element) == MESSAGE_NS]
        for element in strays:
            yield self._unknown(element)
        if not strays:
            with as_message(carrier, shape):
                yield from list(self._checked(carrier))
            for element in self._profiles(carrier):
                yield from self._checked(element)
            yield from self._in_operations(carrier)

    def _profiles(self, carrier: etree._Element) -> Iterator[etree._Element]:
        """Profiles and queries in Payload and Request, also those without a namespace of their own."""
        for part, element in children(carrier):
            if part in ("Payload", "Request"):
                for name, child in children(element):
                    own = namespace(child) in (MESSAGE_NS, namespace(element), "")
                    if not own or (name not in _OF_A_PART and self._catalogue.homes_of(name)):
                        yield child

    def _in_operations(self, root: etree._Element) -> Iterator[Explained]:
        """What the operations of an OperationSet are about: wildcards, for the XSD of the envelope."""
        for operation in root.iter(f"{{{MESSAGE_NS}}}Operation"):
            for name, child in children(operation):
                if namespace(child) != MESSAGE_NS or self._catalogue.homes_of(name):
                    known = namespace(child) != MESSAGE_NS and self._catalogue.schema_for(child) is not None
                    yield from self._checked(child) if known else [self._unknown(child)]

    def _checked(self, element: etree._Element) -> Iterator[Explained]:
        schema = self._catalogue.schema_for(element)
        if schema is None:
            yield self._unknown(element)
            return
        for fault in schema.faults(element, at_most=_MOST_TOLD):
            yield schema.explained(element, fault)

    def _unknown(self, element: etree._Element) -> Explained:
        (finding,) = self._catalogue.unknown(element).findings
        wanted = self._catalogue.home_of(element)
        if wanted and wanted == namespace(element):
            schema = self._catalogue.schema_for(element)
            guess = nearest(local(element), schema.roots if schema else ())
            return _told(element, "root", local(element), guess, Rename(element, f"{{{wanted}}}{guess}"))
        proposal = meant_namespace(self._catalogue, element)
        return Explained(Fault(element, "", "", ""), finding, "namespace", proposal=proposal)


def meant_namespace(catalogue: Catalogue, element: etree._Element) -> Requalify | None:
    """The namespace that ``element`` was probably meant to be in, if there is one like it."""
    wanted = catalogue.home_of(element)
    return Requalify(element, wanted) if wanted and wanted != namespace(element) else None


def _body(envelope: etree._Element) -> etree._Element | None:
    return envelope.find(f"{{{namespace(envelope)}}}Body")


def _wrong_namespace(element: etree._Element, wanted: str) -> Explained:
    found = f"namespace {namespace(element)!r}" if namespace(element) else "no namespace"
    words = (f"{found} on {local(element)}", f"namespace {wanted!r}")
    return _told(element, "namespace", *words, Requalify(element, wanted))


def _told(
    element: etree._Element, rule: str, found: str, expected: str, proposal: Proposal | None = None
) -> Explained:
    finding = Finding(line=line_of(element), path=local(element), found=found, expected=expected)
    return Explained(Fault(element, "", "", ""), finding, rule, proposal=proposal)
