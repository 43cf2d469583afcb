"""SIGKILL at random moments: what was acknowledged is there after each restart, and there once."""

from __future__ import annotations

import random
import threading
import uuid

import httpx
import pytest
from sqlalchemy import create_engine, text

CLIENTS = 16
READINGS = 4
KILLS = {"sqlite": 20, "postgresql": 5}
SEED = 61968


class Clients:
    """Threads that create until the server is gone; each sends what was not acknowledged once more."""

    def __init__(self, server, messages):
        self._server, self._messages = server, messages
        self.acknowledged: dict[str, dict] = {}
        self.refused: list[str] = []
        self.pending: list[tuple[str, dict]] = []
        self._lock = threading.Lock()
        self._progress = threading.Condition(self._lock)
        self._threads: list[threading.Thread] = []

    def start(self, server) -> None:
        self._server = server
        again, self.pending = self.pending, []
        self._threads = [threading.Thread(target=self._create, args=(again[n::CLIENTS],)) for n in range(CLIENTS)]
        for thread in self._threads:
            thread.start()

    def wait_for(self, more: int) -> None:
        """Until so many more messages were acknowledged."""
        with self._progress:
            wanted = len(self.acknowledged) + more
            assert self._progress.wait_for(lambda: len(self.acknowledged) >= wanted, 60)

    def join(self) -> None:
        for thread in self._threads:
            thread.join(60)

    def _create(self, again: list[tuple[str, dict]]) -> None:
        with self._server.client() as client:
            while True:
                number, meter = again.pop() if again else (str(uuid.uuid4()), self._messages.meter(count=READINGS))
                try:
                    answer = self._messages.send(
                        client, self._messages.create(meter, header={"MessageID": number})
                    )
                except httpx.TransportError:  # the server is gone: whether it stored this, nobody knows
                    with self._lock:
                        self.pending += [(number, meter), *again]
                    return
                with self._progress:
                    if answer.result == "OK":
                        self.acknowledged[number] = meter
                    else:
                        self.refused.append(answer.said)
                    self._progress.notify_all()


def stored_blocks(database: str, data) -> dict[str, tuple[int, int]]:
    """MessageID → (blocks, readings), as the tables have them."""
    engine = create_engine(database or f"sqlite:///{data / 'cim_adapter.db'}")
    counted = text(
        "select j.message_id, count(*), sum(b.readings) from reading_block b"
        " join journal j on j.uid = b.journal_uid group by j.message_id"
    )
    with engine.connect() as connection:
        found = {row[0]: (row[1], row[2]) for row in connection.execute(counted)}
    engine.dispose()
    return found


@pytest.fixture
def found_by_soap(messages):
    """Meter → its MeterReading, for all given meters, asked a hundred at a time."""

    def find(server, meters: list[str]) -> dict[str, dict]:
        found: dict[str, dict] = {}
        with server.client() as client:
            for first in range(0, len(meters), 100):
                wanted = [{"mRID": mrid} for mrid in meters[first : first + 100]]
                answer = messages.send(client, messages.get({"EndDevice": wanted}))
                assert (answer.result, answer.codes) == ("OK", ["0.0"])
                for element in answer.payload:
                    reading = messages.plain(element)
                    assert reading["Meter"]["mRID"] not in found
                    found[reading["Meter"]["mRID"]] = reading
        return found

    return find


def test_every_acknowledged_reading_is_there_and_none_twice(
    start_server, messages, backend, database, found_by_soap
):
    chance = random.Random(SEED)
    server = start_server()
    clients = Clients(server, messages)
    checked = 0
    for _ in range(KILLS[backend]):
        clients.start(server)
        clients.wait_for(chance.randint(1, 60))
        threading.Event().wait(chance.random() / 100)  # somewhere inside a commit
        server.kill()
        clients.join()
        server = start_server()

        acknowledged = dict(clients.acknowledged)
        recent = list(acknowledged.values())[checked:]
        checked = len(acknowledged)
        found = found_by_soap(server, [meter["Meter"]["mRID"] for meter in recent])
        assert found == {meter["Meter"]["mRID"]: meter for meter in recent}
        blocks = stored_blocks(database, server.data)
        assert acknowledged.keys() <= blocks.keys()
        assert set(blocks.values()) == {(1, READINGS)}
    assert clients.refused == []

    everything = found_by_soap(server, [meter["Meter"]["mRID"] for meter in clients.acknowledged.values()])
    assert everything == {meter["Meter"]["mRID"]: meter for meter in clients.acknowledged.values()}


def test_message_without_an_answer_is_safe_to_send_again(start_server, messages, database):
    """The client that saw nothing but a broken connection sends again, under the same MessageID."""
    server = start_server()
    clients = Clients(server, messages)
    clients.start(server)
    clients.wait_for(20)
    server.kill()
    clients.join()
    server = start_server()
    with server.client() as client:
        for number, meter in clients.pending:
            body = messages.create(meter, header={"MessageID": number})
            assert messages.send(client, body).result == "OK"
    blocks = stored_blocks(database, server.data)
    assert {blocks[number] for number, _ in clients.pending} == {(1, READINGS)}
