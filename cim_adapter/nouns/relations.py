"""From what a message names to the devices that are meant: members of groups, meters of usage points."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator

from cim_adapter.nouns.registry import Call
from cim_adapter.store import configs, links, objects
from cim_adapter.store.objects import Identity
from cim_adapter.store.readings import FOREVER
from cim_adapter.store.transaction import Reader, Transaction

Window = tuple[int, int]
"""First and last instant."""
Scope = dict[int, list[Window]]
"""Objects, each with the windows in which it belongs to what was asked for."""

_MEMBERS = {"EndDeviceGroup": "Meter", "UsagePointGroup": "UsagePoint"}
# From whom to what: whoever asks by a customer is not shown the neighbours at the same place.
_DOWNWARD = (
    "Customer",
    "CustomerAccount",
    "CustomerAgreement",
    "ServiceCategory",
    "ServiceLocation",
    "UsagePointLocation",
    "UsagePoint",
    "Meter",
)


def is_group(kind: str) -> bool:
    return kind in _MEMBERS


def admit(call: Call, transaction: Transaction, kind: str, identity: Identity) -> int | None:
    """A device that a message names; made known where it is not. None where ``unknown_devices`` refuses it."""
    if call.settings.unknown_devices == "accept":
        return objects.resolve(transaction, kind, identity)
    return next(iter(objects.known(transaction, kind, identity)), None)


def members(reader: Reader, kind: str, group_id: int) -> list[int]:
    """The devices (or usage points) of a group, by its latest configuration."""
    ids = configs.references(reader, f"{kind}s", group_id)
    kinds = objects.kinds(reader, ids)
    return [i for i in ids if kinds.get(i) == _MEMBERS[kind]]


def meters_at(reader: Reader, usage_points: Iterable[int], at: int) -> dict[int, list[int]]:
    """Usage point → the meters that are linked to it at the instant ``at``."""
    found: dict[int, list[int]] = {}
    for link in links.links(reader, usage_points, kinds=("Meter",), window=(at, at)):
        found.setdefault(link.one.id, []).append(link.other.id)
    return found


def belonging(reader: Reader, kind: str, ids: Iterable[int]) -> Scope:
    """``ids``, objects of ``kind``, and every usage point and meter that belongs to them: by links for the
    time that these hold, by the latest configurations for all time.
    """
    reached: dict[str, Scope] = {name: {} for name in _DOWNWARD}
    reached.setdefault(kind, {}).update((i, [FOREVER]) for i in ids)
    for place, name in enumerate(_DOWNWARD):
        lower = frozenset(_DOWNWARD[place + 1 :])
        for other, other_kind, window in _next(reader, name, reached[name], lower):
            windows = reached[other_kind].setdefault(other, [])
            if window not in windows:
                windows.append(window)
    return {i: windows for scope in reached.values() for i, windows in scope.items()}


def _next(reader: Reader, kind: str, scope: Scope, lower: Collection[str]) -> Iterator[tuple[int, str, Window]]:
    """The objects of lower kinds that belong to those of ``scope``, with the window in which they do."""
    if not scope or not lower:
        return
    for link in links.links(reader, scope, kinds=lower):
        end = FOREVER[1] if link.end is None else link.end - 1
        for first, last in scope[link.one.id]:
            window = max(first, link.start), min(last, end)
            if window[0] <= window[1]:
                yield link.other.id, link.other.kind, window
    if kind == "UsagePoint":
        return  # no profile says which meter it has
    together: dict[tuple[Window, ...], list[int]] = {}
    for i, windows in scope.items():
        together.setdefault(tuple(windows), []).append(i)
    for windows_of_all, named in together.items():
        for i, found in objects.kinds(reader, configs.neighbours(reader, named)).items():
            if found in lower:
                yield from ((i, found, window) for window in windows_of_all)


def reaches(scope: Scope, ids: Iterable[int | None], start: int, end: int) -> bool:
    """Whether one of ``ids`` is in ``scope`` at an instant from ``start`` to ``end``."""
    return any(first <= end and start <= last for i in ids if i is not None for first, last in scope.get(i, ()))
