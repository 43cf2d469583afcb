"""Folders that are watched for files, as the settings file has them: a table ``inboxes`` with a table for each.

What they mean is told in docs/files.md; their keys stand in docs/settings.md, which is made from here.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal, Self, get_args, get_origin, get_type_hints

import msgspec
from msgspec import Meta


class InboxesError(ValueError):
    """The table ``inboxes`` says what it cannot; the text is written for the operator."""


class Inbox(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One watched folder. ``name`` is that of its table; times are seconds."""

    folder: Annotated[
        Path, Meta(description="folder that files are dropped in; `work`, `done` and `rejected` go in it")
    ]
    partner: Annotated[
        str, Meta(min_length=1, description="whose files they are: stands in journal and audit, has the profile")
    ]
    role: Annotated[str, Meta(description="what its messages may do")] = "partner"
    pattern: Annotated[
        tuple[str, ...],
        Meta(min_length=1, description="names that are taken, in small letters or large; others stay"),
    ] = ("*.xml", "*.xml.gz", "*.zip")
    outbox: Annotated[
        Path | None, Meta(description="folder that replies go to as well; none: they are beside the file alone")
    ] = None
    verb: Annotated[
        Literal["created", "create", "changed", "change"],
        Meta(description="what is meant by a profile without an envelope, such as MeterReadings alone"),
    ] = "created"
    poll: Annotated[
        float,
        Meta(ge=0, description="seconds between two looks, for network folders; 0: the kernel tells (inotify)"),
    ] = 0.0
    settle: Annotated[
        float,
        Meta(ge=0, description="seconds for which size and time of a file must not change before it is taken"),
    ] = 1.0
    at_once: Annotated[
        int, Meta(ge=1, description="files at most that are worked on at once; 1: strictly in order")
    ] = 32
    name: str = ""

    @classmethod
    def described(cls) -> Iterator[tuple[str, str, str, str]]:
        """(key, type, default, meaning) of each key, in the order of this file."""
        hints = get_type_hints(cls, include_extras=True)
        for item in msgspec.structs.fields(cls):
            if item.name != "name":
                kind, meta = get_args(hints[item.name])
                default = "" if item.default in (msgspec.NODEFAULT, None) else _shown(item.default)
                yield item.name, _type_name(kind), default, meta.description


@dataclass(frozen=True, slots=True)
class Inboxes:
    """The inboxes of a settings file."""

    all: tuple[Inbox, ...] = ()

    @classmethod
    def read(cls, tables: object) -> Self:
        """From the TOML table ``inboxes``. Raises InboxesError."""
        if not isinstance(tables, Mapping):
            raise InboxesError("give a table for each inbox in the settings file: [inboxes.NAME]")
        found = tuple(_inbox(name, table) for name, table in tables.items())
        owners: dict[Path, str] = {}
        for inbox in found:
            for folder in filter(None, (inbox.folder, inbox.outbox)):
                place = folder.absolute()
                if place in owners:
                    raise InboxesError(
                        f"{inbox.name}: {folder} belongs to {owners[place]} already; give each its own"
                    )
                owners[place] = inbox.name
        return cls(found)

    def chosen(self, name: str, given: Mapping[str, object]) -> Self:
        """The one inbox of this name or, where none has it, a folder; with other values for its keys. Raises
        InboxesError.
        """
        for inbox in self.all:
            if inbox.name == name:
                return type(self).read({name: {**_table(inbox), **given}})
        own = Path(name).absolute().name
        return type(self).read({own: {"partner": own, **given, "folder": name}})


def _inbox(name: str, table: object) -> Inbox:
    try:
        inbox = msgspec.convert(table, Inbox, dec_hook=_path)
    except msgspec.ValidationError as error:
        raise InboxesError(f"{name}: {error}") from error
    return msgspec.structs.replace(inbox, name=name)


def _table(inbox: Inbox) -> dict[str, object]:
    table = {
        key: value for key, value in msgspec.structs.asdict(inbox).items() if value is not None and key != "name"
    }
    return {key: str(value) if isinstance(value, Path) else value for key, value in table.items()}


def _path(kind: Any, value: Any) -> Path:
    if not isinstance(value, str) or not value:
        raise ValueError(f"Expected a path, got {value!r}")
    return Path(value)


def _shown(default: object) -> str:
    return ", ".join(default) if isinstance(default, tuple) else str(default)


def _type_name(kind: Any) -> str:
    if get_origin(kind) is Literal:
        return " or ".join(get_args(kind))
    if kind in (Path, Path | None):
        return "path"
    return "list of str" if get_origin(kind) is tuple else str(kind.__name__)
