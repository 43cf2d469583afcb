"""From JSON to XML.

Says all that cannot be translated, each with its JSON Pointer; whether the document is valid is for the XSD
to say. Works from the root down without recursion.
"""

from __future__ import annotations

from collections import deque
from decimal import Decimal
from typing import Any, NoReturn

from lxml import etree

from cim_adapter.errors import Finding, Invalid, OverBudget
from cim_adapter.schema.bridge.literals import LONGEST_NUMBER, to_text
from cim_adapter.schema.bridge.plan import (
    CONTENT,
    NAMESPACE,
    VALUE,
    XSI_NIL,
    XSI_TYPE,
    Child,
    Kind,
    Simple,
    Type,
    split,
)
from cim_adapter.schema.bridge.plans import Plans
from cim_adapter.schema.bridge.pointer import Path, pointer
from cim_adapter.schema.budget import MAX_DEPTH
from cim_adapter.schema.explanation import MAX_FINDINGS
from cim_adapter.schema.values import nearest
from cim_adapter.schema.wording import quoted

_XMLNS = "http://www.w3.org/2000/xmlns/"
_QUALIFIED_NAME = Simple(kind=Kind.QNAME)
_PLAIN = Simple(kind=Kind.TEXT)
_EXPECTED = {
    Kind.TEXT: "a string",
    Kind.BOOLEAN: "true or false",
    Kind.INTEGER: "an integer",
    Kind.DECIMAL: "a number",
    Kind.FLOAT: "a number",
    Kind.QNAME: "a string such as '{namespace}name'",
}


