"""Taking readings back: delete and cancel, and events that they were taken back elsewhere.

Nothing is removed: what is taken back is not seen any more, and the history is kept.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from cim_adapter.envelope import ID, Error, Reply, Request
from cim_adapter.errors import Incomplete
from cim_adapter.instants import Instants
from cim_adapter.nouns.identity_xml import kind_of, read_id, write_id
from cim_adapter.nouns.object_errors import unknown
from cim_adapter.nouns.readings.model import MeterReading, Period
from cim_adapter.nouns.readings.xml import sent_readings
from cim_adapter.nouns.registry import Call, handles
from cim_adapter.store import objects, readings
from cim_adapter.store.objects import Identity
from cim_adapter.store.readings import FOREVER
from cim_adapter.store.transaction import Transaction


@dataclass(frozen=True, slots=True, kw_only=True)
class _Target:
    """What is to be taken back: the readings of a message, or those of an object in a window. ``id`` is how
    an Error names it."""

    id: ID
    message_id: str | None = None
    kind: str = ""
    identity: Identity = Identity()
    reading_type: str | None = None
    window: tuple[int, int] = FOREVER


def _prepare(call: Call) -> list[_Target]:
    """From Request/ID or, as events have it, from the MeterReadings in Payload (facts/envelope.md §7)."""
    payload, request = call.message.payload, call.message.request or Request()
    if call.content is not None or (payload is not None and payload.elements):
        targets = [target for item in sent_readings(call) for target in _of_payload(item)]
    else:
        window = Period(start=request.start_time, end=request.end_time).window()
        targets = [_of_request(identifier, window) for identifier in request.ids]
    if not targets:
        raise Incomplete(
            f"{call.message.header.verb} names in Request/ID what to take back: the MessageID that brought the "
            "readings (kind='transaction'), or a meter or usage point (objectType), with StartTime and EndTime "
            "to narrow it; or it names MeterReadings in Payload",
            code="1.6",
        )
    return targets


@handles("delete", "MeterReadings", prepare=_prepare)
@handles("deleted", "MeterReadings", prepare=_prepare)
@handles("cancel", "MeterReadings", prepare=_prepare)
@handles("canceled", "MeterReadings", prepare=_prepare)
def take_back(call: Call, targets: list[_Target], transaction: Transaction) -> Reply:
    """What was taken back, with an Error for each target that has no readings. In an event that is no error:
    they are gone, as it says."""
    errors = [error for target in targets for error in _take_back(call, target, transaction)]
    if call.message.header.verb in ("deleted", "canceled"):
        return Reply()
    return Reply.of(errors, any_done=len(errors) < len(targets))


@handles("close", "MeterReadings")
@handles("closed", "MeterReadings")
def close(_call: Call, _message: object, _transaction: Transaction) -> Reply:
    """Acknowledged: no more is to come. There is nothing to do, since a reading is final once it is stored."""
    return Reply.acknowledged()


def _of_request(identifier: ID, window: tuple[int, int]) -> _Target:
    if identifier.kind == "transaction":
        return _Target(id=identifier, message_id=identifier.value)
    kind = kind_of(identifier.object_type or "Meter")
    return _Target(id=identifier, kind=kind, identity=read_id(identifier), window=window)


def _of_payload(item: MeterReading) -> Iterator[_Target]:
    """A target for each block, from its first to its last reading; for all readings where there is none."""
    for kind, identity in item.objects:
        if not identity:
            continue
        named = write_id(kind, identity)
        for block in item.blocks:
            try:
                window = block.bounds(Instants())
            except ValueError as error:
                raise Incomplete(str(error)) from error
            yield _Target(id=named, kind=kind, identity=identity, reading_type=block.reading_type, window=window)
        if not item.blocks:
            yield _Target(id=named, kind=kind, identity=identity)
        return
    raise Incomplete("a MeterReading needs a Meter or a UsagePoint with an mRID or Names")


def _take_back(call: Call, target: _Target, transaction: Transaction) -> Iterator[Error]:
    if target.message_id is not None:
        if not readings.withdraw(transaction, call.uid, call.partner, target.message_id):
            reason = "no readings came with a message of this MessageID"
            yield Error(code="2.15", level="FATAL", reason=reason, id=target.id)
        return
    ids = objects.find(transaction, target.kind, target.identity)
    hidden = [
        readings.erase(transaction, call.uid, object_id, target.window, reading_type=target.reading_type)
        for object_id in ids
    ]
    if not ids:
        yield unknown(target.kind, target.identity, target.id)
    elif not any(hidden):
        reason = f"this {target.kind} has no readings in the given window"
        if target.kind == "UsagePoint":  # whose meter it was may be mended later, what was deleted may not
            reason += " that were sent as its own; those of a meter linked to it are deleted by meter"
        yield Error(code="5.7", level="FATAL", reason=reason, id=target.id)
