"""Whether a document of any size is valid, worked out on all cores: cut into parts, each a document of its own.

Says yes or no. Where it says no, or cannot say, the document is read in one go, and that says why.
"""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress

from lxml import etree

from cim_adapter.errors import AdapterError
from cim_adapter.schema import Catalogue
from cim_adapter.schema.cutting import Chunk, Cutter, Head
from cim_adapter.schema.spotting import passes

_UNITS = {"MeterReadings": "MeterReading"}
"""Profiles that are as large as that, and the children behind which they are cut."""
_PART, _MOST = 1024 * 1024, 64 * 1024 * 1024  # bytes


def passes_in_parts(pieces: Iterable[bytes], whole: etree.XMLSchema, catalogue: Catalogue) -> int | None:
    """How many bytes it has, if it is valid by ``whole``; None if it is not, or cannot be cut. Raises what
    ``pieces`` raises.
    """
    cutter, size, chunks = Cutter(_UNITS, size=_PART, most=_MOST), 0, deque[Chunk]()
    with ThreadPoolExecutor(len(os.sched_getaffinity(0)), thread_name_prefix="cim-parts") as threads:
        judging: deque[Future[bool]] = deque()
        judge: _Judge | None = None
        frame = b""
        for piece, last in _with_last(pieces):
            size += len(piece)
            tail = b""
            try:
                chunks.extend(cutter.feed(piece))
                if last:
                    more, tail = cutter.close()
                    chunks.extend(more)
            except AdapterError:
                return None
            if judge is None:
                judge = _Judge.of(cutter.head, catalogue)
            if cutter.unfit or (cutter.head is not None and judge is None) or (last and judge is None):
                return None
            while chunks and judge is not None:
                chunk = chunks.popleft()
                if chunk.index == 0:
                    frame = judge.head.data + chunk.data
                else:
                    judging.append(threads.submit(judge.passes, chunk))
            while judging and (last or len(judging) > 4):
                if not judging.popleft().result():
                    return None
            if last:
                return size if frame and passes(_pieces(frame + tail), whole) else None
    return None


class _Judge:
    """Judges what is in a profile, behind its first unit."""

    def __init__(self, head: Head, schema: etree.XMLSchema) -> None:
        self.head = head
        self._schema = schema
        start, self._end = head.tags(head.tag[head.tag.rfind("}") + 1 :])
        # Behind a unit only what may follow one is valid, and each part ends with another.
        self._start = start + b"<" + head.prefix + head.unit.encode() + b"/>"

    @classmethod
    def of(cls, head: Head | None, catalogue: Catalogue) -> _Judge | None:
        """None where the profile is not known, or a unit that is empty is not valid."""
        schema = None if head is None else catalogue.schema_for(head.tag)
        if head is None or schema is None:
            return None
        judge = cls(head, schema.compiled())
        return judge if passes([judge._start + judge._end], judge._schema) else None

    def passes(self, chunk: Chunk) -> bool:
        return passes(_pieces(self._start + chunk.data + self._end), self._schema)


def _with_last(pieces: Iterable[bytes]) -> Iterator[tuple[bytes, bool]]:
    """Each piece, and whether it is the last one."""
    iterator = iter(pieces)
    with suppress(StopIteration):
        before = next(iterator)
        for piece in iterator:
            yield before, False
            before = piece
        yield before, True


def _pieces(document: bytes) -> Iterator[bytes]:
    return (document[start : start + _PART] for start in range(0, len(document), _PART))
