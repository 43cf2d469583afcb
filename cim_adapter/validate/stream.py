"""Checking a document of any size, in constant memory.

A valid one is read once, by all cores if it can be cut, and libxml2 does nothing but validate. One that is not is
read again, to count what is wrong and to see what stands around it, and once more to find the lines.
"""

from __future__ import annotations

import re
from codecs import BOM_UTF8
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from dataclasses import replace
from typing import Any, cast
from xml.sax.saxutils import unescape

from lxml import etree

from cim_adapter.envelope import MESSAGE_NS, ShapeReader
from cim_adapter.envelope.soap import SOAP11, SOAP12
from cim_adapter.errors import Finding, Unreadable, Unrecognised
from cim_adapter.schema import flaw_of, new_parser
from cim_adapter.schema.budget import Budget, forbid_crowded_tags, forbid_declarations
from cim_adapter.schema.encoding import as_utf8
from cim_adapter.schema.explanation import Explained
from cim_adapter.schema.faults import Fault
from cim_adapter.schema.proposal import local_name
from cim_adapter.schema.spotting import NoTree, Spotted, spot
from cim_adapter.validate.document import Rules, remark_of
from cim_adapter.validate.examination import Told
from cim_adapter.validate.frame import compiled_for, head
from cim_adapter.validate.parts import passes_in_parts
from cim_adapter.validate.places import Place, locate
from cim_adapter.validate.recognition import Recogniser, meant_namespace
from cim_adapter.validate.remark import Checked, Remark, Severity
from cim_adapter.xmltree import local, namespace

#: Complaints that are counted; whoever has so many has one mistake many times.
_MOST_COUNTED = 100_000
_MOST_ATTRIBUTES = Budget().max_attributes_per_element
_BEGINNING = 1024

_PREFIX = re.compile(r"<([^\s:/>]+):")
_ATTRIBUTE = re.compile(r"""\s([^\s=]+)\s*=\s*(?:"([^"]*)"|'([^']*)')""")

#: The bytes of a document, from the beginning, as often as it is called.
Reading = Callable[[], Iterable[bytes]]


