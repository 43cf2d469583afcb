"""Whose readings a get asks for: meters, usage points, and what stands for several of them.

Elements of one kind are alternatives, those of different kinds narrow one another (facts/metering.md
§2.3, inferred). A group stands for its members, a transformer tank for the usage points linked to it.

Readings asked by usage point come from the meters linked to it, each for the time of its link. An
interval is stamped at its end (facts/metering.md §2.2), so one that ends with a link is the old meter's.
Of registers, which are read at the exchange itself, both meters' stands at that instant are told.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from cim_adapter.envelope import Error
from cim_adapter.nouns.object_errors import unknown
from cim_adapter.nouns.readings.filter import ReadingFilter, Window
from cim_adapter.store import configs, links, objects
from cim_adapter.store.links import Link
from cim_adapter.store.objects import Identity
from cim_adapter.store.readings import FOREVER, Kind
from cim_adapter.store.transaction import Reader

_METERS = ("Meter", "EndDeviceGroup")


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """One known object that is asked for, and the ids of the meters or usage points that it stands for."""

    kind: str
    identity: Identity
    ids: frozenset[int]

    @property
    def of_meters(self) -> bool:
        return self.kind in _METERS


@dataclass(frozen=True, slots=True, kw_only=True)
class Placement:
    """A meter measures a usage point from ``start`` to ``end``."""

    meter: int
    usage_point: int
    start: int
    end: int

    def within(self, window: Window) -> Window:
        """The part of ``window`` in which it holds."""
        return max(self.start, window[0]), min(self.end, window[1])

    def holds(self, kind: Kind, at: int) -> bool:
        """Whether a reading stamped ``at`` is one of the usage point."""
        return (self.start < at if kind is Kind.INTERVALS else self.start <= at) and at <= self.end


@dataclass(frozen=True, slots=True, kw_only=True)
class Targets:
    """Who is asked for. None: not narrowed."""

    asked: tuple[Target, ...]
    meters: frozenset[int] | None
    usage_points: frozenset[int] | None

    @property
    def nobody(self) -> bool:
        """Whether what is asked for is known to hold no meter or no usage point."""
        return frozenset() in (self.meters, self.usage_points)


def read_targets(reader: Reader, wanted: ReadingFilter, errors: list[Error]) -> Targets:
    """Finds who is asked for; an Error is added for each object that nobody has told of."""
    asked: list[Target] = []
    by_kind: dict[str, frozenset[int]] = {}
    for kind, identity in dict.fromkeys(wanted.targets):
        ids = objects.find(reader, kind, identity)
        if ids:
            asked.append(Target(kind=kind, identity=identity, ids=_stands_for(reader, kind, ids, wanted.hull)))
        else:
            errors.append(unknown(kind, identity))
        by_kind[kind] = by_kind.get(kind, frozenset()).union(asked[-1].ids if ids else ())
    return Targets(
        asked=tuple(asked),
        meters=_common(ids for kind, ids in by_kind.items() if kind in _METERS),
        usage_points=_common(ids for kind, ids in by_kind.items() if kind not in _METERS),
    )


def _stands_for(reader: Reader, kind: str, ids: list[int], window: Window) -> frozenset[int]:
    match kind:
        case "EndDeviceGroup" | "UsagePointGroup":
            return frozenset(member for id_ in ids for member in configs.references(reader, f"{kind}s", id_))
        case "TransformerTank":
            linked = links.links(reader, ids, kinds=("UsagePoint",), window=window)
            return frozenset(link.other.id for link in linked)
        case _:
            return frozenset(ids)


def _common(sets: Iterable[frozenset[int]]) -> frozenset[int] | None:
    found = list(sets)
    return frozenset.intersection(*found) if found else None


def placements(reader: Reader, targets: Targets, window: Window) -> Mapping[int, list[Placement]]:
    """By meter, where it was in ``window``, of the usage points and meters asked for."""
    found: dict[int, list[Placement]] = {}
    for link in links.links(reader, targets.usage_points or (), kinds=("Meter",), window=window):
        if targets.meters is None or link.other.id in targets.meters:
            _place(found.setdefault(link.other.id, []), link)
    return found


def _place(known: list[Placement], link: Link) -> None:
    """Add the placement of a link, which begins no earlier than those that are known."""
    end = FOREVER[1] if link.end is None else link.end
    for n, before in enumerate(known):
        if before.usage_point == link.one.id and before.end >= link.start:  # one goes on where another ends
            known[n] = Placement(meter=before.meter, usage_point=before.usage_point, start=before.start, end=end)
            return
    known.append(Placement(meter=link.other.id, usage_point=link.one.id, start=link.start, end=end))
