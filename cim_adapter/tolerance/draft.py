"""A message that is being mended, and what was let pass on the way."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass

from lxml import etree

from cim_adapter.envelope import Shape
from cim_adapter.partners import Profile, Switch
from cim_adapter.schema.faults import line_of
from cim_adapter.xmltree import children, local

_LONGEST_PLACE = 200  # characters: names of elements are the sender's


@dataclass(frozen=True, slots=True, kw_only=True)
class Use:
    """A switch that was needed: where it was first (line 0: not in the body), and how often."""

    switch: Switch
    place: str
    line: int
    times: int = 1


def as_json(uses: Collection[Use]) -> str | None:
    """What the journal keeps; None where there is nothing to keep. Places are paths, without any value."""
    if not uses:
        return None
    return json.dumps(
        [{"switch": use.switch, "place": use.place, "line": use.line, "times": use.times} for use in uses]
    )


class Draft:
    """``carrier`` is changed in place: what was sent is in the body. ``uses`` says by which switches."""

    def __init__(self, carrier: etree._Element, shape: Shape, profile: Profile) -> None:
        self.carrier = carrier
        self.shape = shape
        self._profile = profile
        self._first: dict[Switch, tuple[str, int]] = {}
        self._times: Counter[Switch] = Counter()

    @property
    def uses(self) -> tuple[Use, ...]:
        return tuple(
            Use(switch=switch, place=place, line=line, times=self._times[switch])
            for switch, (place, line) in self._first.items()
        )

    def allows(self, switch: Switch) -> bool:
        return switch in self._profile

    def part(self, name: str) -> etree._Element | None:
        """Header, Request, Reply or Payload."""
        return next((part for found, part in children(self.carrier) if found == name), None)

    def note(self, switch: Switch, element: etree._Element, inside: str = "") -> None:
        """Keep that ``switch`` was needed at ``element``, or at what is called ``inside`` in it."""
        self._times[switch] += 1
        if switch in self._first:
            return
        names = [inside] if inside else []
        node: etree._Element | None = element
        while node is not None and node is not self.carrier:
            names.append(local(node))
            node = node.getparent()
        place = "/".join(reversed(names)) or local(self.carrier)
        self._first[switch] = (place[:_LONGEST_PLACE], line_of(element))
