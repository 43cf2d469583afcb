"""Checking a document of any size, in constant memory.

A valid one is read once, and libxml2 does nothing but validate. One that is not is read again: to count what is
wrong, to see the surroundings of the first mistakes, and to find their lines.
"""

from __future__ import annotations

from codecs import BOM_UTF8
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import replace
from typing import Any, NamedTuple, cast

from lxml import etree

from cim_adapter.envelope import MESSAGE_NS
from cim_adapter.envelope.soap import SOAP11, SOAP12
from cim_adapter.errors import Finding, Unreadable
from cim_adapter.schema import flaw_of, new_parser
from cim_adapter.schema.budget import forbid_declarations
from cim_adapter.schema.encoding import as_utf8
from cim_adapter.schema.explanation import Explained
from cim_adapter.schema.faults import Fault
from cim_adapter.schema.spotting import Spotted, spot
from cim_adapter.validate.document import Rules, remark_of
from cim_adapter.validate.examination import Told
from cim_adapter.validate.frame import compiled_for, head
from cim_adapter.validate.places import Place, locate
from cim_adapter.validate.recognition import Recogniser
from cim_adapter.validate.remark import Checked, Remark
from cim_adapter.xmltree import local, namespace

#: Complaints that are counted; whoever has so many has one mistake many times.
_MOST_COUNTED = 100_000
_OVERLAP = 16

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
        size, flaw, invalid = _decide(_guarded(reading()), compiled)
        checked = Checked(name=name, kind=kind, bytes=size)
        if flaw is not None:
            return replace(checked, remarks=(flaw,))
        return replace(checked, **self._faults(reading, compiled)) if invalid else checked

    def _faults(self, reading: Reading, compiled: etree.XMLSchema) -> dict[str, Any]:
        """The fields of ``Checked`` that tell what is wrong."""
        found = spot(reading(), compiled, _MOST_COUNTED)
        by_ordinal: dict[int, list[Spotted]] = {}
        for spotted in found[: self._rules.limit or None]:
            by_ordinal.setdefault(spotted.ordinal, []).append(spotted)
        places = locate(reading(), by_ordinal)
        remarks = [
            self._remark(spotted, surroundings, places[surroundings.ordinal])
            for surroundings in around(reading(), by_ordinal)
            for spotted in by_ordinal[surroundings.ordinal]
        ]
        return {
            "remarks": tuple(sorted(remarks, key=lambda remark: (remark.line, remark.column))),
            "rest": len(found) - len(remarks),
            "rest_errors": len(found) - len(remarks),
            "more": len(found) >= _MOST_COUNTED,
        }

    def _remark(self, spotted: Spotted, surroundings: Surroundings, place: Place) -> Remark:
        element = surroundings.element
        fault = Fault(element, spotted.attribute, spotted.kind, spotted.message)
        unit = self._unit(element)
        schema = self._rules.catalogue.schema_for(unit)
        if schema is None:
            finding = Finding(line=0, path="", found=local(element), expected="what SOAP has here")
            told = Explained(fault, finding, "soap")
        else:
            told = schema.explained(unit, fault)
        attribute = f"/@{spotted.attribute.rpartition('}')[2]}" if spotted.attribute else ""
        return remark_of(Told.now(told, surroundings.path + attribute), place)

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
        inner = next((item for item in beginning if namespace(item) not in (SOAP11, SOAP12)), beginning[0])
        (finding,) = self._rules.catalogue.unknown(inner).findings
        told = Explained(Fault(inner, "", "", ""), finding, "namespace")
        remark = remark_of(Told.now(told, "/".join(map(local, beginning))), places[beginning.index(inner)])
        return Checked(name=name, kind=kind, remarks=(remark,))


def _guarded(pieces: Iterable[bytes]) -> Iterator[bytes]:
    """The same bytes, as long as they hold no DTD and are UTF-8. Raises AdapterError."""
    last = b""
    for piece in pieces:
        if not last and as_utf8(piece)[:4] != piece.removeprefix(BOM_UTF8)[:4]:
            raise Unreadable("a stream is read in UTF-8 only", [_NO_UTF8])
        forbid_declarations(last[-_OVERLAP:] + piece)
        last = piece
        yield piece


_NO_UTF8 = Finding(
    line=1, path="", found="UTF-16", expected="UTF-8", advice="Write a document of this size in UTF-8."
)


class _Nothing:
    """A parser target without events: libxml2 validates and builds nothing."""

    def close(self) -> None:
        """Return what parsing yields: nothing."""


def _decide(pieces: Iterable[bytes], compiled: etree.XMLSchema | None) -> tuple[int, Remark | None, bool]:
    """(bytes read, what keeps it from being well-formed, whether it is invalid)."""
    parser, size, invalid = new_parser(schema=compiled, target=_Nothing()), 0, False
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


class Surroundings(NamedTuple):
    """A wanted element in what is left of its document, good until the next one is asked for."""

    ordinal: int
    element: etree._Element
    path: str


def around(pieces: Iterable[bytes], wanted: Collection[int]) -> Iterator[Surroundings]:
    """The elements with these ordinals, each when it ends. Of what stands before them only names are kept, and of
    equal neighbours the first and the last.
    """
    parser = etree.XMLPullParser(
        events=("start", "end"), resolve_entities=False, load_dtd=False, no_network=True, remove_comments=True
    )
    ordinal, left = 0, len(wanted)
    open_elements: list[tuple[int, str, Counter[str]]] = []
    for piece in pieces:
        parser.feed(piece)
        for event, found in parser.read_events():
            element = cast("etree._Element", found)  # comments are dropped
            if event == "start":
                counts = open_elements[-1][2] if open_elements else Counter[str]()
                counts[element.tag] += 1
                step = local(element) + (f"[{counts[element.tag]}]" if open_elements else "")
                open_elements.append((ordinal, step, Counter()))
                ordinal += 1
                continue
            if open_elements[-1][0] in wanted:
                path = "/".join(step for _, step, _ in open_elements)
                yield Surroundings(open_elements[-1][0], element, path)
                left -= 1
            open_elements.pop()
            _prune(element)
            if not left:
                return


def _prune(element: etree._Element) -> None:
    """Forget what is in it, and the one before it, if the one before that is called the same, too."""
    element.clear()
    previous = element.getprevious()
    before = None if previous is None else previous.getprevious()
    if previous is not None and before is not None and before.tag == previous.tag == element.tag:
        parent = element.getparent()
        if parent is not None:
            previous.tail = None
            parent.remove(previous)