class XmlBuilder:
    """Builds one tree."""

    def __init__(self, plans: Plans) -> None:
        self._plans = plans
        self._findings: list[Finding] = []
        self._waiting: deque[tuple[etree._Element, dict[str, Any], Type, Path, int]] = deque()

    def build(self, tag: str, value: Any, type_: Type) -> etree._Element:
        """An element called ``tag`` that says what ``value`` says.

        Raises Invalid for what cannot be translated, OverBudget for what is deeper than XML may be.
        """
        self._root = root = etree.Element(tag)
        self._take(root, value, type_, None, 1)
        while self._waiting:
            self._fill(*self._waiting.popleft())
        if self._findings:
            self._refuse()
        return root

    # --------------------------------------------------------------------------------- elements

    def _take(self, element: etree._Element, value: Any, type_: Type, path: Path, depth: int) -> None:
        if type(value) is dict:
            if depth >= MAX_DEPTH:
                finding = self._finding(path, "an object", f"elements at most {MAX_DEPTH} deep", "")
                raise OverBudget(f"The JSON makes elements more than {MAX_DEPTH} deep.", [finding])
            self._waiting.append((element, value, type_, path, depth))
        elif type_.text is not None:
            self._set_text(element, value, type_.text, path)
        elif type_.loose and type(value) is str:
            self._set_text(element, value, _PLAIN, path)
        else:
            self._wrong_type(path, value, "an object")

    def _fill(self, element: etree._Element, value: dict[str, Any], type_: Type, path: Path, depth: int) -> None:
        known = type_.members
        places: list[tuple[int, Child, Any, Path]] = []
        for name, item in value.items():
            child = known.get(name)
            own = (path, name)
            if child is not None and child.at is not None:
                places.append((child.at, child, item, own))
            elif name[:1] == "$":
                self._reserved(element, name, item, type_, own, depth)
            elif name in type_.attribute_members or name[:1] == "{" or type_.generic:
                self._set_attribute(element, name, item, type_, own)
            else:
                places += self._foreign(element, name, item, type_, own)
        if places:
            if CONTENT in value:
                advice = f"Write all of them as items of {CONTENT}, or none."
                self._wrong(path, f"{CONTENT} beside {places[0][1].name}", f"one of the two: {CONTENT}", advice)
            places.sort(key=_at)
            for _, child, item, own in places:
                self._place(element, child, item, own, depth)

    def _place(self, parent: etree._Element, child: Child, value: Any, path: Path, depth: int) -> None:
        if not child.repeated:
            self._add(parent, child, value, path, depth)
        elif type(value) is list:
            for index, item in enumerate(value):
                self._add(parent, child, item, (path, index), depth)
        else:
            self._wrong(path, _described(value), "an array", "Write [ ] around it, also where there is only one.")

    def _add(self, parent: etree._Element, child: Child, value: Any, path: Path, depth: int) -> None:
        element = etree.SubElement(parent, child.tag)
        if child.leaf is Kind.TEXT and type(value) is str:
            try:
                element.text = value
            except ValueError:
                self._unwritable(path, value)
        elif value is None and child.nillable:
            element.set(XSI_NIL, "true")
        else:
            self._take(element, value, child.type, path, depth + 1)

    def _foreign(
        self, parent: etree._Element, name: str, value: Any, type_: Type, path: Path
    ) -> list[tuple[int, Child, Any, Path]]:
        """The elements of one member that only a wildcard allows: one, or an array of several."""
        places: list[tuple[int, Child, Any, Path]] = []
        items = (
            [((path, index), item) for index, item in enumerate(value)] if type(value) is list else [(path, value)]
        )
        for own, item in items:
            child = self._resolve(parent, name, item, type_, own)
            if child is None or child.at is None:
                self._unknown(name, type_, parent, path)
                break
            places.append((child.at, child, item, own))
        return places

    def _resolve(self, parent: etree._Element, name: str, value: Any, type_: Type, path: Path) -> Child | None:
        """What ``name`` means here: by the namespace that it says, else by what the catalogue knows."""
        said = value.get(NAMESPACE) if type(value) is dict else None
        try:
            if type(said) is str:
                tag: str | None = etree.QName(said or None, name).text
            else:
                tag = self._plans.tag(type_, name, split(parent.tag)[0])
        except ValueError:  # no name, or no namespace, that XML can write
            return None
        return None if tag is None or _XMLNS in tag else self._plans.child(type_, tag)

    # --------------------------------------------------------------------------- reserved members

    def _reserved(
        self, element: etree._Element, name: str, value: Any, type_: Type, path: Path, depth: int
    ) -> None:
        if name == NAMESPACE:
            namespace = split(element.tag)[0]
            if value != namespace:
                self._wrong(path, _described(value), f"the namespace {namespace!r}", "Or leave it out.")
        elif name == CONTENT:
            self._content(element, value, type_, path, depth)
        elif name == VALUE and (type_.text is not None or type_.loose):
            self._set_text(element, value, type_.text or _PLAIN, path)
        else:
            self._unknown(name, type_, element, path)

    def _content(self, element: etree._Element, value: Any, type_: Type, path: Path, depth: int) -> None:
        """Text and children in order. Texts side by side are joined once: they may be many."""
        if type(value) is not list:
            self._wrong_type(path, value, "an array")
            return
        texts: list[str] = []
        last: etree._Element | None = None
        for index, item in enumerate(value):
            if type(item) is str:
                texts.append(item)
            elif type(item) is dict and len(item) == 1:
                self._join(element, last, texts, path)
                ((name, inner),) = item.items()
                own = ((path, index), name)
                child = self._resolve(element, name, inner, type_, own)
                if child is None:
                    self._unknown(name, type_, element, own)
                else:
                    self._add(element, child, inner, own, depth)
                    last = element[-1]
            else:
                self._wrong((path, index), _described(item), "a string, or an object with one member", "")
        self._join(element, last, texts, path)

    def _join(self, element: etree._Element, last: etree._Element | None, texts: list[str], path: Path) -> None:
        text = "".join(texts)
        texts.clear()
        if text:
            try:
                if last is None:
                    element.text = text
                else:
                    last.tail = text
            except ValueError:
                self._unwritable(path, text)

    # ------------------------------------------------------------------------ text and attributes

    def _set_text(self, element: etree._Element, value: Any, simple: Simple, path: Path) -> None:
        text = self._text(element, value, simple, path)
        if text is not None:
            try:
                element.text = text
            except ValueError:
                self._unwritable(path, text)

    def _set_attribute(self, element: etree._Element, member: str, value: Any, type_: Type, path: Path) -> None:
        declared = type_.attribute_members.get(member)
        if declared is not None:
            name, simple = declared.name, declared.simple
        else:
            name = member.removeprefix("{}")
            simple = _QUALIFIED_NAME if name == XSI_TYPE else _PLAIN
        text = self._text(element, value, simple, path)
        if text is None:
            return
        namespace, local = split(name)
        if namespace == _XMLNS or (not namespace and local == "xmlns"):
            self._wrong(path, local[:80], "an attribute", f"A namespace is said by {NAMESPACE}.")
            return
        try:
            element.set(name, text)
        except ValueError:
            self._wrong(path, f"{quoted(member)}: {quoted(text)}", "a name and a text that XML can write", "")

    def _text(self, element: etree._Element, value: Any, simple: Simple, path: Path) -> str | None:
        try:
            text = to_text(value, simple.kind, element)
        except ValueError:
            self._unwritable(path, value)
            return None
        if text is None:
            self._wrong_type(path, value, _EXPECTED[simple.kind])
        return text

    # ------------------------------------------------------------------------------------ findings

    def _unknown(self, name: str, type_: Type, element: etree._Element, path: Path) -> None:
        names = self._plans.names(type_)
        within = split(element.tag)[1]
        guess = nearest(name, names)
        advice = f"{within} has no such member"
        advice += f"; nearest is '{guess}'." if guess else "."
        if type_.wildcards:
            advice += f' An element that no XSD knows says where it is from: {{"{NAMESPACE}": …}}.'
        expected = ", ".join(names[:14]) + (", …" if len(names) > 14 else "")
        self._wrong(path, f"member {quoted(name)}", f"one of {expected}" if names else "no such member", advice)

    def _wrong_type(self, path: Path, value: Any, expected: str) -> None:
        advice = ""
        if value is None:
            advice = "Leave the member out where there is nothing to say."
        elif type(value) is list:
            advice = "There can be one only: write it without [ ]."
        elif expected == _EXPECTED[Kind.TEXT] and isinstance(value, bool | int | Decimal):
            advice = "Write it in quotes."
        elif isinstance(value, int | Decimal) and not isinstance(value, bool):
            advice = f"A number may have up to {LONGEST_NUMBER} digits."
        self._wrong(path, _described(value), expected, advice)

    def _unwritable(self, path: Path, value: Any) -> None:
        advice = "Remove it: XML has no way to write control characters and lone surrogates."
        self._wrong(path, quoted(str(value)), "characters that XML can write", advice)

    def _wrong(self, path: Path, found: str, expected: str, advice: str) -> None:
        self._findings.append(self._finding(path, found, expected, advice))
        if len(self._findings) >= MAX_FINDINGS:
            self._refuse()

    @staticmethod
    def _finding(path: Path, found: str, expected: str, advice: str) -> Finding:
        return Finding(line=0, path=pointer(path), found=found, expected=expected, advice=advice)

    def _refuse(self) -> NoReturn:
        name = split(self._root.tag)[1]
        count = len(self._findings)
        places = "place" if count == 1 else "places"
        least = "at least " if count >= MAX_FINDINGS else ""
        raise Invalid(f"This JSON is no {name}, in {least}{count} {places}.", self._findings)


def _at(place: tuple[int, Child, Any, Path]) -> int:
    return place[0]


def _described(value: Any) -> str:
    if value is None:
        return "null"
    if isinstance(value, dict):
        return "an object"
    if isinstance(value, list):
        return "an array"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str):
        return quoted(value)
    if isinstance(value, int) and value.bit_length() > 1_000:
        return "a very long number"
    return f"the number {str(value)[:80]}"