class StreamInspector:
    """Checks documents, one after the other."""

    def __init__(self, rules: Rules) -> None:
        self._rules = rules

    def inspect(self, reading: Reading, name: str) -> Checked:
        """The document. Raises ``AdapterError`` for what is refused unseen."""
        beginning = head(_guarded(reading()))
        kind = Recogniser(self._rules.catalogue).kind(beginning[0]) + ", streamed" if beginning else "empty"
        compiled = compiled_for(beginning, self._rules.catalogue) if beginning else None
        if compiled is None:
            return self._unknown(reading, name, beginning, kind)
        size = passes_in_parts(_guarded(reading()), compiled, self._rules.catalogue)
        flaw, invalid = None, False
        if size is None:
            size, flaw, invalid = _decide(_guarded(reading()), compiled)
        checked = Checked(name=name, kind=kind, bytes=size, remarks=(_MEANING,) if self._rules.meaning else ())
        if flaw is not None:
            return replace(checked, remarks=(flaw,))
        return replace(checked, **self._faults(reading, compiled)) if invalid else checked

    def _faults(self, reading: Reading, compiled: etree.XMLSchema) -> dict[str, Any]:
        """The fields of ``Checked`` that tell what is wrong."""
        limit = self._rules.limit or _MOST_COUNTED
        found = spot(reading(), compiled, _MOST_COUNTED, surrounded=limit)
        places = locate(reading(), {spotted.ordinal for spotted in found[:limit]})
        remarks = [self._remark(spotted, places[spotted.ordinal]) for spotted in found[:limit]]
        return {
            "remarks": tuple(sorted(remarks, key=lambda remark: (remark.line, remark.column))),
            "rest": len(found) - len(remarks),
            "rest_errors": len(found) - len(remarks),
            "more": len(found) >= _MOST_COUNTED,
        }

    def _remark(self, spotted: Spotted, place: Place) -> Remark:
        element = skeleton(spotted, place)
        fault = Fault(element, spotted.attribute, spotted.kind, spotted.message)
        unit = self._unit(element)
        schema = self._rules.catalogue.schema_for(unit)
        if self._is_unknown(element, unit):
            (finding,) = self._rules.catalogue.unknown(element).findings
            told = Explained(fault, finding, "namespace", proposal=meant_namespace(self._rules.catalogue, element))
        elif schema is None:
            finding = Finding(line=0, path="", found=local(element), expected="what SOAP has here")
            told = Explained(fault, finding, "soap")
        else:
            told = schema.explained(unit, fault)
        return remark_of(Told.now(told, _path(spotted, told.finding.path)), place)

    def _is_unknown(self, element: etree._Element, unit: etree._Element) -> bool:
        """Whether no XSD is known for it, where one is asked for: in a wildcard."""
        if namespace(element) in (SOAP11, SOAP12, MESSAGE_NS):
            return False
        return namespace(unit) == MESSAGE_NS and self._rules.catalogue.schema_for(element) is None

    def _unit(self, element: etree._Element) -> etree._Element:
        """What is judged by an XSD of its own, and holds ``element``: a message, or the profile in it."""
        line = [*reversed(list(element.iterancestors())), element]
        inner = [item for item in line if namespace(item) not in (SOAP11, SOAP12)] or line
        if namespace(inner[0]) != MESSAGE_NS:
            return inner[0]
        own = (item for item in inner if namespace(item) != MESSAGE_NS)
        profile = next((item for item in own if self._rules.catalogue.schema_for(item) is not None), None)
        return inner[0] if profile is None else profile

    def _unknown(self, reading: Reading, name: str, beginning: list[etree._Element], kind: str) -> Checked:
        """No XSD for its root, or no XML at all."""
        if not beginning:
            size, flaw, _ = _decide(_guarded(reading()), None)
            none = Remark(
                rule="form", found="no element", expected="an XML document", why="There is nothing to read."
            )
            return Checked(name=name, kind="not well-formed", bytes=size, remarks=(flaw or none,))
        places = locate(reading(), range(len(beginning)))
        if _is_of_another_shape(beginning):
            return Checked(name=name, kind=kind, remarks=(_SHAPE,))
        inner = next((item for item in beginning if namespace(item) not in (SOAP11, SOAP12)), beginning[0])
        line = beginning[: beginning.index(inner) + 1]
        (finding,) = self._rules.catalogue.unknown(inner).findings
        proposal = meant_namespace(self._rules.catalogue, inner)
        told = Explained(Fault(inner, "", "", ""), finding, "namespace", proposal=proposal)
        remark = remark_of(Told.now(told, "/".join(map(local, line))), places[len(line) - 1])
        return Checked(name=name, kind=kind, remarks=(remark,))


def _path(spotted: Spotted, short: str) -> str:
    """``short``, which is the path in the skeleton, with the positions of the document."""
    parts = short.split("/")
    attribute = [parts.pop()] if parts[-1].startswith("@") else []
    steps = spotted.way[-len(parts) :]
    names = [
        f"{local_name(step.tag)}[{step.position}]" if "[" in part or step.position > 1 else local_name(step.tag)
        for part, step in zip(parts, steps, strict=False)
    ]
    return "/".join([*names, *attribute])


def _guarded(pieces: Iterable[bytes]) -> Iterator[bytes]:
    """The same bytes, as long as they are UTF-8 and hold neither a DTD nor a crowded tag. Raises AdapterError."""
    held = b""
    for piece in _with_beginning(pieces):
        if not held and as_utf8(piece)[:4] != piece.removeprefix(BOM_UTF8)[:4]:
            raise Unreadable("a stream is read in UTF-8 only", [_NO_UTF8])
        held += piece
        forbid_declarations(held)
        forbid_crowded_tags(held, _MOST_ATTRIBUTES)
        held = held[held.rfind(b"<") :]  # a tag may go on; libxml2 gives up on what is longer than 10 MB
        yield piece


