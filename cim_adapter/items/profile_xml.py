"""Small pieces of profile XML that several resources write and read (facts/metering.md §1)."""

from __future__ import annotations

from lxml import etree

from cim_adapter.store.objects import Identity
from cim_adapter.xmltree import children


class ProfileXml:
    """Writes elements of one namespace."""

    def __init__(self, namespace: str) -> None:
        self.namespace = namespace
        self._tags: dict[str, str] = {}

    def root(self, name: str) -> etree._Element:
        """A document element; the namespace has a prefix, so that none is in the way of the envelope's."""
        return etree.Element(self.tag(name), nsmap={"m": self.namespace})

    def add(self, parent: etree._Element, name: str, text: str | None = None) -> etree._Element:
        """A child element."""
        element = etree.SubElement(parent, self.tag(name))
        element.text = text
        return element

    def text(self, parent: etree._Element, name: str, text: str | None) -> None:
        """A child with a text, where there is one."""
        if text is not None:
            self.add(parent, name, text)

    def ref(self, parent: etree._Element, name: str, code: str) -> None:
        """A reference by code."""
        self.add(parent, name).set("ref", code)

    def identity(self, parent: etree._Element, name: str, identity: Identity) -> etree._Element:
        """A child that says which object is meant."""
        element = self.add(parent, name)
        self.text(element, "mRID", identity.mrid)
        for item in identity.names:
            names = self.add(element, "Names")
            self.add(names, "name", item.name)
            if item.type is not None:
                type_ = self.add(names, "NameType")
                self.add(type_, "name", item.type)
                if item.authority is not None:
                    self.add(self.add(type_, "NameTypeAuthority"), "name", item.authority)
        return element

    def interval(self, parent: etree._Element, name: str, start: str | None, end: str | None) -> None:
        """A DateTimeInterval, where it says anything."""
        if start is not None or end is not None:
            element = self.add(parent, name)
            self.text(element, "end", end)
            self.text(element, "start", start)

    def tag(self, name: str) -> str:
        """The name with its namespace."""
        tag = self._tags.get(name)
        if tag is None:
            tag = self._tags[name] = f"{{{self.namespace}}}{name}"
        return tag


def called(element: etree._Element | None) -> str | None:
    """What REST calls the object of this element: its mRID, else its first name."""
    if element is None:
        return None
    for name, child in children(element):
        if name == "mRID" and child.text:
            return child.text.strip()
        if name == "Names":
            return next((inner.text or "" for part, inner in children(child) if part == "name"), None)
    return None
