"""Finding everything: what is wrong is mended in the tree, and it is looked at again.

A validator passes over what stands behind an element that it did not expect. Here each mistake is told, its
proposal is carried out (or, where there is none, what is in the way is put aside), and the document is checked
once more, until nothing new is found. So every proposal that is made has also been tried.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

from lxml import etree

from cim_adapter.schema.explanation import Explained
from cim_adapter.validate.origin import Origin
from cim_adapter.validate.why import why
from cim_adapter.xmltree import namespace

#: Elements looked at, over all rounds: a document with very many hidden mistakes is not followed to the end.
_MOST_WORK = 2_000_000


@dataclass(frozen=True, slots=True)
class Told:
    """One mistake in words, and the path of its element, as the document came: later the tree is another."""

    explained: Explained
    path: str
    why: str
    proposal: str
    action: str

    @classmethod
    def now(cls, explained: Explained, path: str) -> Told:
        """In the words that fit the tree as it is."""
        proposal = explained.proposal
        return cls(
            explained,
            path,
            why=why(explained),
            proposal=proposal.text if proposal else "",
            action=proposal.action if proposal else "",
        )


@dataclass(frozen=True, slots=True)
class Outcome:
    """``whole``: nothing is wrong with the tree any more, and nothing but proposals was done to it."""

    told: Sequence[Told] = ()
    origin: Origin | None = None
    whole: bool = True
    more: bool = False


#: All that is wrong with a tree now, as far as it can be seen.
Look = Callable[[etree._Element], Iterable[Explained]]


def examine(root: etree._Element, look: Look) -> Outcome:
    """Look, mend, and look again; ``root`` is changed in place."""
    first = list(look(root))
    if not first:
        return Outcome()
    origin = Origin(root)
    told: dict[tuple[etree._Element, str, str], Told] = {}
    aside, work, found = False, 0, first
    while found:
        new = list(_unseen(found, told, origin))
        for explained in new:
            aside = _mend(explained) or aside
        work += len(origin)
        if not new or work > _MOST_WORK:
            break
        found = list(look(root))
    return Outcome(tuple(told.values()), origin, whole=not found and not aside, more=work > _MOST_WORK)


def _unseen(
    found: Sequence[Explained], told: dict[tuple[etree._Element, str, str], Told], origin: Origin
) -> Iterator[Explained]:
    for explained in found:
        fault = explained.fault
        key = (fault.element, fault.attribute, explained.rule)
        if fault.element in origin and key not in told:
            told[key] = Told.now(explained, origin.path(fault.element, explained.finding.path))
            yield explained


def _mend(explained: Explained) -> bool:
    """Carry the proposal out; without one, clear the way for what follows, and return True."""
    element = explained.fault.element
    if explained.proposal is not None:
        explained.proposal.apply()
        return False
    parent = element.getparent()
    if parent is not None and explained.rule == "missing before":
        element.addprevious(etree.Element(explained.missing or f"{{{namespace(element)}}}missing"))
    elif parent is not None and explained.rule in ("twice", "unknown"):
        parent.remove(element)
    return True
