"""How an export is written: as a document, as lines, as a table."""

from __future__ import annotations

from typing import BinaryIO, Protocol

import msgspec
from lxml import etree

from cim_adapter.export.source import Batch, Source
from cim_adapter.items.rows import csv_head, csv_lines


class Writer(Protocol):
    """Writes one export, batch by batch."""

    def begin(self) -> None: ...

    def add(self, batch: Batch) -> None: ...

    def end(self) -> None: ...


class XmlWriter:
    """One document, made of the documents of the batches: what is between the tags of their roots. (lxml would
    declare the namespaces anew in each element that is written into an open one.)
    """

    def __init__(self, out: BinaryIO, source: Source) -> None:
        self._out = out
        root = source.empty()
        root.text = ""  # so that it has a start tag and an end tag
        self._start, _, end = etree.tostring(root, encoding="UTF-8", xml_declaration=False).rpartition(b"</")
        self._end = b"</" + end

    def begin(self) -> None:
        self._out.write(b'<?xml version="1.0" encoding="UTF-8"?>\n' + self._start + b"\n")

    def add(self, batch: Batch) -> None:
        root = batch.document()
        for child in root:
            child.tail = "\n"
        written = etree.tostring(root, encoding="UTF-8", xml_declaration=False)
        if not (written.startswith(self._start) and written.endswith(self._end)):
            raise RuntimeError("a batch has another document element than the whole")
        self._out.write(memoryview(written)[len(self._start) : -len(self._end)])

    def end(self) -> None:
        self._out.write(self._end + b"\n")


class LinesWriter:
    """A JSON object a line."""

    def __init__(self, out: BinaryIO, source: Source) -> None:
        self._out = out
        self._encoder = msgspec.json.Encoder()

    def begin(self) -> None:
        """Nothing stands before the first line."""

    def add(self, batch: Batch) -> None:
        self._out.write(self._encoder.encode_lines(batch.rows()))

    def end(self) -> None:
        """Nothing stands behind the last line."""


class CsvWriter:
    """RFC 4180, with a line of names."""

    def __init__(self, out: BinaryIO, source: Source) -> None:
        self._out = out
        self._row = source.row

    def begin(self) -> None:
        self._out.write(csv_head(self._row))

    def add(self, batch: Batch) -> None:
        self._out.write(csv_lines(batch.rows(), self._row))

    def end(self) -> None:
        """Nothing stands behind the last line."""
