"""Readings on their way into the store, sealed block by block, and back out of a seal.

A sealed block is a msgpack array. One of a message that was taken in parts is the XML of its IntervalBlocks as it
came, with what its MeterReading says of all of them: that is decoded when somebody asks for it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

import msgspec

from cim_adapter.envelope import ID, Error
from cim_adapter.errors import Incomplete, Refused
from cim_adapter.instants import Instants
from cim_adapter.nouns.identity_xml import write_id
from cim_adapter.nouns.readings.model import Around, Block, MeterReading
from cim_adapter.nouns.readings.xml import read_interval_block
from cim_adapter.nouns.registry import Call
from cim_adapter.schema import reparse
from cim_adapter.store import readings
from cim_adapter.store.readings import Kind

_LONGEST_TYPE = 250  # characters; it stands in an index. An identifier of 18 numbers has some 40


class Prepared(msgspec.Struct, frozen=True):
    """Sealed MeterReadings, and an Error for each that cannot be stored."""

    good: list[tuple[MeterReading, list[readings.Block]]]
    errors: list[Error]


class Slice(msgspec.Struct, frozen=True, array_like=True):
    """An IntervalBlocks element as it came, made to stand alone."""

    xml: bytes
    around: Around | None = None


Sealed = Callable[[Call, Block, Instants], readings.Block]
"""Seals a block. Raises Refused."""


def opened(content: bytes) -> Block:
    """What was in a seal."""
    if content[:1] != _SLICE:
        return msgspec.msgpack.decode(content, type=Block)
    slice_ = msgspec.msgpack.decode(content, type=Slice)
    block = read_interval_block(reparse(slice_.xml))
    block.around = slice_.around
    return block


_SLICE = b"\x92"  # an array of two; a Block has more


def sealed_block(call: Call, block: Block, known: Instants) -> readings.Block:
    """A block of domain objects. Raises Incomplete for readings without time."""
    try:
        window = block.bounds(known)
    except ValueError as error:
        raise Incomplete(str(error)) from error
    return as_row(call, block, msgspec.msgpack.encode(block), window, len(block.readings))


def as_row(call: Call, block: Block, content: bytes, window: tuple[int, int], count: int) -> readings.Block:
    """``content`` sealed, with what a database must compare. ``block`` says kind and reading type."""
    position = next(call.positions)
    return readings.Block(
        kind=block.kind,
        position=position,
        reading_type=block.reading_type,
        start=window[0],
        end=window[1],
        readings=count,
        sealed=call.vault.seal(content, readings.block_row(call.uid, position)),
    )


def sealed_readings(call: Call, items: Iterable[MeterReading], seal: Sealed = sealed_block) -> Prepared:
    """Each MeterReading that can be stored, with its sealed blocks; the call is told whose they are."""
    good, errors, registers, known = [], [], call.first, Instants()
    for item in items:
        registers = _number(item, registers)
        try:
            if not item.meter and not item.usage_point:
                raise Incomplete("a MeterReading needs a Meter or a UsagePoint with an mRID or Names")
            for block in item.blocks:
                if len(block.reading_type) > _LONGEST_TYPE:
                    raise Refused(f"a reading type has at most {_LONGEST_TYPE} characters", code="2.6")
            good.append((item, [seal(call, block, known) for block in item.blocks]))
            call.wanted.update((kind, identity) for kind, identity in item.objects if identity)
        except Refused as error:
            errors.append(Error(code=error.code, level="FATAL", reason=error.reason, id=_id_of(item)))
    return Prepared(good, errors)


def _number(item: MeterReading, first: int) -> int:
    """Number the registers on through the whole message; returns the next number."""
    own = [reading for block in item.blocks if block.kind is Kind.REGISTERS for reading in block.readings]
    for reading in own:
        reading.position += first
    return first + len(own)


def _id_of(item: MeterReading) -> ID | None:
    for kind, identity in item.objects:
        if identity:
            return write_id(kind, identity)
    return None
