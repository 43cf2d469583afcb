"""A database of each kind, and a store and an adapter on it."""

from __future__ import annotations

import os
import uuid
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from pathlib import Path

import pytest
from sqlalchemy import create_engine, text
from sqlalchemy.exc import OperationalError

from cim_adapter import Adapter, Settings
from cim_adapter.store.store import Store, prepare
from cim_adapter.store.tables import Tables

POSTGRES = os.environ.get("CIM_TEST_POSTGRES", "postgresql+psycopg://postgres@127.0.0.1:5432/postgres")


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Whatever touches a database runs on both."""
    if "backend" in metafunc.fixturenames:
        metafunc.parametrize("backend", ["sqlite", "postgresql"], indirect=True)


@pytest.fixture
def backend(request: pytest.FixtureRequest) -> str:
    return request.param


@contextmanager
def fresh_database(backend: str) -> Iterator[str]:
    """The setting ``database``: empty for SQLite, a schema of its own for PostgreSQL."""
    if backend == "sqlite":
        yield ""
        return
    admin = create_engine(POSTGRES, isolation_level="AUTOCOMMIT")
    name = f"cim_test_{uuid.uuid4().hex}"
    try:
        with admin.connect() as connection:
            connection.execute(text(f'create schema "{name}"'))
    except OperationalError as error:
        admin.dispose()
        reason = f"no PostgreSQL answers at {admin.url.render_as_string()}: {error.orig}"
        if os.environ.get("CIM_TEST_FORCE_SERVICES"):
            pytest.fail(reason)
        pytest.skip(reason)
    own = admin.url.update_query_dict({"options": f"-c search_path={name}"})
    yield own.render_as_string(hide_password=False)
    with admin.connect() as connection:
        connection.execute(text(f'drop schema "{name}" cascade'))
    admin.dispose()


@pytest.fixture(scope="session")
def fresh() -> Callable[[str], AbstractContextManager[str]]:
    """``fresh(backend)``: a database for more than one test."""
    return fresh_database


class Emptied:
    """One PostgreSQL schema for one test after another: to make the tables takes it longer than most tests."""

    def __init__(self) -> None:
        self._open = ExitStack()
        self._url: str | None = None

    def url(self) -> str:
        """The setting ``database``; no row of an earlier test is in it. Not for those who kill servers."""
        if self._url is None:
            self._url = self._open.enter_context(fresh_database("postgresql"))
            return self._url
        deletions = [f"delete from {table.name}" for table in reversed(Tables.define().metadata.sorted_tables)]
        restart = (
            "select setval(oid::regclass, 1, false) from pg_class"
            " where relkind = 'S' and relnamespace = current_schema()::regnamespace"
        )
        engine = create_engine(self._url)
        with engine.begin() as connection:
            if connection.scalar(text("select to_regclass('alembic_version')")):
                connection.exec_driver_sql("; ".join([*deletions, restart]))
        engine.dispose()
        return self._url

    def close(self) -> None:
        self._open.close()


@pytest.fixture(scope="session")
def emptied() -> Iterator[Emptied]:
    kept = Emptied()
    yield kept
    kept.close()


@pytest.fixture
def database(backend: str, request: pytest.FixtureRequest, emptied: Emptied) -> Iterator[str]:
    """The setting ``database``, of a database that holds no row; the tables may be there."""
    if backend == "postgresql" and "launcher" not in request.fixturenames:
        yield emptied.url()
        return
    with fresh_database(backend) as url:
        yield url


@pytest.fixture
def settings(database: str, tmp_path: Path) -> Settings:
    return Settings(data=tmp_path / "data", database=database)


@pytest.fixture
def store(settings: Settings) -> Iterator[Store]:
    prepare(settings)
    with Store(settings) as opened:
        yield opened


@pytest.fixture
def adapter(settings: Settings) -> Iterator[Adapter]:
    with Adapter.prepared(settings) as built:
        yield built
