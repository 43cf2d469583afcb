"""Walking XML by local name: what every decoder does, once."""

from __future__ import annotations

from collections.abc import Iterator

from lxml import etree


def local(element: etree._Element) -> str:
    """The tag without its namespace. (An etree.QName costs ten times as much, and this is on the hot path.)"""
    tag: str = element.tag
    return tag[tag.rfind("}") + 1 :]


def namespace(element: etree._Element) -> str:
    """The namespace of the tag; empty where it has none."""
    tag: str = element.tag
    return tag[1 : tag.rfind("}")] if tag[0] == "{" else ""


class LocalNames(dict[str, str]):
    """Tags as local names, each worked out once: for who reads many elements that are alike."""

    def __missing__(self, tag: str) -> str:
        name = self[tag] = tag[tag.rfind("}") + 1 :]
        return name


def children(parent: etree._Element) -> Iterator[tuple[str, etree._Element]]:
    """(local name, element) of each child element; comments and processing instructions are passed over."""
    for child in parent:
        tag: str = child.tag
        if tag.__class__ is str:  # not by iterchildren(etree.Element): this is on the hot path
            yield tag[tag.rfind("}") + 1 :], child


def texts(parent: etree._Element) -> dict[str, str]:
    """Local name → text of the children; an empty element has the text ``""``."""
    return {name: child.text or "" for name, child in children(parent)}


def canonical(element: etree._Element) -> bytes:
    """Exclusive canonical XML: what two elements have in common that say the same."""
    return etree.tostring(element, method="c14n", exclusive=True, with_tail=False)


def adopt(parent: etree._Element, child: etree._Element) -> None:
    """Append ``child``, which comes from another document.

    lxml lets it share the declarations of ``parent``: its namespace may then go by a prefix that it declares
    itself, for another namespace, and would be written with the wrong one. So it gets prefixes of its own.
    """
    etree.cleanup_namespaces(child)
    ours = parent.nsmap
    if any(ours.get(prefix, uri) != uri for prefix, uri in child.nsmap.items()):
        child = etree.fromstring(etree.canonicalize(child, rewrite_prefixes=True))
    parent.append(child)


def move_to_namespace(element: etree._Element, wanted: str) -> None:
    """Put all that is in the namespace of ``element`` into the namespace ``wanted``, in place."""
    for item in element.iter(f"{{{namespace(element)}}}*"):
        item.tag = f"{{{wanted}}}{local(item)}"
    etree.cleanup_namespaces(element)
