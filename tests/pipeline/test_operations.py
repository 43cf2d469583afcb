"""OperationSets with handlers of our own: what goes wrong inside, and what a handler may be asked."""

from __future__ import annotations

import asyncio
import logging
from types import ModuleType

import pytest
from lxml import etree
from sqlalchemy import insert, select

from cim_adapter import Adapter, Reply, Settings, handles
from cim_adapter.access import Credentials
from cim_adapter.envelope import ID, Error, Result
from cim_adapter.errors import AdapterError
from cim_adapter.wire import Answer, Arrival

MESSAGE = "http://iec.ch/TC57/2011/schema/message"
PROFILE = "http://iec.ch/TC57/2011/MeterReadings#"


class BareWire:
    """A transport without an envelope of its own."""

    name = "bare"

    def open(self, document: etree._Element) -> etree._Element:
        return document

    def close(self, message: etree._Element, _text: bytes) -> Answer:
        return Answer(body=etree.tostring(message))

    def fault(self, error: AdapterError, message: etree._Element) -> Answer:
        return Answer(body=etree.tostring(message), status=error.http_status)


@pytest.fixture
def handlers():
    """Handlers of an otherwise unknown noun: each leaves a row of its operation, at once."""

    def leave(call, transaction):
        name = f"{call.message.header.verb} {next(call.positions)} {call.element_operation}"
        transaction.execute(insert(transaction.tables.vault_key).values(name=name, sealed=b""))

    @handles("create", "Pumps")
    def create(call, prepared, transaction):
        leave(call, transaction)
        return Reply(ids=(ID(value=call.uid),))

    @handles("change", "Pumps")
    def explode(call, prepared, transaction):
        leave(call, transaction)
        raise ZeroDivisionError("secret of the house")

    @handles("close", "Pumps", prepare=lambda call: 1 / 0)
    def never(call, prepared, transaction):
        return Reply()

    @handles("cancel", "Pumps")
    def fail(call, prepared, transaction):
        leave(call, transaction)
        return Reply(result=Result.FAILED, errors=(Error(code="6.1"),))

    @handles("delete", "Pumps", element_operations=True)
    def delete(call, prepared, transaction):
        leave(call, transaction)
        return Reply()

    @handles("created", "Pumps")
    def warn(call, prepared, transaction):
        leave(call, transaction)
        return Reply(errors=(Error(code="0.3", reason="noted"),))

    module = ModuleType("pumps")
    vars(module).update(create=create, explode=explode, never=never, fail=fail, delete=delete, warn=warn)
    return [module]


@pytest.fixture
def adapter(database, tmp_path, handlers):
    with Adapter.prepared(Settings(data=tmp_path / "data", database=database, open=True), handlers) as built:
        yield built


@pytest.fixture
def execute(adapter):
    """(result, [(operationId, code)], IDs) of a set with an operation for each of these verbs."""

    def run(*verbs: str, together: bool = False, elements: bool = False):
        operations = "".join(
            f"<Operation><operationId>{number}</operationId><noun>Pumps</noun><verb>{verb}</verb>"
            f"<elementOperation>{str(elements).lower()}</elementOperation></Operation>"
            for number, verb in enumerate(verbs, 1)
        )
        flag = f"<enforceTransactionalIntegrity>{str(together).lower()}</enforceTransactionalIntegrity>"
        body = (
            f'<RequestMessage xmlns="{MESSAGE}"><Header><Verb>execute</Verb><Noun>OperationSet</Noun></Header>'
            f"<Payload><OperationSet>{flag}{operations}</OperationSet></Payload></RequestMessage>"
        )
        arrival = Arrival(body=body.encode(), credentials=Credentials(), remote=None, wire=BareWire())
        root = etree.fromstring(asyncio.run(adapter.pipeline.take(arrival)).body)
        errors = [(e.findtext("{*}operationId"), e.findtext("{*}code")) for e in root.iter("{*}Error")]
        assert b"secret" not in etree.tostring(root)
        return root.findtext(".//{*}Result"), errors, [e.text for e in root.iterfind(".//{*}Reply/{*}ID")]

    return run


@pytest.fixture
def left(adapter):
    """The rows that handlers left."""

    def read() -> set[str]:
        table = adapter.store.tables.vault_key
        return set(adapter.store.read_now(lambda reader: reader.select(select(table.c.name)).scalars())) - {
            "index"
        }

    return read


@pytest.fixture
def journaled(adapter):
    def read():
        table = adapter.store.tables.journal
        return adapter.store.read_now(lambda reader: reader.select(select(table)).all())

    return read


@pytest.mark.parametrize(("verb", "code"), [("change", "5.3"), ("close", "5.3"), ("cancel", "6.1")])
def test_an_operation_that_fails_undoes_itself(execute, left, journaled, caplog, verb, code):
    with caplog.at_level(logging.ERROR, "cim_adapter"):
        result, errors, ids = execute("create", verb, "create")
    assert (result, errors) == ("PARTIAL", [("2", code)])
    (row,) = journaled()
    assert ids == [row.uid] * 2
    assert (row.result, row.code, row.noun) == ("PARTIAL", code, "OperationSet")
    assert len(left()) == 2
    assert (f"operation 2 of message {row.uid} failed" in caplog.text) is (code == "5.3")


@pytest.mark.parametrize(("verb", "code"), [("change", "5.3"), ("close", "5.3"), ("cancel", "6.1")])
def test_an_operation_that_fails_undoes_its_set(execute, left, journaled, verb, code):
    result, errors, ids = execute("create", verb, "create", together=True)
    assert (result, errors, ids) == ("FAILED", [("2", code), ("1", "5.9"), ("3", "5.9")], [])
    assert left() == set()
    assert len(journaled()) == 1


def test_what_is_only_to_be_noted_fails_nothing(execute, left):
    assert execute("created", "create", together=True)[:2] == ("OK", [("1", "0.3")])
    assert len(left()) == 2


def test_a_handler_is_told_of_an_element_operation(execute, left):
    assert execute("delete")[0] == "OK"
    assert execute("delete", elements=True)[0] == "OK"
    assert left() == {"delete 0 False", "delete 0 True"}


def test_a_handler_that_knows_no_element_operations_is_not_asked(execute, left):
    assert execute("create", elements=True)[:2] == ("FAILED", [("1", "5.2")])
    assert left() == set()


def test_a_hundred_operations_draw_from_the_same_numbers(execute, left):
    assert execute(*["create"] * 100)[0] == "OK"
    assert len(left()) == 100


def test_a_database_that_goes_away_fails_the_message(adapter, execute, left, monkeypatch):
    """No operation answers for it: the whole message is tried again, and nothing is half done."""
    from cim_adapter.store.transaction import DatabaseError, Transaction

    execute_, calls = Transaction.execute, iter(range(1000))

    def gone(self, statement):
        if next(calls) in (1, 3):
            raise DatabaseError("gone")
        return execute_(self, statement)

    monkeypatch.setattr(Transaction, "execute", gone)
    assert execute("create", "create", "create")[:2] == ("FAILED", [(None, "5.3")])
    assert left() == set()
