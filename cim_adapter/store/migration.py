"""Migrations are applied when the adapter starts, by one process at a time."""

from __future__ import annotations

from importlib.resources import files

from alembic import command
from alembic.config import Config
from alembic.util import CommandError
from sqlalchemy import Connection, Engine, text

from cim_adapter.store.sealing import StoreError

_LOCK = 61968  # any number, as long as every adapter takes the same


def migrate(engine: Engine, revision: str = "head") -> None:
    """Bring the database to ``revision``."""
    with engine.connect() as connection, connection.begin():
        if engine.dialect.name == "postgresql":
            connection.execute(text("select pg_advisory_xact_lock(:key)"), {"key": _LOCK})
        try:
            command.upgrade(configuration(connection), revision)
        except CommandError as error:
            raise StoreError(f"the tables of this database are not those of this version: {error}") from error


def configuration(connection: Connection) -> Config:
    """Alembic's configuration, for commands beyond ``migrate``."""
    config = Config()
    config.set_main_option("script_location", str(files("cim_adapter.store").joinpath("migrations")))
    config.attributes["connection"] = connection
    return config
