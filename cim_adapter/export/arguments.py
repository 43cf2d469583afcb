"""The options of ``cim-adapter export``. (The command itself is loaded when it runs.)"""

from __future__ import annotations

import argparse
import re
from types import MappingProxyType
from typing import Final

from cim_adapter.items.control import ControlXml
from cim_adapter.items.event import EventXml
from cim_adapter.items.parameters import PARAMETERS
from cim_adapter.items.reading_query import ReadingQuery

FORMATS: Final = ("csv", "jsonl", "parquet", "xml")
JOURNAL: Final = ("from", "to", "since", "status", "partner")
_WHAT: Final = MappingProxyType(
    {
        "readings": ReadingQuery.NAMES,
        "events": EventXml.parameters,
        "controls": ControlXml.parameters,
        "journal": JOURNAL,
    }
)
_MEANINGS: Final = MappingProxyType(
    {name: meaning for name, (_, meaning) in PARAMETERS.items()} | {"partner": "who sent the message"}
)
_ONCE = ("from", "to", "since")


def add_arguments(parser: argparse.ArgumentParser, storage: argparse.ArgumentParser) -> None:
    """A command for each kind of thing; ``storage`` are the options of every command that opens the store."""
    kinds = parser.add_subparsers(required=True, metavar="WHAT", dest="what")
    for what, parameters in _WHAT.items():
        command = kinds.add_parser(what, help=f"export {what}", parents=[storage])
        command.add_argument("--output", metavar="FILE", default="-", help="default: -, standard output")
        command.add_argument("--format", choices=FORMATS, help="default: as the name of FILE ends, else jsonl")
        command.add_argument("--no-progress", action="store_true", help="no bar, on a terminal, too")
        for name in parameters:
            several = "" if name in _ONCE else "; may stand several times, and either is meant"
            command.add_argument(
                option(name),
                dest=f"only_{name}",
                metavar="TIME" if name in _ONCE else "VALUE",
                action="append",
                help=_MEANINGS[name].replace("%", "%%") + several,
            )
        if what == "journal":
            command.add_argument("--bodies", action="store_true", help="with requests and replies, opened")


def given(options: argparse.Namespace) -> tuple[list[tuple[str, str]], tuple[str, ...]]:
    """The parameters that were given, name and value, and the names of those that may be."""
    known = _WHAT[options.what]
    return [(name, value) for name in known for value in getattr(options, f"only_{name}") or ()], known


def option(name: str) -> str:
    """``usagePoint`` as it stands on a command line."""
    return "--" + re.sub("[A-Z]", lambda letter: f"-{letter[0].lower()}", name)
