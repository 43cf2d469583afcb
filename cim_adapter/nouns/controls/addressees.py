"""Which devices a control is for, and what is wrong with what it names."""

from __future__ import annotations

from cim_adapter.envelope import Error
from cim_adapter.errors import Incomplete
from cim_adapter.nouns import relations
from cim_adapter.nouns.controls.xml import DeviceControl
from cim_adapter.nouns.object_errors import invalid, unknown
from cim_adapter.nouns.registry import Call
from cim_adapter.store import objects
from cim_adapter.store.objects import Identity
from cim_adapter.store.transaction import Transaction

Devices = dict[int, int | None]
"""Device → the group or usage point that stands for it, if one does."""

_NONE_NAMED = "a control needs EndDevices, EndDeviceGroups, UsagePoints or UsagePointGroups with an mRID or Names"


def check_addressees(control: DeviceControl) -> None:
    """Raises Incomplete (1.7) for a control that is for nobody."""
    if not control.addressees or not all(identity for _, identity in control.addressees):
        raise Incomplete(_NONE_NAMED)


def resolve(
    call: Call, transaction: Transaction, control: DeviceControl, start: int
) -> tuple[Devices, list[Error]]:
    """The devices that a control is for at its start, and an Error for each addressee that is none.

    Groups stand for their members. A usage point stands for the meter that is linked to it at the start; it
    is the device itself where there is none.
    """
    devices: Devices = {}
    errors: list[Error] = []
    points: dict[int, int | None] = {}
    for kind, identity in control.addressees:
        if relations.is_group(kind):
            _add_members(transaction, kind, identity, devices if kind == "EndDeviceGroup" else points, errors)
            continue
        found = relations.admit(call, transaction, kind, identity)
        if found is None:
            errors.append(unknown(kind, identity))
        else:
            (devices if kind == "Meter" else points).setdefault(found, None)
    meters = relations.meters_at(transaction, points, start) if points else {}
    for point, group in points.items():
        if point in meters:
            devices.update((meter, point) for meter in meters[point] if meter not in devices)
        else:
            devices.setdefault(point, group)
    return devices, errors


def _add_members(
    transaction: Transaction, kind: str, identity: Identity, found: Devices, errors: list[Error]
) -> None:
    groups = objects.find(transaction, kind, identity)
    ids = [i for group in groups for i in relations.members(transaction, kind, group)]
    if not ids:
        reason = "has no members" if groups else f"of this {'mRID' if identity.mrid else 'name'} is known"
        reason = f"this {kind} {reason}" if groups else f"no {kind} {reason}"
        errors.append(invalid(kind, identity, f"{reason}; tell of it with {kind}s first", code="2.29"))
    for i in ids:
        found.setdefault(i, groups[0])