def _with_beginning(pieces: Iterable[bytes]) -> Iterator[bytes]:
    """The same bytes, the first ones of them in one piece: they say which encoding it is."""
    beginning = b""
    for piece in pieces:
        if len(beginning) >= _BEGINNING:
            yield piece
            continue
        beginning += piece
        if len(beginning) >= _BEGINNING:
            yield beginning
    if len(beginning) < _BEGINNING:
        yield beginning


_NO_UTF8 = Finding(
    line=1, path="", found="UTF-16", expected="UTF-8", advice="Write a document of this size in UTF-8."
)


def _is_of_another_shape(beginning: list[etree._Element]) -> bool:
    """Whether it is a message that could be read if it were held."""
    for element in beginning:
        with suppress(Unrecognised):
            shape, _ = ShapeReader().recognise(element)
            if shape.dialect is None or not shape.dialect.guessed:
                return True
    return False


_SHAPE = Remark(
    rule="not checked",
    found="an envelope of another shape or edition",
    expected="RequestMessage, Request or a typed message of 2011, for a stream",
    why="Such a message is checked only where it is smaller than 32 MB and --stream is not given.",
)
_MEANING = Remark(
    rule="not checked",
    severity=Severity.WARNING,
    found="a document that is read as a stream",
    expected="one that fits into memory, for --semantics",
    why="Its structure was checked, its meaning was not.",
    proposal="split it into documents of less than 32 MB",
)


def _decide(pieces: Iterable[bytes], compiled: etree.XMLSchema | None) -> tuple[int, Remark | None, bool]:
    """(bytes read, what keeps it from being well-formed, whether it is invalid)."""
    parser, size, invalid = new_parser(schema=compiled, target=NoTree()), 0, False
    try:
        for piece in pieces:
            size += len(piece)
            parser.feed(piece)
            if len(parser.feed_error_log):
                invalid = True
                break
        else:
            parser.close()
    except etree.XMLSyntaxError as error:
        invalid = True
        if not any(entry.domain_name == "SCHEMASV" for entry in parser.feed_error_log):
            return size, _flaw(error), False
    return size, None, invalid


def _flaw(error: etree.XMLSyntaxError) -> Remark:
    finding = flaw_of(error)
    return Remark(
        rule="form",
        line=finding.line,
        column=finding.column,
        length=1,
        found=finding.found,
        expected=finding.expected,
        why=finding.advice or "What is not well-formed cannot be read any further.",
    )


def skeleton(spotted: Spotted, place: Place) -> etree._Element:
    """The element of a complaint, in as much of its document as is needed to explain it."""
    parent: etree._Element | None = None
    for step in spotted.way[:-1]:
        parent = etree.Element(step.tag) if parent is None else etree.SubElement(parent, step.tag)
    for tag in spotted.before:
        if parent is not None:
            etree.SubElement(parent, tag, other="content")
    tag, prefix = spotted.way[-1].tag, _PREFIX.match(place.tag)
    nsmap = {prefix[1] if prefix else None: tag[1:].partition("}")[0]} if tag.startswith("{") else {}
    names = cast("dict[str, str]", nsmap)  # None is a key: the default namespace
    element = etree.Element(tag, nsmap=names) if parent is None else etree.SubElement(parent, tag, nsmap=names)
    element.text = unescape(place.text, {"&quot;": '"', "&apos;": "'"})
    for inner in spotted.inside:
        etree.SubElement(element, inner)
    for name, double, single in _ATTRIBUTE.findall(place.tag):
        if not name.startswith("xmlns"):
            known = local_name(spotted.attribute) == name.rpartition(":")[2]
            element.set(spotted.attribute if known else name.rpartition(":")[2], unescape(double or single))
    return element
