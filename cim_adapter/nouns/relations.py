"""From what a message names to the devices that are meant: members of groups, meters of usage points."""

from __future__ import annotations

from collections.abc import Iterable

from cim_adapter.nouns.registry import Call
from cim_adapter.store import configs, objects
from cim_adapter.store.objects import Identity
from cim_adapter.store.transaction import Reader, Transaction

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
    return next(iter(objects.find(transaction, kind, identity)), None)


def members(reader: Reader, kind: str, group_id: int) -> list[int]:
    """The devices (or usage points) of a group, by its latest configuration."""
    ids = configs.references(reader, f"{kind}s", group_id)
    kinds = objects.kinds(reader, ids)
    return [i for i in ids if kinds.get(i) == _MEMBERS[kind]]


def meters_at(reader: Reader, usage_points: Iterable[int], at: int) -> dict[int, list[int]]:
    """Usage point → the meters that are linked to it at the instant ``at``."""
    return {}


def belonging(reader: Reader, kind: str, ids: Iterable[int]) -> set[int]:
    """``ids``, objects of ``kind``, and every usage point and meter that belongs to them."""
    reached: dict[str, set[int]] = {name: set() for name in _DOWNWARD}
    reached.setdefault(kind, set()).update(ids)
    for place, name in enumerate(_DOWNWARD):
        if reached[name]:
            for i, found in objects.kinds(reader, _neighbours(reader, reached[name])).items():
                if found in _DOWNWARD[place + 1 :]:
                    reached[found].add(i)
    return set().union(*reached.values())


def _neighbours(reader: Reader, ids: set[int]) -> set[int]:
    return configs.neighbours(reader, ids)
