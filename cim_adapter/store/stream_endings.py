"""How answers ended that were written while they were read, as the journal has it."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
from sqlalchemy import select

from cim_adapter.store.journal import Streamed
from cim_adapter.store.parts import in_parts
from cim_adapter.store.transaction import Reader


def endings(reader: Reader, uids: Sequence[str]) -> dict[str, Streamed]:
    """Those of these messages, by uid; of a message with an answer that was kept, none."""
    columns = reader.tables.journal.c
    statement = select(columns.uid, columns.streamed).where(columns.streamed.is_not(None))
    return {
        row.uid: msgspec.json.decode(row.streamed, type=Streamed)
        for some in in_parts(uids)
        for row in reader.select(statement.where(columns.uid.in_(some)))
    }
