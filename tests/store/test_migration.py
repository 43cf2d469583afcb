from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from threading import Barrier

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.ddl.impl import DefaultImpl
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import inspect

from cim_adapter.store.engine import database_url, writing_engine
from cim_adapter.store.migration import NEWEST, bring_up_to_date, configuration, migrate
from cim_adapter.store.sealing import StoreError
from cim_adapter.store.store import Store, prepare
from cim_adapter.store.tables import Tables


@pytest.fixture
def database(backend, fresh):
    """Without tables."""
    with fresh(backend) as url:
        yield url


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


def described(engine):
    """All that the database itself says of its tables, in whatever order they were made."""
    if engine.dialect.name == "sqlite":
        asked = ["select type, name, sql from sqlite_master where type in ('table', 'index')"]
    else:
        asked = [
            "select table_name, column_name, data_type, is_nullable, column_default, character_maximum_length"
            " from information_schema.columns where table_schema = current_schema()",
            "select tablename, indexname, indexdef from pg_indexes where schemaname = current_schema()",
            "select conrelid::regclass::text, conname, pg_get_constraintdef(oid) from pg_constraint"
            " where connamespace = current_schema()::regnamespace",
            "select objoid::regclass::text, objsubid::text, description from pg_description"
            " join pg_class on pg_class.oid = objoid where relnamespace = current_schema()::regnamespace",
        ]
    with engine.connect() as connection:
        revision = connection.exec_driver_sql("select version_num from alembic_version").scalar_one()
        rows = [row for question in asked for row in connection.exec_driver_sql(question)]
    lines = [[sorted(line.strip(" ,\t") for line in str(part).splitlines()) for part in row] for row in rows]
    return revision, sorted(lines)


def test_tables_made_at_once_are_those_of_the_scripts(engine):
    bring_up_to_date(engine)
    at_once = described(engine)
    assert len(at_once[1]) > 40
    with engine.connect() as connection, connection.begin():
        command.downgrade(configuration(connection), "base")
        connection.exec_driver_sql("drop table alembic_version")
    migrate(engine)
    assert described(engine) == at_once
    assert difference(engine) == []


def test_tables_that_are_ours_already_are_left_alone(engine, monkeypatch):
    bring_up_to_date(engine)

    def asked(*_):
        raise AssertionError("nothing is to be done")

    monkeypatch.setattr(command, "upgrade", asked)
    bring_up_to_date(engine)
    assert difference(engine) == []


def test_tables_of_a_later_version_are_refused(engine):
    bring_up_to_date(engine)
    with engine.begin() as connection:
        connection.exec_driver_sql("update alembic_version set version_num = '9999'")
    with pytest.raises(StoreError, match="not those of this version"):
        bring_up_to_date(engine)


def test_the_newest_revision_is_that_of_the_last_script():
    """It is said once more beside the scripts, so that a server need not read them."""
    assert ScriptDirectory.from_config(configuration(None)).get_heads() == [NEWEST]


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


def test_several_change_the_journal_of_a_new_file_at_once(tmp_path):
    def opened(url, start):
        start.wait()
        writing_engine(url).connect().close()

    for number in range(50):  # without patience one of these fails every third time that this runs
        url, start = database_url("", tmp_path / f"{number}"), Barrier(6)
        (tmp_path / f"{number}").mkdir()
        with ThreadPoolExecutor(6) as pool:
            list(pool.map(opened, [url] * 6, [start] * 6))
