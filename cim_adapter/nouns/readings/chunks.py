"""A chunk of MeterReadings, sealed without making an object of each reading.

libxml2 validates the bytes and builds nothing. The readings of each block are then cut out as they stand, and
only what is left, some dozen elements for a hundred readings, is parsed and decoded. Whatever is written in an
unusual way is left to the ordinary way.
"""

from __future__ import annotations

from collections.abc import Iterator

import msgspec
from lxml import etree

from cim_adapter.errors import Incomplete
from cim_adapter.instants import Instants
from cim_adapter.nouns.readings.model import Block
from cim_adapter.nouns.readings.sealing import Prepared, Slice, as_row, sealed_block, sealed_readings
from cim_adapter.nouns.readings.xml import read_interval_block, read_meter_readings
from cim_adapter.nouns.registry import Call
from cim_adapter.schema import Budget, new_parser, reparse, spend
from cim_adapter.schema.cutting import Chunk, Head, is_special
from cim_adapter.schema.spotting import passes
from cim_adapter.store import readings
from cim_adapter.store.readings import Kind
from cim_adapter.xmltree import local

UNIT = "MeterReading"
_PIECE = 1024 * 1024
_STAMP = 19  # characters of yyyy-mm-ddThh:mm:ss; an offset follows


def prepare_chunk(call: Call, head: Head, chunk: Chunk) -> Prepared | None:
    """The MeterReadings of a chunk; None where it breaks its XSD or is written in an unusual way. Raises what
    ``spend`` raises.
    """
    schema = call.catalogue.schema_for(head.tag)
    body = chunk.data
    if schema is None or is_special(body):
        return None
    start, end = head.tags(local_name(head.tag))
    spend(body, budget_of(call))
    if not passes((start, *_pieces(body), end), schema.compiled()):
        return None
    cut = _Cut(head, body)
    root = etree.fromstring(start + cut.rest + end, new_parser())
    if chunk.index and any(local(child) != UNIT for child in root.iterchildren(etree.Element)):
        return None
    items = read_meter_readings(root)
    blocks = [block for item in items for block in item.blocks if block.kind is Kind.INTERVALS]
    if len(blocks) != len(cut.slices) or any(block.readings for block in blocks):
        return None
    slices = {id(block): slice_ for block, slice_ in zip(blocks, cut.slices, strict=True)}

    def seal(call: Call, block: Block, known: Instants) -> readings.Block:
        slice_ = slices.get(id(block))
        return sealed_block(call, block, known) if slice_ is None else cut.seal(call, block, slice_, known)

    return sealed_readings(call, items, seal)


def budget_of(call: Call) -> Budget:
    """Of a chunk: that of a message."""
    settings = call.settings
    return Budget(
        max_bytes=settings.max_bytes + _PIECE,
        max_elements=settings.max_elements,
        max_attributes_per_element=settings.max_attributes,
        max_namespace_declarations=settings.max_namespaces,
    )


def local_name(tag: str) -> str:
    return tag[tag.rfind("}") + 1 :]


class _Cut:
    """A valid chunk in two: ``slices`` are the insides of its IntervalBlocks, ``rest`` is all but their readings.

    Whether that was right shows when ``rest`` is decoded: it holds as many blocks, and not one reading.
    """

    def __init__(self, head: Head, body: bytes) -> None:
        prefix = head.prefix
        opening, closing = b"<%bIntervalBlocks>" % prefix, b"</%bIntervalBlocks>" % prefix
        ending = b"</%bIntervalReadings>" % prefix
        self._reading = b"<%bIntervalReadings>" % prefix
        self._stamp = b"<%btimeStamp>" % prefix
        self._quality = b"ReadingQualities"
        self._tags = head.tags("IntervalBlocks")
        self.slices: list[bytes] = []
        before, *inner = body.split(opening)
        rest = [before]
        for part in inner:
            end = part.find(closing)
            last = part.rfind(ending, 0, end)
            self.slices.append(part[:end])
            rest += (opening, part[last + len(ending) if last >= 0 else 0 :])
        self.rest = b"".join(rest)

    def seal(self, call: Call, block: Block, inside: bytes, known: Instants) -> readings.Block:
        """A block as it came. Raises Incomplete for readings without time."""
        xml = self._tags[0] + inside + self._tags[1]
        count = inside.count(self._reading)
        window = self._window(inside, count, known)
        if window is None:
            read = read_interval_block(reparse(xml))
            try:
                window, count = read.bounds(known), len(read.readings)
            except ValueError as error:
                raise Incomplete(str(error)) from error
        return as_row(call, block, msgspec.msgpack.encode(Slice(xml, block.around)), window, count)

    def _window(self, inside: bytes, count: int, known: Instants) -> tuple[int, int] | None:
        """First and last instant, where each reading has a timeStamp and all of them are written alike."""
        if self._quality in inside or b"&" in inside:
            return None  # qualities have timestamps of their own, and a reference may stand for any character
        _, *stamps = inside.split(self._stamp)
        if not count or len(stamps) != count:
            return None
        end = stamps[0].find(b"<")
        if len({stamp[_STAMP : end + 1] for stamp in stamps}) > 1:
            return None  # not all of one length, and with one offset
        first, last = min(stamps), max(stamps)
        if first[4:5] != b"-" or last[4:5] != b"-":
            return None
        return known[first[:end].decode()], known[last[:end].decode()]


def _pieces(body: bytes) -> Iterator[bytes]:
    """As much as libxml2 takes at once; nearly always that is all."""
    if len(body) <= 2 * _PIECE:
        return iter((body,))
    return (body[start : start + _PIECE] for start in range(0, len(body), _PIECE))
