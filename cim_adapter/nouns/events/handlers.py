"""The noun EndDeviceEvents: what happened in or at devices is stored, asked for, and closed when it is over."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import msgspec
from lxml import etree

from cim_adapter import instants
from cim_adapter.envelope import ID, Error, Reply
from cim_adapter.errors import Incomplete
from cim_adapter.instants import Instants
from cim_adapter.nouns import relations
from cim_adapter.nouns.controls import reports
from cim_adapter.nouns.events.lookup import EventLookup, name_event
from cim_adapter.nouns.events.xml import DeviceEvent, read_event, read_keys
from cim_adapter.nouns.object_errors import unknown
from cim_adapter.nouns.registry import Call, handles
from cim_adapter.store import controls, device_events
from cim_adapter.store.device_events import Brought, Event, Mark, Sealer
from cim_adapter.store.objects import Identity
from cim_adapter.store.transaction import Key, Transaction
from cim_adapter.xmltree import children

_MARKS = {
    "close": Mark.CLOSED,
    "closed": Mark.CLOSED,
    "cancel": Mark.CANCELED,
    "canceled": Mark.CANCELED,
    "delete": Mark.DELETED,
    "deleted": Mark.DELETED,
}


class _Item(msgspec.Struct, frozen=True, gc=False):
    """One event. ``objects`` are those that it names; ``may_tell`` are keys of controls that it may tell of."""

    element: etree._Element
    objects: Sequence[tuple[str, Identity]]
    stored: Event
    may_tell: Sequence[Key]

    @property
    def event(self) -> DeviceEvent:
        """All that it says; read where that is needed, which is seldom."""
        return read_event(self.element)


class _Prepared(msgspec.Struct, frozen=True):
    """Events, and the sealed blocks that they are in."""

    items: list[_Item]
    blocks: Mapping[int, bytes]


def event_elements(profile: etree._Element) -> list[etree._Element]:
    """The EndDeviceEvent elements of a profile."""
    return [child for name, child in children(profile) if name == "EndDeviceEvent"]


# ------------------------------------------------------------------------------------------ storing


def _prepare(call: Call) -> _Prepared:
    answered, instants_of, items = reports.answered_by(call), Instants(), []
    sealer: Sealer | None = None
    for element, keys in read_keys(call.payload):
        position = next(call.positions)
        sealer = sealer or Sealer(call.vault, call.uid, position)
        block, place = sealer.put(etree.tostring(element, with_tail=False))
        mrid_key = device_events.mrid_key(keys.mrid) if keys.mrid is not None else None
        tracking = controls.tracking_key(call.vault, keys.tracking) if keys.tracking is not None else None
        stored = Event(
            position=position,
            block=block,
            place=place,
            mrid=keys.mrid,
            mrid_key=mrid_key,
            names=tuple(keys.names),
            type=keys.type,
            created=instants_of[keys.created],
            tracking_key=tracking[1] if tracking else None,
        )
        may_tell = answered if tracking is None else (tracking, *answered)
        items.append(_Item(element, keys.objects, stored, may_tell))
        call.wanted.update(keys.objects)
        call.keys.update(may_tell)
        if mrid_key is not None:
            call.keys.add(mrid_key)
    if sealer is None:
        raise Incomplete("EndDeviceEvents holds no EndDeviceEvent")
    sealer.finish()
    return _Prepared(items, sealer.blocks)


@handles("create", "EndDeviceEvents", prepare=_prepare)
@handles("created", "EndDeviceEvents", prepare=_prepare)
def store(call: Call, prepared: _Prepared, transaction: Transaction) -> Reply:
    """Every event is stored, and told to the control it is of; an Error for each that is there already."""
    brought = Brought(transaction, call.uid, prepared.blocks)
    errors: list[Error] = []
    for item in prepared.items:
        stored = item.stored
        if stored.mrid_key is not None and transaction.has(stored.mrid_key):
            reason = "an event of this mRID exists; use changed to replace it"
            errors.append(Error(code="2.15", level="FATAL", reason=reason, id=name_event(item.event)))
            continue
        ids, problem = _resolve(call, transaction, item)
        if problem is not None:
            errors.append(problem)
            continue
        brought.add(stored, meter_id=ids.get("Meter"), usage_point_id=ids.get("UsagePoint"))
        if any(map(transaction.has, item.may_tell)):
            reports.follow(call, transaction, item.event, list(ids.values()))
    return Reply.of(errors, any_done=len(errors) < len(prepared.items))


@handles("change", "EndDeviceEvents", prepare=_prepare)
@handles("changed", "EndDeviceEvents", prepare=_prepare)
def change(call: Call, prepared: _Prepared, transaction: Transaction) -> Reply:
    """Every event takes the place of the one it names; an Error for each that is not known."""
    lookup, brought = EventLookup(transaction), Brought(transaction, call.uid, prepared.blocks)
    errors: list[Error] = []
    for item in prepared.items:
        event = item.event
        matches = lookup.of(event)
        if not matches:
            errors.append(_unknown(name_event(event)))
            continue
        ids, problem = _resolve(call, transaction, item)
        if problem is not None:
            errors.append(problem)
            continue
        meter, point = ids.get("Meter"), ids.get("UsagePoint")
        for found in matches:
            brought.replace(found, item.stored, meter_id=meter, usage_point_id=point)
    return Reply.of(errors, any_done=len(errors) < len(prepared.items))


def _resolve(call: Call, transaction: Transaction, item: _Item) -> tuple[dict[str, int], Error | None]:
    """Meter and usage point of an event; an Error for one that is not known and may not be made known."""
    ids: dict[str, int] = {}
    for kind, identity in item.objects:
        found = relations.admit(call, transaction, kind, identity)
        if found is None:
            return ids, unknown(kind, identity)
        ids[kind] = found
    return ids, None


# ------------------------------------------------------------------------------------------ marking


def _prepare_mark(call: Call) -> list[tuple[ID | None, DeviceEvent | None]]:
    """The events that a message names: in Payload as a whole, or in Request/ID by their mRID or name."""
    request, payload = call.message.request, call.message.payload
    named: list[tuple[ID | None, DeviceEvent | None]] = [(i, None) for i in (request.ids if request else ())]
    if payload is not None and payload.elements:
        events = [read_event(element) for element in event_elements(call.payload)]
        named += [(name_event(event), event) for event in events]
    if not named:
        raise Incomplete(
            f"{call.message.header.verb} names events, in Payload or in Request/ID: by mRID, by name "
            "(kind='name') or by issuerTrackingID (idType='issuerTrackingID')",
            code="1.6",
        )
    return named


@handles("close", "EndDeviceEvents", prepare=_prepare_mark)
@handles("closed", "EndDeviceEvents", prepare=_prepare_mark)
@handles("cancel", "EndDeviceEvents", prepare=_prepare_mark)
@handles("canceled", "EndDeviceEvents", prepare=_prepare_mark)
@handles("delete", "EndDeviceEvents", prepare=_prepare_mark)
@handles("deleted", "EndDeviceEvents", prepare=_prepare_mark)
def mark(call: Call, named: Sequence[tuple[ID | None, DeviceEvent | None]], transaction: Transaction) -> Reply:
    """Every event that is named is closed, canceled or (not seen any more) deleted; an Error for each that is
    not known.
    """
    lookup = EventLookup(transaction)
    errors: list[Error] = []
    now = instants.now()
    for identifier, event in named:
        if event is not None:
            matches = lookup.of(event)
        else:
            matches = lookup.by_id(identifier) if identifier is not None else []
        if not matches:
            errors.append(_unknown(identifier))
        device_events.put(transaction, call.uid, matches, _MARKS[call.message.header.verb], now)
    return Reply.of(errors, any_done=len(errors) < len(named))


def _unknown(identifier: ID | None) -> Error:
    reason = "no such event is known; it is found by its mRID, its Names, or its issuerTrackingID, device and type"
    return Error(code="2.15", level="FATAL", reason=reason, id=identifier)
