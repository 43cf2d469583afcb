"""The noun MeterReadings: readings are stored and asked for. (``reading_deletion`` takes them back.)"""

from __future__ import annotations

import msgspec

from cim_adapter.envelope import ID, Error, Reply
from cim_adapter.errors import Incomplete, Refused
from cim_adapter.instants import Instants
from cim_adapter.nouns.continuation import Asked, as_part, asked_for
from cim_adapter.nouns.identity_xml import write_id
from cim_adapter.nouns.readings.filter import ReadingFilter, read_filter
from cim_adapter.nouns.readings.model import Block, MeterReading
from cim_adapter.nouns.readings.parts import Position
from cim_adapter.nouns.readings.query import Payload, answer, as_profile
from cim_adapter.nouns.readings.xml import sent_readings
from cim_adapter.nouns.registry import Call, handles
from cim_adapter.store import objects, readings
from cim_adapter.store.readings import Kind
from cim_adapter.store.transaction import Reader, Transaction

# ------------------------------------------------------------------------------------------ storing


_LONGEST_TYPE = 250  # characters; it stands in an index. An identifier of 18 numbers has some 40


class _Prepared(msgspec.Struct, frozen=True):
    """Sealed MeterReadings, and an Error for each that cannot be stored."""

    good: list[tuple[MeterReading, list[readings.Block]]]
    errors: list[Error]


def _prepare(call: Call) -> _Prepared:
    good, errors, registers, known = [], [], 0, Instants()
    for item in sent_readings(call):
        registers = _number(item, registers)
        try:
            if not item.meter and not item.usage_point:
                raise Incomplete("a MeterReading needs a Meter or a UsagePoint with an mRID or Names")
            for block in item.blocks:
                if len(block.reading_type) > _LONGEST_TYPE:
                    raise Refused(f"a reading type has at most {_LONGEST_TYPE} characters", code="2.6")
            good.append((item, [_seal(call, block, known) for block in item.blocks]))
            call.wanted.update((kind, identity) for kind, identity in item.objects if identity)
        except Refused as error:
            errors.append(Error(code=error.code, level="FATAL", reason=error.reason, id=_id_of(item)))
    if not good and not errors:
        raise Incomplete("MeterReadings holds no MeterReading")
    return _Prepared(good, errors)


def _number(item: MeterReading, first: int) -> int:
    """Number the registers on through the whole message; returns the next number."""
    own = [reading for block in item.blocks if block.kind is Kind.REGISTERS for reading in block.readings]
    for reading in own:
        reading.position += first
    return first + len(own)


def _seal(call: Call, block: Block, known: Instants) -> readings.Block:
    try:
        start, end = block.bounds(known)
    except ValueError as error:
        raise Incomplete(str(error)) from error
    position = next(call.positions)
    sealed = call.vault.seal(msgspec.msgpack.encode(block), readings.block_row(call.uid, position))
    return readings.Block(
        kind=block.kind,
        position=position,
        reading_type=block.reading_type,
        start=start,
        end=end,
        readings=len(block.readings),
        sealed=sealed,
    )


@handles("create", "MeterReadings", prepare=_prepare)
@handles("change", "MeterReadings", prepare=_prepare)
@handles("created", "MeterReadings", prepare=_prepare)
@handles("changed", "MeterReadings", prepare=_prepare)
def store(call: Call, prepared: _Prepared, transaction: Transaction) -> Reply:
    """Every MeterReading that can be stored is; the others get an Error each."""
    for item, blocks in prepared.good:
        meter, point = (
            objects.resolve(transaction, kind, identity) if identity else None for kind, identity in item.objects
        )
        readings.add(transaction, call.uid, blocks, meter_id=meter, usage_point_id=point)
    return Reply.of(prepared.errors, any_done=bool(prepared.good))


def _id_of(item: MeterReading) -> ID | None:
    for kind, identity in item.objects:
        if identity:
            return write_id(kind, identity)
    return None


# ------------------------------------------------------------------------------------------- asking


def _prepare_get(call: Call) -> Asked[ReadingFilter, Position]:
    return asked_for(call, read_filter(call.message), Position, at_most=call.settings.max_readings)


@handles("get", "MeterReadings", prepare=_prepare_get)
def get(call: Call, asked: Asked[ReadingFilter, Position], reader: Reader) -> Reply:
    """The readings that the filter asks for, in parts where they are too many for one reply; an Error for
    each meter or usage point without any.
    """
    content = call.content

    def write(found: list[MeterReading]) -> Payload:
        if content is None:
            return as_profile(found, asked.filter)
        content.told = found
        return ()

    reply, following = answer(reader, asked.filter, at_most=asked.size, at=asked.place, write=write)
    return as_part(call, asked, reply, following)
