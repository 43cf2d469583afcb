"""From XML to JSON.

Works from the root down without recursion: each object is made empty, put where it belongs, and filled when
its turn comes.
"""

from __future__ import annotations

from typing import Any

from lxml import etree

from cim_adapter.schema.bridge.literals import to_literal
from cim_adapter.schema.bridge.plan import (
    CONTENT,
    NAMESPACE,
    VALUE,
    WHITE,
    XSI_NIL,
    XSI_TYPE,
    Child,
    Kind,
    Type,
    split,
)
from cim_adapter.schema.bridge.plans import Plans

_Members = dict[str, Any]


class JsonWriter:
    """Writes one tree of our parser, which leaves no comments in it."""

    def __init__(self, plans: Plans) -> None:
        self._plans = plans
        self._waiting: list[tuple[etree._Element, Type, _Members]] = []

    def write(self, root: etree._Element, type_: Type) -> Any:
        """The JSON value of ``root``: dicts, lists, str, bool, int and Decimal."""
        value = self._value(root, type_)
        while self._waiting:
            self._fill(*self._waiting.pop())
        return value

    def _value(self, element: etree._Element, type_: Type) -> Any:
        """The value of ``element``; an object with children is still to be filled."""
        members = self._attributes(element, type_) if element.keys() else {}
        text = element.text
        if len(element) or (type_.text is None and _is_text(text)):
            self._waiting.append((element, type_, members))
            return members
        if type_.text is None:
            return members
        literal = to_literal(text or "", type_.text.kind, element)
        if not members and not type_.attributes:
            return literal
        if text:
            members[VALUE] = literal
        return members

    def _attributes(self, element: etree._Element, type_: Type) -> _Members:
        members: _Members = {}
        attributes: list[tuple[str, str]] = element.items()  # type: ignore[assignment]  # the stubs think of bytes
        for name, text in attributes:
            declared = type_.attributes.get(name)
            if declared is not None:
                members[declared.member] = to_literal(text, declared.simple.kind, element)
            elif type_.generic and name[0] != "{":
                members[name] = text
            else:
                kind = Kind.QNAME if name == XSI_TYPE else Kind.TEXT
                members[name if name[0] == "{" else f"{{}}{name}"] = to_literal(text, kind, element)
        return members

    def _fill(self, element: etree._Element, type_: Type, members: _Members) -> None:
        children = list(element)
        places = self._places(element, children, type_)
        if places is None:
            members[CONTENT] = self._content(element, children, type_)
            return
        for place, child in zip(places, children, strict=True):
            name = place.name
            if place.leaf is Kind.TEXT and not child.keys() and not len(child):
                value = child.text or ""
            elif place.foreign:
                value = self._foreign(child, place, type_, split(element.tag)[0])
            else:
                value = self._child(child, place)
            if place.repeated:
                array = members.get(name)
                if array is None:
                    members[name] = [value]
                else:
                    array.append(value)
            elif name not in members:
                members[name] = value
            elif isinstance(members[name], list):  # a wildcard has taken several of one name
                members[name].append(value)
            else:
                members[name] = [members[name], value]

    def _child(self, element: etree._Element, place: Child) -> Any:
        if place.nillable and element.items() == [(XSI_NIL, "true")] and not len(element) and not element.text:
            return None
        return self._value(element, place.type)

    def _foreign(self, element: etree._Element, place: Child, parent: Type, within: str) -> Any:
        """The value of an element whose name alone may not tell its namespace."""
        value = self._value(element, place.type)
        if self._plans.tag(parent, place.name, within) == place.tag:
            return value
        if not isinstance(value, dict):
            value = {VALUE: value} if value else {}
        value[NAMESPACE] = split(place.tag)[0]
        return value

    def _places(self, element: etree._Element, children: list[etree._Element], type_: Type) -> list[Child] | None:
        """What each child is, or None where members cannot tell their order, or text stands between them."""
        if type_.text is not None or type_.loose or _is_text(element.text):
            return None
        known = type_.children
        places: list[Child] = []
        guests: set[str] = set()
        last: Child | None = None
        at = -1
        for child in children:
            tail = child.tail
            if tail is not None and tail.strip(WHITE):
                return None
            place = known.get(child.tag)
            if place is None:
                place = self._plans.child(type_, child.tag)
                if place.name in guests and (last is None or last.name != place.name):
                    return None
                guests.add(place.name)
            if place is last:
                if not place.repeated:
                    return None
            elif place.at is None or place.at < at:
                return None
            else:
                at = place.at
            last = place
            places.append(place)
        return places

    def _content(self, element: etree._Element, children: list[etree._Element], type_: Type) -> list[Any]:
        """Text and children in their order, each child in an object of its own."""
        keeps_space = type_.generic or type_.loose
        within = split(element.tag)[0]
        items: list[Any] = []
        _add_text(items, element.text, keeps_space)
        for child in children:
            place = self._plans.child(type_, child.tag)
            if place.foreign or type_.members[place.name] is not place:
                value = self._foreign(child, place, type_, within)
            else:
                value = self._child(child, place)
            items.append({place.name: value})
            _add_text(items, child.tail, keeps_space)
        return items


def _is_text(text: str | None) -> bool:
    return text is not None and bool(text.strip(WHITE))


def _add_text(items: list[Any], text: str | None, keeps_space: bool) -> None:
    if text and (keeps_space or text.strip(WHITE)):
        items.append(text)
