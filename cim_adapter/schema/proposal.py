"""What would mend a mistake: a change to one element, in words and as a deed.

A proposal is made only where one change is most probably what the sender meant. It is applied to a parsed tree,
so that what it says can be tried: what was proposed and does not help is no proposal.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from lxml import etree

from cim_adapter.xmltree import local, namespace


class Proposal(Protocol):
    """``action`` is one word for programs. ``text`` is a sentence for people, without the full stop."""

    @property
    def action(self) -> str: ...

    @property
    def text(self) -> str: ...

    def apply(self) -> None:
        """Change the tree."""


@dataclass(frozen=True, slots=True)
class Rename:
    """Call the element ``tag`` (Clark name), which the content model has."""

    element: etree._Element
    tag: str
    action = "rename"

    @property
    def text(self) -> str:
        return f"write {local_name(self.tag)} instead of {local(self.element)}"

    def apply(self) -> None:
        self.element.tag = self.tag


@dataclass(frozen=True, slots=True)
class Requalify:
    """Put the element, and all in it that shares its namespace, into the namespace ``wanted``."""

    element: etree._Element
    wanted: str
    action = "namespace"

    @property
    def text(self) -> str:
        prefix = f":{self.element.prefix}" if self.element.prefix else ""
        return f'write xmlns{prefix}="{self.wanted}" for {local(self.element)}'

    def apply(self) -> None:
        found = namespace(self.element)
        for item in list(self.element.iter(etree.Element)):
            if namespace(item) == found:
                item.tag = f"{{{self.wanted}}}{local(item)}" if self.wanted else local(item)


@dataclass(frozen=True, slots=True)
class MoveBefore:
    """Put the element in front of ``sibling``: the order counts."""

    element: etree._Element
    sibling: etree._Element
    action = "move"

    @property
    def text(self) -> str:
        return f"move {local(self.element)} before {local(self.sibling)}"

    def apply(self) -> None:
        self.element.tail = None  # white space: where there is text, that is a mistake of its own
        self.sibling.addprevious(self.element)


@dataclass(frozen=True, slots=True)
class MoveBehind:
    """Put the element behind ``sibling``: the order counts."""

    element: etree._Element
    sibling: etree._Element
    action = "move"

    @property
    def text(self) -> str:
        return f"move {local(self.element)} behind {local(self.sibling)}"

    def apply(self) -> None:
        self.element.tail = None
        self.sibling.addnext(self.element)


@dataclass(frozen=True, slots=True)
class Remove:
    """Take the element away."""

    element: etree._Element
    action = "remove"

    @property
    def text(self) -> str:
        return f"remove {local(self.element)}"

    def apply(self) -> None:
        parent = self.element.getparent()
        if parent is not None:
            self.element.tail = None
            parent.remove(self.element)


@dataclass(frozen=True, slots=True)
class Write:
    """Write another value: the text of the element, or that of its ``attribute`` (Clark name)."""

    element: etree._Element
    value: str
    attribute: str = ""
    action = "write"

    @property
    def text(self) -> str:
        return f"write {self.value}"

    def apply(self) -> None:
        if self.attribute:
            self.element.set(self.attribute, self.value)
        else:
            self.element.text = self.value


@dataclass(frozen=True, slots=True)
class RenameAttribute:
    """Call the attribute ``name``."""

    element: etree._Element
    attribute: str
    name: str
    action = "rename attribute"

    @property
    def text(self) -> str:
        return f"write {self.name}= instead of {local_name(self.attribute)}="

    def apply(self) -> None:
        value = self.element.get(self.attribute)
        if value is not None:
            del self.element.attrib[self.attribute]
            self.element.set(self.name, value)


@dataclass(frozen=True, slots=True)
class RemoveAttribute:
    """Take the attribute away."""

    element: etree._Element
    attribute: str
    action = "remove attribute"

    @property
    def text(self) -> str:
        return f"remove the attribute {local_name(self.attribute)}"

    def apply(self) -> None:
        if self.element.get(self.attribute) is not None:
            del self.element.attrib[self.attribute]


@dataclass(frozen=True, slots=True)
class IntoReference:
    """Move the text of a reference, which has none, into its attribute ``ref``."""

    element: etree._Element
    action = "reference"

    @property
    def text(self) -> str:
        return f'write <{local(self.element)} ref="{(self.element.text or "").strip()[:60]}"/>'

    def apply(self) -> None:
        self.element.set("ref", (self.element.text or "").strip())
        self.element.text = None


@dataclass(frozen=True, slots=True)
class Strip:
    """Take away what an element cannot hold: its text (``kind`` text) or the elements in it."""

    element: etree._Element
    kind: str
    action = "strip"

    @property
    def text(self) -> str:
        what = "text between the elements" if len(self.element) and self.kind == "text" else self.kind
        return f"remove the {what} in {local(self.element)}"

    def apply(self) -> None:
        if self.kind == "text":
            self.element.text = None
            for child in self.element:
                child.tail = None
        else:
            self.element.text = "".join(str(text) for text in self.element.itertext()).strip()
            del self.element[:]


def local_name(tag: str) -> str:
    """The part of a Clark name behind the namespace."""
    return tag[tag.rfind("}") + 1 :]
