"""Identifiers of types: their form, their numbers, and what they refer to (facts/metering.md §1, §4 to §6)."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from lxml import etree

from cim_adapter.codes import (
    CodeLists,
    EndDeviceControlType,
    EndDeviceEventType,
    MalformedCode,
    ReadingQualityType,
    ReadingType,
)
from cim_adapter.codes.identifier import Identifier
from cim_adapter.codes.units import fitting_units
from cim_adapter.validate.remark import Severity
from cim_adapter.validate.semantics.sense import Sense
from cim_adapter.xmltree import local

_DOTTED = re.compile(r"[-\d]+(?:\.[-\d]*)+")
_CLASSES: Mapping[str, type[Identifier]] = {
    "ReadingType": ReadingType,
    "ReadingQualityType": ReadingQualityType,
    "EndDeviceEventType": EndDeviceEventType,
    "EndDeviceControlType": EndDeviceControlType,
}


class References:
    """Judges each identifier once: a message repeats a few of them very often."""

    def __init__(self, lists: CodeLists) -> None:
        self._lists = lists

    def of(self, root: etree._Element) -> Iterator[Sense]:
        """What is wrong with the references in the tree."""
        defined = {text for element in root.iter(*_tags()) for text in _names_of(element)}
        judged: dict[tuple[str, str], list[dict[str, object]]] = {}
        for element in root.iter(*_tags()):
            text, attribute = element.get("ref"), "ref"
            if text is None:
                continue
            key = (local(element), text)
            if key not in judged:
                judged[key] = list(self._judge(_CLASSES[key[0]], text, text.strip() in defined))
            for words in judged[key]:
                yield Sense(element=element, attribute=attribute, value=text, **words)  # type: ignore[arg-type]

    def _judge(self, kind: type[Identifier], text: str, is_defined: bool) -> Iterator[dict[str, object]]:
        name = kind.__name__
        if not _DOTTED.fullmatch(text.strip()):
            if is_defined:
                return
            yield {
                "rule": "dangling reference",
                "found": f"{text[:80]!r}",
                "expected": f"the code of a {name}, or the mRID or name of one that the message defines",
                "why": f"Nothing in the message is a {name} of this name, and a code it is not.",
            }
            return
        try:
            code = kind.parse(text.strip(), self._lists)
        except MalformedCode as error:
            if is_defined:
                return
            found, _, expected = str(error).partition("; expected ")
            yield {
                "rule": "identifier",
                "found": found.partition("found ")[2] or repr(text[:80]),
                "expected": expected,
                "why": f"The code of a {name} has a fixed form.",
            }
            return
        yield from self._numbers(code)
        if isinstance(code, ReadingType):
            yield from _unit(code)

    def _numbers(self, code: Identifier) -> Iterator[dict[str, object]]:
        for place, row in zip(code.FIELDS, code.rows, strict=True):
            if not row.known:
                yield {
                    "rule": "unknown code",
                    "severity": Severity.WARNING,
                    "found": f"{place.label} {row.number}",
                    "expected": f"a number of the list {place.label}",
                    "why": f"The list has no {row.number}; lists are open, so it may be a partner's own.",
                }


def _unit(code: ReadingType) -> Iterator[dict[str, object]]:
    units = code.lists.table("reading_type_unit")
    kind = code.lists.table("reading_type_measurement_kind")[code.measurement_kind]
    unit = units[code.unit]
    fitting = fitting_units(kind.name)
    if not code.unit or not fitting or not unit.known or unit.name in fitting:
        return
    yield {
        "rule": "unit",
        "found": f"measurementKind {kind.name} in {unit.name}",
        "expected": f"one of {', '.join(fitting)}",
        "why": f"A value of the kind {kind.name} is not measured in {unit.description or unit.name}.",
        "proposal": f"write {units.number(fitting[0])} ({fitting[0]}) for unit" if len(fitting) == 1 else "",
    }


def _tags() -> tuple[str, ...]:
    return tuple(f"{{*}}{name}" for name in _CLASSES)


def _names_of(element: etree._Element) -> Iterator[str]:
    """The mRID and the names of a definition."""
    for path in ("{*}mRID", "{*}Names/{*}name"):
        for found in element.iterfind(path):
            if found.text:
                yield found.text.strip()
