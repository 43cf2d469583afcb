"""How the items of a resource stand in their profile: what events and controls have in common."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Protocol

import msgspec
from lxml import etree

from cim_adapter.envelope import Error
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

    def tell(self, items: Sequence[Any], told: Iterable[Error]) -> None:
        """Adds what the Reply tells beside the profile."""
