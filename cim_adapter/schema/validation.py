"""One XSD, ready to judge elements of its namespace.

lxml decides; it validates an element inside a larger tree as it stands. Only where it says no is more work
done: white space that XSD allows is taken away, and the findings are written.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, cast

from lxml import etree

from cim_adapter.errors import Finding, Invalid
from cim_adapter.schema.excerpt import Spot, excerpt, first_spot
from cim_adapter.schema.explanation import explain
from cim_adapter.schema.faults import Fault, Faults, read_log
from cim_adapter.schema.mending import Arranged, arrange
from cim_adapter.schema.model import Child, declaration
from cim_adapter.schema.parser import new_parser

if TYPE_CHECKING:
    import xmlschema

#: A tree with more elements than this is validated as a stream: see excerpt.py. 96 readings have 500.
_LARGE = 2_000

#: Different places, such as MeterReading/Readings/timeStamp, whose white space is mended in one message.
_MENDING_ROUNDS = 16

_XS = "{http://www.w3.org/2001/XMLSchema}"
_WHITE = " \t\r\n"
_DATE_OR_TIME = re.compile(r"-?(?:P[\dYMDTHS.]+|-{0,2}\d[\d.:TZ+-]*)")


class UnusableSchemaError(Exception):
    """An XSD file cannot be used. For the operator: it names the file."""


class Schema:
    """An XSD file, compiled when first needed. Safe to share between threads."""

    def __init__(self, namespace: str, path: Path) -> None:
        self.namespace = namespace
        self.path = path
        self._lock = Lock()
        self._deciding: etree.XMLSchema | None = None
        self._complaining: etree.XMLSchema | None = None
        self._components: xmlschema.XMLSchema10 | None = None
        self._crowd = etree.XPath(f"boolean(descendant::*[{_LARGE}])")
        self._crowds: tuple[etree.XPath, ...] = ()
        self._roots: tuple[str, ...] | None = None

    def __repr__(self) -> str:
        return f"Schema({self.namespace!r}, {self.path.name!r})"

    @property
    def roots(self) -> tuple[str, ...]:
        """The local names of the elements that a document of this namespace may begin with."""
        if self._roots is None:
            declared = _read(self.path).iterchildren(f"{_XS}element")
            self._roots = tuple(str(item.get("name")) for item in declared)
        return self._roots

    def warm(self) -> None:
        """Compile now what decides, which is otherwise compiled for the first message: 1 ms. What explains, 20
        to 150 ms, waits for the first refusal. Raises ``UnusableSchemaError``.
        """
        self._compile()

    def children_of(self, root: etree._Element, element: etree._Element) -> tuple[Child, ...]:
        """What ``element``, somewhere under ``root``, may hold, in the order of the XSD.

        ``root`` is one of ``roots``. Empty where the XSD has no such place.
        """
        found = declaration(self.components(), root, element)
        return () if found is None else found.children

    def arrange(
        self, root: etree._Element, *, reorder: bool, remove: bool, kept: Collection[str] = ()
    ) -> Arranged:
        """See ``mending.arrange``. ``root`` is one of ``roots``."""
        declared = declaration(self.components(), root, root)
        return (
            Arranged() if declared is None else arrange(root, declared, reorder=reorder, remove=remove, kept=kept)
        )

    def check(self, element: etree._Element) -> None:
        """Return if ``element``, anywhere in its tree, is valid; else raise ``Invalid`` with findings.

        A valid tree comes back as it was, but for one thing: white space around a date or time is legal
        (XSD 1.0 part 2, 4.3.6: collapse) and libxml2 2.14 refuses most of it, so it is trimmed in place,
        where it was refused. Check signatures first; strip when decoding.
        """
        faults = self._judge(element)
        for _ in range(_MENDING_ROUNDS):
            if faults is None or not _mend(element, faults.listed):
                break
            faults = self._judge(element)
        if faults is not None:
            raise self._refusal(element, faults)

    def _refusal(self, element: etree._Element, faults: Faults) -> Invalid:
        findings: list[Finding] = explain(element, faults.listed, self.components())
        count = f"{len(faults.listed):,}" if faults.complete else f"at least {len(faults.listed):,}"
        places = "place" if len(faults.listed) == 1 else "places"
        shown = "" if len(findings) == len(faults.listed) else f"; the first {len(findings)} are listed"
        name = etree.QName(element).localname
        return Invalid(f"{name} breaks its XSD in {count} {places}{shown}.", findings)

    def _judge(self, element: etree._Element) -> Faults | None:
        deciding = self._compile()
        if self._is_large(element):
            spot = first_spot(element, deciding)
            return None if spot is None else Faults(self._complaints_at(element, spot), complete=False)
        if deciding.validate(element):
            return None
        return Faults(self._complaints(element))

    def _is_large(self, element: etree._Element) -> bool:
        # Elements of foreign namespaces stand behind wildcards and are not validated: an envelope is
        # small however large its payload. Positional XPath stops counting at the limit. Most messages are
        # small whatever one counts, and need but one question.
        return bool(self._crowd(element)) and any(crowd(element) for crowd in self._crowds)

    def _complaints_at(self, element: etree._Element, spot: Spot) -> tuple[Fault, ...]:
        pairs = excerpt(element, spot)
        if pairs:
            originals = dict(pairs)
            found = tuple(
                Fault(originals[fault.element], fault.attribute, fault.kind, fault.message)
                for fault in self._complaints(pairs[0][0])
            )
            if found:
                return found
        return (Fault(element, "", spot.kind, spot.message),)

    def _complaints(self, element: etree._Element) -> tuple[Fault, ...]:
        # An XMLSchema of lxml keeps one log for all threads, so the one that is asked for its log is asked
        # by one thread at a time; the one that decides is never asked for it.
        with self._lock:
            complaining = self._complaining
            if complaining is None:
                complaining = self._complaining = _compiled(self.path)
            complaining.validate(element)
            return tuple(read_log(element, cast("Iterable[etree._LogEntry]", complaining.error_log)))

    def _compile(self) -> etree.XMLSchema:
        deciding = self._deciding
        if deciding is None:
            with self._lock:
                deciding = self._deciding
                if deciding is None:
                    self._crowds = _crowds(self.path)
                    deciding = self._deciding = _compiled(self.path)
        return deciding

    def components(self) -> xmlschema.XMLSchema10:
        """What the XSD declares, component by component; built once. Raises ``UnusableSchemaError``."""
        import xmlschema  # costs 0.2 s, and most processes never refuse anything

        with self._lock:
            if self._components is None:
                try:
                    self._components = xmlschema.XMLSchema10(
                        str(self.path), allow="local", defuse="always", use_fallback=False
                    )
                except (xmlschema.XMLSchemaException, OSError) as error:
                    raise UnusableSchemaError(f"{self.path.name}: {error}") from error
            return self._components


def _read(path: Path) -> etree._Element:
    try:
        return etree.parse(str(path), new_parser()).getroot()
    except (etree.XMLSyntaxError, OSError) as error:
        raise UnusableSchemaError(f"{path.name}: {error}") from error


def _compiled(path: Path) -> etree.XMLSchema:
    try:
        return etree.XMLSchema(_read(path).getroottree())
    except etree.XMLSchemaParseError as error:
        raise UnusableSchemaError(f"{path.name}: {error}") from error


def _crowds(path: Path) -> tuple[etree.XPath, ...]:
    """Return one question for each namespace this XSD describes: has the element very many of those?"""
    namespaces: set[str] = set()
    qualified = True
    seen: set[Path] = set()
    left = [path]
    while left:
        file = left.pop().resolve()
        if file in seen or not file.is_file():
            continue
        seen.add(file)
        xsd = _read(file)
        namespaces.add(xsd.get("targetNamespace") or "")
        qualified = qualified and xsd.get("elementFormDefault") == "qualified"
        for reference in xsd.iterchildren(f"{_XS}import", f"{_XS}include", f"{_XS}redefine"):
            left.append(file.parent / (reference.get("schemaLocation") or ""))
    if not qualified or "" in namespaces:
        return (etree.XPath(f"boolean(descendant::*[{_LARGE}])"),)
    return tuple(
        etree.XPath(f"boolean(descendant::n:*[{_LARGE}])", namespaces={"n": name}) for name in sorted(namespaces)
    )


def _mend(root: etree._Element, faults: tuple[Fault, ...]) -> bool:
    """Trim dates and times that are refused for the white space around them; say whether there were any.

    All elements of the same name path have the same type, so what is right for one is right for all.
    """
    places = {_names(root, fault.element) for fault in faults if _is_padded_time(fault)}
    for place in places:
        for element in root.iter(place[-1]):
            text = element.text
            if text and text != text.strip(_WHITE) and not len(element) and _names(root, element) == place:
                element.text = text.strip(_WHITE)
    return bool(places)


def _is_padded_time(fault: Fault) -> bool:
    text = fault.element.text or ""
    value = text.strip(_WHITE)
    return (
        fault.kind == "SCHEMAV_CVC_DATATYPE_VALID_1_2_1"
        and not fault.attribute
        and not len(fault.element)
        and text != value
        and bool(_DATE_OR_TIME.fullmatch(value))
    )


def _names(root: etree._Element, element: etree._Element) -> tuple[str, ...]:
    names = [element.tag]
    node: etree._Element | None = element
    while node is not None and node is not root:
        node = node.getparent()
        if node is not None:
            names.append(node.tag)
    return tuple(reversed(names))
