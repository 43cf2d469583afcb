"""The command ``cim-adapter export``."""

from __future__ import annotations

import argparse
import asyncio
import os
import signal
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from types import FrameType, MappingProxyType
from typing import BinaryIO, Final

from cim_adapter.access import administered, shown
from cim_adapter.codes import CodeLists
from cim_adapter.envelope import Error
from cim_adapter.export.arguments import given, option
from cim_adapter.export.devices import Controls, Events
from cim_adapter.export.formats import CsvWriter, LinesWriter, Writer, XmlWriter
from cim_adapter.export.journal import Journal
from cim_adapter.export.output import written
from cim_adapter.export.parquet import ParquetMissing, ParquetWriter
from cim_adapter.export.readings import Readings
from cim_adapter.export.source import Source
from cim_adapter.items.query import Parameters, UnusableParameter
from cim_adapter.progress import Progress
from cim_adapter.settings import Settings, SettingsError
from cim_adapter.store.engine import database_url
from cim_adapter.store.store import Store, prepare
from cim_adapter.store.transaction import Reader

_FORMATS: Final[Mapping[str, Callable[[BinaryIO, Source], Writer]]] = MappingProxyType(
    {"csv": CsvWriter, "jsonl": LinesWriter, "parquet": ParquetWriter, "xml": XmlWriter}
)
_NAMED = 20  # objects that the audit trail is told of
_STDOUT = "-"
_PIPE_IS_GONE = 128 + signal.SIGPIPE  # as a shell says it of a command that SIGPIPE ended


def export(settings: Settings, options: argparse.Namespace, tell: Callable[[str], None]) -> int:
    """Exit status: 0 done, 1 something that was asked for by name is not known. ``tell`` is given a line for each
    thing that was asked for and is not there. Raises SettingsError, SealError, OSError and SQLAlchemyError where
    it could not run.
    """
    source = _source(options)
    url = database_url(settings.database, settings.data)
    if url.get_backend_name() == "sqlite" and not Path(url.database or "").exists():
        raise SettingsError(f"there is no database at {url.database}")
    prepare(settings)
    before = {number: signal.signal(number, _end) for number in (signal.SIGTERM, signal.SIGINT)}
    try:
        with Store(settings) as store:
            return _export(store, source, options, tell)
    except ParquetMissing as error:
        raise SettingsError(str(error)) from error
    except OSError as error:
        if options.output == _STDOUT:
            _give_up_stdout()
            if isinstance(error, BrokenPipeError):
                return _PIPE_IS_GONE
        raise
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _export(store: Store, source: Source, options: argparse.Namespace, tell: Callable[[str], None]) -> int:
    name = options.format or _format(options.output)
    if name == "parquet" and options.output == _STDOUT and sys.stdout.isatty():
        raise SettingsError("Parquet is not for a terminal: give --output FILE")
    errors: list[Error] = []

    def run(out: BinaryIO) -> None:
        writer = _FORMATS[name](out, source)
        _audit(store, source)
        store.read_now(lambda reader: _write(reader, source, writer, errors, _terminal(options)))
        out.flush()

    if options.output == _STDOUT:
        run(sys.stdout.buffer)
    else:
        with written(Path(options.output)) as out:
            run(out)
    for error in errors:
        about = f": {error.id.value}" if error.id else ""
        tell(f"{error.reason}{about}")
    return 1 if any(error.level == "FATAL" for error in errors) else 0


def _audit(store: Store, source: Source) -> None:
    """On disk before the first reading leaves."""
    named = store.read_now(source.named)
    subjects = [shown(store.vault, kind, identity) for kind, identity in named[:_NAMED]]
    told = administered("get", source.noun, *subjects)
    asyncio.run(store.commit(lambda transaction: transaction.audit(told)))


def _write(reader: Reader, source: Source, writer: Writer, errors: list[Error], terminal: bool) -> None:
    """All of one snapshot."""
    progress = Progress(
        sys.stderr if terminal else None, source.total(reader) if terminal else 0, unit=source.unit
    )
    writer.begin()
    for batch in source.batches(reader, errors):
        writer.add(batch)
        progress.add(batch.size)
    writer.end()
    progress.clear()


def _source(options: argparse.Namespace) -> Source:
    try:
        parameters = Parameters(*given(options))
        match options.what:
            case "readings":
                return Readings(parameters, CodeLists())
            case "events":
                return Events(parameters, CodeLists())
            case "controls":
                return Controls(parameters, CodeLists())
            case _:
                return Journal(parameters, bodies=options.bodies)
    except UnusableParameter as error:
        raise SettingsError(f"{option(error.name)}: {error.detail}") from error


def _format(output: str) -> str:
    """As the name of the file ends."""
    ending = Path(output).suffix.removeprefix(".").lower()
    return ending if ending in _FORMATS else "jsonl"


def _terminal(options: argparse.Namespace) -> bool:
    """Whether somebody looks on who does not see the export itself go by."""
    seen = options.output == _STDOUT and sys.stdout.isatty()
    return sys.stderr.isatty() and not seen and not options.no_progress


def _give_up_stdout() -> None:
    """What waits in its buffer cannot be written, and would be an error again when the process ends."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, sys.stdout.fileno())
    os.close(nowhere)


def _end(number: int, _frame: FrameType | None) -> None:
    """As the signal would, but the file that is not whole is taken away first."""
    sys.exit(128 + number)
