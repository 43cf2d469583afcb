"""The passes in which a stream goes through the parts of an answer: see ``streams``."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

from lxml import etree

from cim_adapter.envelope import Reply
from cim_adapter.nouns.identity_xml import read_identity
from cim_adapter.xmltree import canonical, children, local

_RECENT = 10_000  # definitions of which is known what was told of them last

Order = Callable[[etree._Element, etree._Element], Sequence[str]]
"""The local names that an element under a root may hold, in the order of the XSD."""


class IdsChangedError(Exception):
    """What Reply/ID said is not what the payload holds. They belong together by their order: neither is true."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pass:
    """Tells of every part the elements of one ``name`` in the root of one ``tag``, which is declared with these
    ``prefixes``; without a tag, the roots that are documents of their own.
    """

    tag: str | None = None
    prefixes: dict[str, str] = field(default_factory=dict)
    name: str | None = None


class Survey:
    """What a pass has seen, which is little: roots, the names of what is in them, and which IDs were told.

    ``apart``: whether a root is a document of its own.
    """

    def __init__(self, apart: Callable[[etree._Element], bool]) -> None:
        self.apart = apart
        self.ids = hashlib.sha256()
        self._roots: dict[str, tuple[dict[str, str], dict[str, None]]] = {}
        self._any_apart = False

    def note(self, reply: Reply) -> None:
        """See what a part holds."""
        _add_ids(self.ids, reply)
        for root in reply.payload:
            if self.apart(root):
                self._any_apart = True
                continue
            prefixes = {prefix: name for prefix, name in root.nsmap.items() if prefix}
            _, names = self._roots.setdefault(root.tag, (prefixes, {}))
            names.update((name, None) for name, _ in children(root))

    def passes(self, order: Order) -> tuple[Pass, ...]:
        """Those that tell it all: root by root, and in each its elements in the order of the XSD."""
        found = [
            Pass(tag=tag, prefixes=prefixes, name=name)
            for tag, (prefixes, names) in self._roots.items()
            for name in _arranged(names, etree.Element(tag), order)
        ]
        return tuple(found) if not self._any_apart else (*found, Pass())

    @property
    def one_document(self) -> bool:
        """Whether all of it is."""
        return len(self._roots) == 1 and not self._any_apart


class Progress:
    """A pass on its way. It knows what it ``tells``, and which definitions it told lately, for many objects share
    one.
    """

    def __init__(self, tells: Pass, survey: Survey, is_definition: Callable[[str], bool]) -> None:
        self.tells = tells
        self._survey = survey
        self._is_definition = is_definition
        self._recent: dict[str, bytes] = {}
        self._ids = hashlib.sha256()

    def of(self, reply: Reply) -> tuple[tuple[etree._Element, ...], int]:
        """What it has to tell of a part, and how many objects that are."""
        _add_ids(self._ids, reply)
        if self.tells.tag is None:
            found = tuple(filter(self._survey.apart, reply.payload))
            return found, len(found)
        is_definition = self._is_definition(self.tells.name or "")
        roots = [root for root in reply.payload if root.tag == self.tells.tag and not self._survey.apart(root)]
        for root in roots:
            for child in list(root):
                if local(child) != self.tells.name or (is_definition and self._is_told(child)):
                    root.remove(child)
        count = 0 if is_definition else sum(map(len, roots))
        return tuple(roots) or (etree.Element(self.tells.tag, nsmap=self.tells.prefixes),), count

    def end(self) -> None:
        """All of it is told. Raises IdsChangedError."""
        if self._ids.digest() != self._survey.ids.digest():
            raise IdsChangedError("objects were stored, changed or deleted while their IDs were told")

    def _is_told(self, definition: etree._Element) -> bool:
        """Whether this was the last to be told of what it defines. It is now."""
        key = f"{local(definition)} {read_identity(definition)}"
        known, told = self._recent.pop(key, None), hashlib.sha256(canonical(definition)).digest()
        self._recent[key] = told
        if len(self._recent) > _RECENT:
            del self._recent[next(iter(self._recent))]
        return known == told


def _arranged(names: Iterable[str], root: etree._Element, order: Order) -> list[str]:
    place = {name: position for position, name in reversed(list(enumerate(order(root, root))))}
    return sorted(names, key=lambda name: place.get(name, len(place)))


def _add_ids(digest: hashlib._Hash, reply: Reply) -> None:
    for identifier in reply.ids:
        digest.update(f"{len(identifier.value)} {identifier.value} ".encode())
