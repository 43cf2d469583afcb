"""Tables are made, or migrated, when the adapter starts, by one process at a time."""

from __future__ import annotations

from importlib.resources import files
from typing import TYPE_CHECKING

from sqlalchemy import (
    Column,
    Connection,
    Engine,
    MetaData,
    PrimaryKeyConstraint,
    String,
    Table,
    insert,
    inspect,
    select,
    text,
)

from cim_adapter.store.sealing import StoreError
from cim_adapter.store.tables import Tables

if TYPE_CHECKING:
    from alembic.config import Config

NEWEST = "0002"
"""The revision of ``Tables``: that of the last script in ``migrations``."""

_LOCK = 61968  # any number, as long as every adapter takes the same


def bring_up_to_date(engine: Engine) -> None:
    """Make the tables in an empty database, migrate those of an earlier version, leave those of this one.

    Alembic is asked only for what lies between: it takes 0.2 s to load, and as long to make what ``Tables`` makes
    at once. Raises StoreError for the tables of a version that is not known.
    """
    with engine.connect() as connection, connection.begin():
        _wait_for_others(connection)
        known = inspect(connection)
        revisions = _revisions()
        if known.has_table(revisions.name):
            if connection.scalars(select(revisions.c.version_num)).all() == [NEWEST]:
                return
        elif not known.get_table_names():
            Tables.define().metadata.create_all(connection, checkfirst=False)
            revisions.create(connection)
            connection.execute(insert(revisions).values(version_num=NEWEST))
            return
    migrate(engine)


def migrate(engine: Engine, revision: str = "head") -> None:
    """Bring the database to ``revision``, script by script."""
    from alembic import command
    from alembic.util import CommandError

    with engine.connect() as connection, connection.begin():
        _wait_for_others(connection)
        try:
            command.upgrade(configuration(connection), revision)
        except CommandError as error:
            raise StoreError(f"the tables of this database are not those of this version: {error}") from error


def configuration(connection: Connection) -> Config:
    """Alembic's configuration, for commands beyond ``migrate``."""
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(files("cim_adapter.store").joinpath("migrations")))
    config.attributes["connection"] = connection
    return config


def _wait_for_others(connection: Connection) -> None:
    """Until this process alone makes tables; on SQLite the transaction has seen to it."""
    if connection.dialect.name == "postgresql":
        connection.execute(text("select pg_advisory_xact_lock(:key)"), {"key": _LOCK})


def _revisions() -> Table:
    """The table in which Alembic keeps the revision of a database."""
    key = PrimaryKeyConstraint("version_num", name="alembic_version_pkc")
    return Table("alembic_version", MetaData(), Column("version_num", String(32), nullable=False), key)
