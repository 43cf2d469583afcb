"""The noun MeterReadings: readings are stored and asked for. (``reading_deletion`` takes them back.)"""

from __future__ import annotations

from cim_adapter.envelope import Reply
from cim_adapter.errors import Incomplete
from cim_adapter.nouns.continuation import Asked, as_part, asked_for
from cim_adapter.nouns.readings import streams
from cim_adapter.nouns.readings.chunks import UNIT, prepare_chunk
from cim_adapter.nouns.readings.filter import ReadingFilter, read_filter
from cim_adapter.nouns.readings.model import MeterReading
from cim_adapter.nouns.readings.parts import Position
from cim_adapter.nouns.readings.query import Payload, answer, as_profile
from cim_adapter.nouns.readings.sealing import Prepared, sealed_readings
from cim_adapter.nouns.readings.xml import sent_readings
from cim_adapter.nouns.registry import Call, handles
from cim_adapter.store import objects, readings
from cim_adapter.store.transaction import Reader, Transaction

# ------------------------------------------------------------------------------------------ storing


def _prepare(call: Call) -> Prepared:
    prepared = sealed_readings(call, sent_readings(call))
    if not prepared.good and not prepared.errors:
        raise Incomplete("MeterReadings holds no MeterReading")
    return prepared


@handles("create", "MeterReadings", prepare=_prepare, unit=UNIT, quick=prepare_chunk)
@handles("change", "MeterReadings", prepare=_prepare, unit=UNIT, quick=prepare_chunk)
@handles("created", "MeterReadings", prepare=_prepare, unit=UNIT, quick=prepare_chunk)
@handles("changed", "MeterReadings", prepare=_prepare, unit=UNIT, quick=prepare_chunk)
def store(call: Call, prepared: Prepared, transaction: Transaction) -> Reply:
    """Every MeterReading that can be stored is; the others get an Error each."""
    for item, blocks in prepared.good:
        meter, point = (
            objects.resolve(transaction, kind, identity) if identity else None for kind, identity in item.objects
        )
        readings.add(transaction, call.uid, blocks, meter_id=meter, usage_point_id=point)
    return Reply.of(prepared.errors, any_done=bool(prepared.good))


# ------------------------------------------------------------------------------------------- asking


def _prepare_get(call: Call) -> Asked[ReadingFilter, Position]:
    return asked_for(call, read_filter(call.message), Position, at_most=call.settings.max_readings)


@handles("get", "MeterReadings", prepare=_prepare_get)
def get(call: Call, asked: Asked[ReadingFilter, Position], reader: Reader) -> Reply:
    """The readings that the filter asks for, in parts or as a stream where they are too many for one reply; an
    Error for each meter or usage point without any.
    """
    if asked.streamed:
        return streams.answer(reader, asked.filter)
    content = call.content

    def write(found: list[MeterReading]) -> Payload:
        if content is None:
            return as_profile(found, asked.filter)
        content.told = found
        return ()

    reply, following = answer(reader, asked.filter, at_most=asked.size, at=asked.place, write=write)
    return as_part(call, asked, reply, following)
