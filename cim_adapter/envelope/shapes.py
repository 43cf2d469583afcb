"""Wire shapes: which element carries the message, and which one carries its answer.

Facts/envelope.md §4.2 and §4.3. The body root alone decides the shape:

    A       msg:RequestMessage | ResponseMessage | EventMessage | Message
    B       msg:Request | msg:Response, with Header, Request and Payload inside
    C       abs:Request | Response | PublishEvent, with one ``message`` inside
    typed   <Verb><Noun> or Get<Noun> in …/<Noun>Message

Other namespaces, roots and replies are a ``Dialect`` of one of these.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from enum import StrEnum

import msgspec
from lxml import etree

from cim_adapter.envelope.dialect import MESSAGE, MESSAGE_NS, Dialect
from cim_adapter.envelope.operation_set import OPERATION_SET
from cim_adapter.xmltree import canonical, children


class Kind(StrEnum):
    A = "A"
    B = "B"
    C = "C"
    TYPED = "typed"


class Shape(msgspec.Struct, frozen=True, kw_only=True):
    """How a message was dressed, and so how its answer is to be.

    ``namespace`` is that of Header, Request, Reply and Payload themselves. ``operation`` is the local
    name of the body root: for typed roots it says verb and noun. ``dialect`` is how message and answer
    depart from that; None for plain ones.
    """

    kind: Kind
    namespace: str
    operation: str
    typed_noun: str | None = None
    dialect: Dialect | None = None

    @property
    def reply_root(self) -> str:
        """The tag of the element that carries Header, Reply and Payload of the answer."""
        match self.kind:
            case Kind.A:
                return f"{{{self.namespace}}}ResponseMessage"
            case Kind.B:
                return f"{{{self.namespace}}}Response"
            case Kind.C:
                return f"{{{self.namespace}}}message"
            case Kind.TYPED:
                return f"{{{self.namespace}}}{self.typed_noun}ResponseMessage"

    @property
    def fault_root(self) -> str:
        """The tag of the FaultMessage, which has a Reply and no Header."""
        if self.kind is Kind.TYPED:
            return f"{{{self.namespace}}}{self.typed_noun}FaultMessage"
        return f"{{{MESSAGE_NS}}}FaultMessage"

    @property
    def typed_verb(self) -> str | None:
        """The verb a typed root names, lower case: ``CreatedMeterReadings`` → ``created``; None for a root
        that names none.
        """
        if self.typed_noun is None:
            return None
        return self.operation.removesuffix(self.typed_noun).lower() or None

    @property
    def header_noun(self) -> str | None:
        """The noun that the header of a typed message has: that of the root, or OperationSet for a set of a
        noun (facts/envelope.md §4.2).
        """
        if self.typed_noun is not None and self.typed_noun.endswith(OPERATION_SET):
            return OPERATION_SET
        return self.typed_noun

    def dressed(self, answer: etree._Element) -> etree._Element:
        """``answer`` in the dialect of the request."""
        return answer if self.dialect is None else self.dialect.put_on(answer)

    def dressed_part(self, part: etree._Element) -> etree._Element:
        """A part of a profile in the dialect of the request; it may be changed in place."""
        return part if self.dialect is None else self.dialect.put_on_part(part)


@contextmanager
def as_message(carrier: etree._Element, shape: Shape) -> Iterator[None]:
    """Call ``carrier`` what Message.xsd calls it, for as long as it is validated: B and C carry the parts
    of a message in elements of other names.
    """
    tag = carrier.tag
    if shape.kind in (Kind.B, Kind.C):
        carrier.tag = MESSAGE
    try:
        yield
    finally:
        carrier.tag = tag


def carrier_of(document: etree._Element) -> etree._Element | None:
    """The element that has a Header and a Request, Payload or Reply, wherever it stands in a document.

    For documents that were recognised once before: it looks at structure alone.
    """
    for element in document.iter(etree.Element):
        names = {name for name, _ in children(element)}
        if "Header" in names and "Body" not in names:
            return element
    return None


def same_content(one: etree._Element, other: etree._Element) -> bool:
    """Whether two messages ask for the same: equal verb, noun, Request and Payload, in exclusive
    canonical XML. Timestamps and ids of the header do not count.
    """
    return _content(one) == _content(other)


def _content(carrier: etree._Element) -> list[bytes]:
    parts = dict(children(carrier))
    found = [parts[name] for name in ("Request", "Payload") if name in parts]
    found += [element for name, element in children(parts["Header"]) if name in ("Verb", "Noun")]
    return [canonical(element) for element in found]
