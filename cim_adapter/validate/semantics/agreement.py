"""Whether a message agrees with itself, and with those before it."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator

from lxml import etree

from cim_adapter.envelope import OPERATION_SET, Verb
from cim_adapter.validate.semantics.sense import Sense
from cim_adapter.xmltree import children, local, namespace


class Agreement:
    """Remembers, by a digest, each MessageID and where it was first."""

    def __init__(self) -> None:
        self._first: dict[bytes, str] = {}

    def of(self, root: etree._Element, name: str) -> Iterator[Sense]:
        """What is wrong with the header in the tree of the document ``name``."""
        for header in root.iter("{*}Header"):
            carrier = header.getparent()
            parts = dict(children(header))
            if carrier is None or "Verb" not in parts or "Noun" not in parts:
                continue
            yield from _noun(parts["Noun"], carrier)
            yield from _verb(parts["Verb"], parts["Noun"], carrier)
            if "MessageID" in parts:
                yield from self._message_id(parts["MessageID"], name)

    def _message_id(self, element: etree._Element, name: str) -> Iterator[Sense]:
        text = (element.text or "").strip()
        digest = hashlib.blake2b(text.encode(errors="replace"), digest_size=16).digest()
        first = self._first.setdefault(digest, name)
        if text and first != name:
            yield Sense(
                element=element,
                rule="duplicate MessageID",
                value=text,
                found=f"the MessageID of {first}",
                expected="a MessageID of its own",
                why="The second message of a MessageID is taken for a repetition of the first, or refused.",
            )


def _noun(element: etree._Element, carrier: etree._Element) -> Iterator[Sense]:
    noun = (element.text or "").strip()
    for part, found in children(carrier):
        if part not in ("Payload", "Request") or noun == OPERATION_SET:
            continue
        for child in found.iterchildren(etree.Element):
            stated = local(child).removeprefix("Get")
            if namespace(child) not in (namespace(found), namespace(element), "") and stated != noun:
                yield Sense(
                    element=element,
                    rule="noun",
                    value=noun,
                    found=f"Noun {noun[:80]!r} and {local(child)} in {part}",
                    expected=f"Noun {stated}",
                    why="The noun of a message is the name of the profile that it carries.",
                    proposal=f"write {stated}",
                )


def _verb(element: etree._Element, noun: etree._Element, carrier: etree._Element) -> Iterator[Sense]:
    """Of a typed root, which begins with its verb."""
    verb = (element.text or "").strip()
    rooted = local(carrier).removesuffix((noun.text or "").strip()).lower()
    if namespace(carrier) != namespace(element) and Verb.knows(rooted) and Verb.knows(verb) and rooted != verb:
        is_late_reply = verb == Verb.REPLY and Verb(rooted).is_event
        if not is_late_reply:
            yield Sense(
                element=element,
                rule="verb",
                value=verb,
                found=f"Verb {verb} in {local(carrier)}",
                expected=f"Verb {rooted}",
                why="A typed message is called by its verb and its noun.",
                proposal=f"write {rooted}",
            )
