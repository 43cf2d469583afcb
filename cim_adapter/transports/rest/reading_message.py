"""A message that brings MeterReadings, as the JSON of ``/messages``: what the journal keeps of it.

Its members are those of the profile (docs/messages.md), so it is read back like every other message. It has no
Timestamp in it, so that a request that is repeated is the same message, byte by byte.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import msgspec

from cim_adapter.nouns.readings.model import MeterReading, Quality, Reading
from cim_adapter.store.objects import Identity
from cim_adapter.store.readings import Kind


class _Ref(msgspec.Struct, frozen=True):
    ref: str


class _Quality(msgspec.Struct, frozen=True, rename={"type": "ReadingQualityType"}):
    type: _Ref


class _Reading(
    msgspec.Struct,
    omit_defaults=True,
    gc=False,
    rename={
        "reported": "reportedDateTime",
        "at": "timeStamp",
        "qualities": "ReadingQualities",
        "type": "ReadingType",
    },
):
    at: str | None
    value: str | None
    qualities: tuple[_Quality, ...] = ()
    reported: str | None = None
    source: str | None = None
    reason: str | None = None
    type: _Ref | None = None


class ReadingMessage:
    """Writes messages. Safe to share between threads."""

    def __init__(self) -> None:
        self._encode = msgspec.json.Encoder().encode

    def write(self, verb: str, message_id: str, meter_readings: Iterable[MeterReading]) -> bytes:
        """The message."""
        header = {"Verb": verb, "Noun": "MeterReadings", "MessageID": message_id}
        qualities: dict[tuple[Quality, ...], tuple[_Quality, ...]] = {(): ()}
        brought = [_meter_reading(item, qualities) for item in meter_readings]
        return self._encode({"Header": header, "Payload": {"MeterReadings": {"MeterReading": brought}}})


def _meter_reading(item: MeterReading, qualities: dict[tuple[Quality, ...], tuple[_Quality, ...]]) -> Any:
    told: dict[str, Any] = {}
    registers: list[tuple[Reading, str]] = []
    for block in item.blocks:
        if block.kind is Kind.INTERVALS:
            readings = [_reading(reading, None, qualities) for reading in block.readings]
            told.setdefault("IntervalBlocks", []).append(
                {"IntervalReadings": readings, "ReadingType": _Ref(block.reading_type)}
            )
        else:
            registers += [(reading, block.reading_type) for reading in block.readings]
    if registers:
        registers.sort(key=lambda pair: pair[0].position)
        told["Readings"] = [_reading(reading, _Ref(code), qualities) for reading, code in registers]
    for name, identity in (("Meter", item.meter), ("UsagePoint", item.usage_point)):
        if identity is not None:
            told[name] = _identity(identity)
    return told


def _reading(
    reading: Reading, code: _Ref | None, qualities: dict[tuple[Quality, ...], tuple[_Quality, ...]]
) -> _Reading:
    known = qualities.get(reading.qualities)
    if known is None:
        known = qualities[reading.qualities] = tuple(_Quality(_Ref(item.type)) for item in reading.qualities)
    said = (reading.reported, reading.source, reading.reason)
    return _Reading(reading.timestamp, reading.value, known, *said, code)


def _identity(identity: Identity) -> Any:
    if identity.mrid is not None:
        return {"mRID": identity.mrid}
    return {"Names": [_name(name.name, name.type, name.authority) for name in identity.names]}


def _name(name: str, type_: str | None, authority: str | None) -> Any:
    told: dict[str, Any] = {"name": name}
    if type_ is not None:
        told["NameType"] = {"name": type_}
        if authority is not None:
            told["NameType"]["NameTypeAuthority"] = {"name": authority}
    return told
