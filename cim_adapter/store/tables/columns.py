"""Columns and indexes that tables have in common."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, ForeignKey, Index, Integer, LargeBinary, text

# SQLite counts rowids only for a column declared exactly INTEGER PRIMARY KEY.
ID = BigInteger().with_variant(Integer, "sqlite")


def only_known(name: str, first: str, *more: str, unique: bool = False) -> Index:
    """An index of the rows that have ``first``: the others cost it nothing."""
    known = text(f"{first} IS NOT NULL")
    return Index(name, first, *more, unique=unique, sqlite_where=known, postgresql_where=known)


def sealed(name: str, row: str, what: str = "") -> Column[bytes]:
    """A sealed value. ``row`` is the identity that its seal is bound to, with columns of its row in braces: by it
    all of them are found when they are sealed anew.
    """
    comment = f"{what}; sealed" if what else "sealed"
    return Column(name, LargeBinary, nullable=False, comment=comment, info={"sealed": row})


def of_message() -> Column[str]:
    """The message a row came with. Its journal row may be written after it: only the commit checks that it is.
    SQLite then looks in all tables that refer to the journal for rows that wait for it, so each has an index.
    """
    journal = ForeignKey("journal.uid", deferrable=True, initially="DEFERRED")
    return Column("journal_uid", journal, nullable=False, index=True)
