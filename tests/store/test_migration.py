from concurrent.futures import ThreadPoolExecutor
from contextlib import closing

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.ddl.impl import DefaultImpl
from alembic.migration import MigrationContext
from sqlalchemy import inspect

from cim_adapter.store.engine import database_url, writing_engine
from cim_adapter.store.migration import configuration, migrate
from cim_adapter.store.store import Store, prepare
from cim_adapter.store.tables import Tables


@pytest.fixture
def engine(settings):
    settings.data.mkdir()
    made = writing_engine(database_url(settings.database, settings.data))
    yield made
    made.dispose()


def difference(engine):
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_server_default": True})
        return compare_metadata(context, Tables.define().metadata)


def test_migrations_give_exactly_the_tables(engine):
    migrate(engine)
    assert difference(engine) == []


def test_comparing_notices_what_is_missing(engine):
    migrate(engine)
    with engine.begin() as connection:
        connection.exec_driver_sql("drop index ix_reading_block_meter")
    assert [change[0] for change in difference(engine)] == ["add_index"]


def test_partial_and_unique_indexes_are_what_the_tables_say(engine):
    migrate(engine)
    indexes = {index["name"]: index for index in inspect(engine).get_indexes("object_key")}
    assert indexes["uq_object_key_exact"]["unique"]
    options = indexes["uq_object_key_exact"]["dialect_options"]
    assert "exact" in str(options[f"{engine.dialect.name}_where"])


def test_down_to_nothing_and_up_again(engine):
    migrate(engine)
    with engine.connect() as connection, connection.begin():
        command.downgrade(configuration(connection), "base")
    assert inspect(engine).get_table_names() == ["alembic_version"]
    migrate(engine)
    assert difference(engine) == []


def test_migrating_twice_does_nothing(engine):
    migrate(engine)
    migrate(engine)
    assert difference(engine) == []


def test_a_migration_that_fails_leaves_nothing_behind(engine, monkeypatch):
    def broken(*_):
        raise RuntimeError("power cut")

    with monkeypatch.context() as patch:
        patch.setattr(DefaultImpl.get_by_dialect(engine.dialect), "create_index", broken)
        with pytest.raises(RuntimeError, match="power cut"):
            migrate(engine)
    assert inspect(engine).get_table_names() == []
    migrate(engine)
    assert difference(engine) == []


def test_several_processes_prepare_one_database_at_once(settings):
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda _: prepare(settings), range(4)))
    with closing(Store(settings)) as store:
        assert store.read_now(lambda reader: reader.select(reader.tables.vault_key.select()).all())
