"""The command ``cim-adapter validate``."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from tempfile import SpooledTemporaryFile
from typing import BinaryIO, TextIO

from cim_adapter.contract import ContractFiles
from cim_adapter.errors import AdapterError, OverBudget
from cim_adapter.progress import Progress
from cim_adapter.schema import Catalogue, UnusableSchemaError
from cim_adapter.validate.document import Inspector, Rules, refused
from cim_adapter.validate.formats import FORMATS, Report, TextReport
from cim_adapter.validate.formats.report import Total
from cim_adapter.validate.remark import Checked, Remark
from cim_adapter.validate.semantics import Meaning
from cim_adapter.validate.sources import UNREADABLE, Source, Unusable, sources
from cim_adapter.validate.stream import Reading, StreamInspector

_PIECE = 65_536  # the parser is fastest with pieces that stay in the cache
_SPOOLED = 16 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Streams:
    """Where a command reads and writes."""

    stdin: BinaryIO
    stdout: TextIO
    stderr: TextIO

    @classmethod
    def standard(cls) -> Streams:
        """Those of the process."""
        return cls(sys.stdin.buffer, sys.stdout, sys.stderr)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of the command."""
    parser.add_argument(
        "paths", nargs="+", metavar="PATH", help="files, folders, patterns; - is standard input; .gz and .zip, too"
    )
    parser.add_argument(
        "--schemas", metavar="DIR", type=Path, action="append", default=[], help="a folder of XSDs of yours"
    )
    parser.add_argument("--format", choices=sorted(FORMATS), default="text", help="default: text")
    parser.add_argument("--limit", metavar="N", type=int, default=100, help="remarks a document; 0: all")
    parser.add_argument("--stream", action="store_true", help="in constant memory, whatever the size")
    parser.add_argument(
        "--semantics", action="store_true", help="identifiers, references, series in time, headers"
    )
    parser.add_argument("--output", metavar="FILE", type=Path, help="write the report there")


def run(options: argparse.Namespace, streams: Streams | None = None) -> int:
    """Exit status: 0 all valid, 1 some invalid, 2 something could not be read."""
    streams = streams or Streams.standard()
    if options.stream and options.semantics:
        print(
            "cim-adapter: --semantics needs whole documents, so it does not go with --stream", file=streams.stderr
        )
        return 2
    try:
        catalogue = Catalogue([ContractFiles.locate().xsd, *options.schemas])
        if options.output is None:
            return _run(options, catalogue, streams, streams.stdout)
        with options.output.open("w", encoding="utf-8") as out:
            return _run(options, catalogue, streams, out)
    except UnusableSchemaError as error:
        print(f"cim-adapter: {error}", file=streams.stderr)
        return 2


def _run(options: argparse.Namespace, catalogue: Catalogue, streams: Streams, out: TextIO) -> int:
    total, failed = Total(), False
    progress = _progress(options, streams)
    report = _report(options.format, out)
    meaning = Meaning() if options.semantics else None
    checks = _Checks(Rules(catalogue=catalogue, limit=options.limit, meaning=meaning), progress, options.stream)
    report.begin()
    for item in sources(options.paths, streams.stdin):
        if isinstance(item, Unusable):
            failed = True
            progress.clear()
            print(f"cim-adapter: {item}", file=streams.stderr)
            continue
        for checked in checks.of(item):
            total.count(checked)
            progress.clear()
            report.add(checked)
    progress.clear()
    report.end(total)
    out.flush()
    if not total.documents and not failed:
        print("cim-adapter: there is no XML file", file=streams.stderr)
    return 2 if failed or not total.documents else 1 if total.invalid else 0


def _progress(options: argparse.Namespace, streams: Streams) -> Progress:
    """Files are counted first, where somebody looks at it."""
    terminal = _terminal(streams.stderr)
    found = sources(options.paths, streams.stdin) if terminal else ()
    return Progress(terminal, sum(item.size for item in found if isinstance(item, Source)))


class _Checks:
    """In memory as long as it fits, as a stream where it does not."""

    def __init__(self, rules: Rules, progress: Progress, stream: bool) -> None:
        self._rules = rules
        self._progress = progress
        self._stream = stream
        self._inspector = Inspector(rules)
        self._streams = StreamInspector(rules)

    def of(self, source: Source) -> Iterator[Checked]:
        try:
            if source.once:
                yield from self._spooled(source)
            else:
                yield from self._checked(source, lambda: self._pieces(source))
        except AdapterError as error:
            yield refused(source.name, error, source.size)
        except UNREADABLE as error:
            why = "It cannot be read or unpacked."
            remark = Remark(rule="unreadable", found=str(error)[:200], expected="a readable file", why=why)
            yield Checked(name=source.name, kind="unreadable", bytes=source.size, remarks=(remark,))

    def _spooled(self, source: Source) -> Iterator[Checked]:
        """What can be read but once is kept, in memory or, where it is large, in a file without a name."""
        with SpooledTemporaryFile(_SPOOLED) as kept:
            for piece in self._pieces(source):
                kept.write(piece)

            def again() -> Iterator[bytes]:
                kept.seek(0)
                while piece := kept.read(_PIECE):
                    yield piece

            yield from self._checked(source, again)

    def _checked(self, source: Source, reading: Reading) -> Iterator[Checked]:
        if not self._stream:
            data = _held(reading, self._rules.budget.max_bytes)
            with suppress(OverBudget):  # a stream has room for it
                if data is not None:
                    yield from list(self._inspector.inspect(data, source.name))
                    return
        yield self._streams.inspect(reading, source.name)

    def _pieces(self, source: Source) -> Iterator[bytes]:
        share = 0.1 if source.packed else 1.0
        return self._progress.watching(source.pieces(_PIECE), share)


def _held(reading: Reading, at_most: int) -> bytes | None:
    """The whole document, if it is not too large."""
    kept, size = [], 0
    for piece in reading():
        kept.append(piece)
        size += len(piece)
        if size > at_most:
            return None
    return b"".join(kept)


def _report(name: str, out: TextIO) -> Report:
    if name == "text":
        return TextReport(out, colour=_terminal(out) is not None and "NO_COLOR" not in os.environ)
    return FORMATS[name](out)


def _terminal(out: TextIO) -> TextIO | None:
    return out if out.isatty() else None
