"""One XSD, ready to judge elements of its namespace.

lxml decides; it validates an element inside a larger tree as it stands. Only where it says no is more work
done: white space that XSD allows is taken away, and the findings are written.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, cast

from lxml import etree

from cim_adapter.errors import Finding, Invalid
from cim_adapter.schema.explanation import Explained, explain, explained
from cim_adapter.schema.faults import Fault
from cim_adapter.schema.mending import Arranged, arrange
from cim_adapter.schema.model import Child, declaration
from cim_adapter.schema.parser import new_parser
from cim_adapter.schema.spotting import passes, spot

if TYPE_CHECKING:
    import xmlschema

#: A tree with more elements than this is validated as a stream: see spotting.py. 96 readings have 500.
_LARGE = 2_000

#: Different places, such as MeterReading/Readings/timeStamp, whose white space is mended in one message.
_MENDING_ROUNDS = 16

#: Bytes given to the parser at once.
_LONGEST_TEXT = 100_000  # characters
_PIECE = 65_536

#: A refusal counts so many faults, and no further.
_MOST_TOLD = 1_000

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
        self.compiled()

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

    def check(self, element: etree._Element, *, size: int | None = None) -> None:
        """Return if ``element``, anywhere in its tree, is valid; else raise ``Invalid`` with findings.

        A valid tree comes back as it was, but for one thing: white space around a date or time is legal
        (XSD 1.0 part 2, 4.3.6: collapse) and libxml2 2.14 refuses most of it, so it is trimmed in place,
        where it was refused. Check signatures first; strip when decoding.

        ``size``: bytes of XML that it came in, where that is known. What is small needs no counting of elements.
        """
        if size is not None and size < _LARGE and self.compiled().validate(element):
            return
        faults = self.faults(element, at_most=_MOST_TOLD)
        if faults:
            raise self._refusal(element, faults)

    def faults(self, element: etree._Element, *, at_most: int) -> tuple[Fault, ...]:
        """What is wrong with ``element``, in the order of the document; white space is trimmed as in ``check``.

        libxml2 passes over what follows an element that it did not expect, up to the end of its parent: when that
        one is mended, more may come to light.
        """
        faults = self._judge(element, at_most)
        for _ in range(_MENDING_ROUNDS):
            if not faults or not _mend(element, faults):
                break
            faults = self._judge(element, at_most)
        return faults

    def explained(self, element: etree._Element, fault: Fault) -> Explained:
        """``fault``, which is about the tree of ``element``, in words."""
        return explained(element, fault, self.components())

    def _refusal(self, element: etree._Element, faults: tuple[Fault, ...]) -> Invalid:
        findings: list[Finding] = explain(element, faults, self.components())
        count = f"{len(faults):,}" if len(faults) < _MOST_TOLD else f"at least {len(faults):,}"
        places = "place" if len(faults) == 1 else "places"
        shown = "" if len(findings) == len(faults) else f"; the first {len(findings)} are listed"
        name = etree.QName(element).localname
        return Invalid(f"{name} breaks its XSD in {count} {places}{shown}.", findings)

    def _judge(self, element: etree._Element, at_most: int) -> tuple[Fault, ...]:
        deciding = self.compiled()
        large = self._is_large(element)
        if not large and deciding.validate(element):
            return ()
        if large and passes(_pieces(etree.tostring(element, with_tail=False)), deciding):
            return ()
        with _long_texts_cut(element):
            found = spot(_pieces(etree.tostring(element, with_tail=False)), deciding, at_most)
        wanted = {one.ordinal for one in found}
        elements = {at: item for at, item in enumerate(element.iter(etree.Element)) if at in wanted}
        return tuple(Fault(elements[one.ordinal], one.attribute, one.kind, one.message) for one in found)

    def _is_large(self, element: etree._Element) -> bool:
        # Elements of foreign namespaces stand behind wildcards and are not validated: an envelope is
        # small however large its payload. Positional XPath stops counting at the limit. Most messages are
        # small whatever one counts, and need but one question.
        return bool(self._crowd(element)) and any(crowd(element) for crowd in self._crowds)

    def compiled(self) -> etree.XMLSchema:
        """What lxml makes of the file; made once. Raises ``UnusableSchemaError``."""
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


@contextmanager
def _long_texts_cut(element: etree._Element) -> Iterator[None]:
    """Cut texts of megabytes while the document is explained: libxml2 would hold each several times over."""
    elements = element.xpath(f"descendant-or-self::*[string-length(text()) > {_LONGEST_TEXT}]")
    long = [(item, item.text or "") for item in cast("list[etree._Element]", elements)]
    for item, text in long:
        item.text = text[:_LONGEST_TEXT]
    try:
        yield
    finally:
        for item, text in long:
            item.text = text


def _pieces(data: bytes) -> Iterator[bytes]:
    return (data[start : start + _PIECE] for start in range(0, len(data), _PIECE))


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
