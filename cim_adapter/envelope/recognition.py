"""Recognising what a document is, by its root and, where that is not known, by its structure.

Plain messages of 2011 are told by their root alone. Other editions and partners' own roots are a ``Dialect``
(facts/envelope.md §2, §3, §4.2):

    another namespace      2008, 2010, 2021 (edition 2: not public beyond its namespace), with or without www.
    a typed root           of another year; Get<Noun>RequestMessage; <Noun>QueriesRequestMessage; Get and
                           Reply beside the other verbs
    ``message``            in the abstract namespace, inside shape C
    anything else          that carries a Header, and a Request, Payload or Reply
"""

from __future__ import annotations

import re

from lxml import etree

from cim_adapter.envelope.dialect import ABSTRACT_NS, MESSAGE_NS, Dialect, language_of
from cim_adapter.envelope.operation_set import OPERATION_SET
from cim_adapter.envelope.shapes import Kind, Shape
from cim_adapter.errors import Unrecognised
from cim_adapter.xmltree import children, local, namespace

_A_ROOTS = frozenset({"RequestMessage", "EventMessage", "ResponseMessage", "Message"})
_B_ROOTS = frozenset({"Request", "Response"})
_OF_A_SET = frozenset({"Execute", "Executed"})
_VERBS_OF_OTHERS = frozenset({"Get", "Reply", *_OF_A_SET})
"""In the name of a root: our contract has Get, and those of sets, in namespaces of their own, and no Reply."""
_C_ROOTS = frozenset({"Request", "Response", "PublishEvent"})


class ShapeReader:
    """Recognises shapes and dialects. Holds the compiled patterns of namespaces."""

    def __init__(self) -> None:
        self._message = re.compile(r"https?://(?:www\.)?iec\.ch/TC57/(2008|2010|2011|2021)/schema/message")
        self._abstract = re.compile(r"https?://(?:www\.)?iec\.ch/TC57/\d{4}/abstract")
        self._typed = re.compile(r"https?://(www\.)?iec\.ch/TC57/(\d{4})/(Get)?(\w+)Message")

    def recognise(self, root: etree._Element) -> tuple[Shape, etree._Element]:
        """The shape of ``root`` and the element whose children are Header, Request, Reply, Payload.

        Looks, and changes nothing. Raises Unrecognised.
        """
        outer, name = namespace(root), local(root)
        if outer == MESSAGE_NS:
            if name in _A_ROOTS:
                return Shape(kind=Kind.A, namespace=outer, operation=name), root
            if name in _B_ROOTS:
                return Shape(kind=Kind.B, namespace=outer, operation=name), root
        typed = self._typed.fullmatch(outer)
        if typed is not None:
            return self._typed_shape(root, name, typed)
        if name in _C_ROOTS and self._abstract.fullmatch(outer):
            return self._wrapped(root, name)
        if name in _A_ROOTS | _B_ROOTS and self._message.fullmatch(outer):
            kind = Kind.A if name in _A_ROOTS else Kind.B
            return Shape(kind=kind, namespace=MESSAGE_NS, operation=name, dialect=self._dialect(outer)), root
        return self._by_structure(root)

    def _typed_shape(self, root: etree._Element, name: str, typed: re.Match[str]) -> tuple[Shape, etree._Element]:
        """``stem`` is what the answer is called after; where it is not the noun, the dialect says so."""
        outer, stem, get = typed[0], typed[4], typed[3] or ""
        if name.endswith(stem) and name != stem:
            verb, noun = name.removesuffix(stem), stem
        elif name == f"{get}{stem}RequestMessage":
            noun = stem.removesuffix("Queries")
            verb = "Get" if get or noun != stem else ""
            stem = f"{get}{stem}"
        else:
            return self._by_structure(root)
        language = language_of(root) or MESSAGE_NS
        of_2011 = typed[1] is None and typed[2] == "2011" and language == MESSAGE_NS
        known = verb in _OF_A_SET if noun.endswith(OPERATION_SET) else get or verb not in _VERBS_OF_OTHERS
        if of_2011 and stem == noun and known:
            return Shape(kind=Kind.TYPED, namespace=outer, operation=name, typed_noun=noun), root
        ends = ("ResponseMessage", "FaultMessage") if stem != noun else ()
        roots = tuple((f"{{{outer}}}{noun}{end}", f"{{{outer}}}{stem}{end}") for end in ends)
        dialect = self._dialect(language, roots=roots)
        shape = Shape(
            kind=Kind.TYPED, namespace=outer, operation=f"{verb}{noun}", typed_noun=noun, dialect=dialect
        )
        return shape, root

    def _wrapped(self, root: etree._Element, name: str) -> tuple[Shape, etree._Element]:
        outer = namespace(root)
        for child_name, child in children(root):
            inner = namespace(child)
            if child_name != "message" or not (inner == outer or self._message.fullmatch(inner)):
                continue
            language = language_of(child) or MESSAGE_NS
            dialect = None
            if (outer, inner, language) != (ABSTRACT_NS, MESSAGE_NS, MESSAGE_NS):
                roots = ((f"{{{MESSAGE_NS}}}message", child.tag),)
                dialect = self._dialect(language, abstract=outer, roots=roots)
            return Shape(kind=Kind.C, namespace=MESSAGE_NS, operation=name, dialect=dialect), child
        if _is_carrier(root):
            return self._by_structure(root)
        raise Unrecognised(f"{root.tag} holds no element named message")

    def _by_structure(self, root: etree._Element) -> tuple[Shape, etree._Element]:
        """A root of nobody's, or one element in it, that has a Header and something with it."""
        carrier = root
        if len(root) == 1 and not _is_carrier(root):
            carrier = root[0]
        if not _is_carrier(carrier):
            raise Unrecognised(
                f"{root.tag} is no message this service knows. Send a RequestMessage, ResponseMessage or "
                f"EventMessage in the namespace {MESSAGE_NS}, or a typed root such as CreateMeterReadings in "
                "http://iec.ch/TC57/2011/MeterReadingsMessage"
            )
        language = language_of(carrier)
        if language is None or not (language == namespace(carrier) or self._message.fullmatch(language)):
            language = MESSAGE_NS  # nobody can tell how it is to be answered in kind
        dialect = self._dialect(language, guessed=True)
        return Shape(kind=Kind.A, namespace=MESSAGE_NS, operation=local(root), dialect=dialect), carrier

    def _dialect(
        self,
        language: str,
        *,
        abstract: str = ABSTRACT_NS,
        roots: tuple[tuple[str, str], ...] = (),
        guessed: bool = False,
    ) -> Dialect:
        edition = self._message.fullmatch(language)
        return Dialect(
            message=language,
            abstract=abstract,
            roots=roots,
            old_reply=edition is not None and edition[1] == "2008",
            guessed=guessed,
        )


def _is_carrier(element: etree._Element) -> bool:
    names = {name for name, _ in children(element)}
    return "Header" in names and not names.isdisjoint(("Request", "Payload", "Reply"))
