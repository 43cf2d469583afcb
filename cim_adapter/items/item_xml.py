"""How the items of a resource stand in their profile: what events and controls have in common."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Any, Protocol

import msgspec
from lxml import etree

from cim_adapter.envelope import ID, Error
from cim_adapter.items.findings import Findings
from cim_adapter.items.profile_xml import ProfileXml
from cim_adapter.store.objects import Identity


class ItemXml(Protocol):
    """How the items of a resource stand in their profile."""

    @property
    def item(self) -> type[msgspec.Struct]: ...

    @property
    def noun(self) -> str: ...

    @property
    def element(self) -> str: ...

    @property
    def member(self) -> str: ...

    @property
    def type_parameter(self) -> str:
        """The parameter of a query that says what happened, or is to be done."""

    @property
    def parameters(self) -> tuple[str, ...]:
        """Those of a query."""

    @property
    def xml(self) -> ProfileXml: ...

    @property
    def states(self) -> tuple[str, ...]: ...

    @property
    def told_only(self) -> tuple[str, ...]: ...

    @property
    def covered(self) -> frozenset[str] | None:
        """The elements that members stand for; a change takes the place of the others, too. None: it does not."""

    def check(self, item: Any, pointer: str, findings: Findings) -> None:
        """Adds what the struct could not say."""

    def write(self, parent: etree._Element, item: Any, device: Identity | None, point: Identity | None) -> None:
        """Adds the element of an item that was checked."""

    def read(self, element: etree._Element) -> Any:
        """What an element says."""

    def named(self, element: etree._Element) -> ID | None:
        """How a Reply names an element; None where it has nothing to name it by."""

    def about(self, error: Error) -> ID | None:
        """Which item an Error of level INFORM tells of."""

    def tell(self, item: Any, told: Sequence[Error]) -> None:
        """Adds what a Reply tells of an item beside the profile."""


def tell_each(xml: ItemXml, pairs: Sequence[tuple[Any, etree._Element]], told: Iterable[Error]) -> None:
    """Adds to items, each with its element, what a Reply tells of them.

    Items may share a name, as the issuerTrackingID of what happened and of its end. The Reply then does not say
    of which of them it tells, unless it tells of each: they stay as they were read.
    """
    about: dict[ID, list[Error]] = defaultdict(list)
    for error in told:
        if (name := xml.about(error)) is not None:
            about[name].append(error)
    if not about:
        return
    namesakes: dict[ID, list[Any]] = defaultdict(list)
    for item, element in pairs:
        if (name := xml.named(element)) is not None:
            namesakes[name].append(item)
    for name, errors in about.items():
        items = namesakes[name]
        if len(items) == 1:
            xml.tell(items[0], errors)
        elif len(items) == len(errors):
            for item, error in zip(items, errors, strict=True):  # both are in the order of the profile
                xml.tell(item, [error])
