"""What many calls at a time want to know of names is asked for together, and none of them learns less."""

import asyncio

import pytest

from cim_adapter.store import objects
from cim_adapter.store.objects import Identity, Name
from cim_adapter.transports.rest.addresses import AddressBook

NAMED, OTHER = Identity(None, (Name("meter-1"),)), Identity(None, (Name("meter-2"),))


class Watched:
    """A store that counts what it is asked, and answers when ``gate`` is open."""

    def __init__(self, store):
        self._store, self.asked, self.gate = store, 0, asyncio.Event()

    async def read(self, work):
        found = await self._store.read(work)
        self.asked += 1  # from now on it is of no account to this question what is stored
        await self.gate.wait()
        return found

    async def has_asked(self, times):
        async with asyncio.timeout(10):
            while self.asked < times:
                await asyncio.sleep(0)


@pytest.fixture
def watched(store):
    return lambda: Watched(store)


async def make(store, identity, kind="Meter"):
    return await store.commit(lambda transaction: objects.resolve(transaction, kind, identity))


def test_calls_at_the_same_time_ask_once(store, watched):
    async def run():
        await make(store, NAMED)
        await make(store, OTHER)
        source = watched()
        source.gate.set()
        book = AddressBook(source)
        wanted = [{"Meter": ["meter-1"]}, {"Meter": ["meter-2"], "UsagePoint": ["meter-1"]}, {"Meter": ["new"]}]
        found = await asyncio.gather(*[book.look_up(some) for some in wanted])
        assert [sorted(some.known.get("Meter", {})) for some in found] == [["meter-1"], ["meter-2"], []]
        assert found[0].of("Meter", "meter-1") == [NAMED]
        assert found[1].known["UsagePoint"] == {}
        assert source.asked == 1

    asyncio.run(run())


def test_who_comes_while_a_question_is_on_its_way_is_told_what_is_so_afterwards(store, watched):
    async def run():
        source = watched()
        book = AddressBook(source)
        first = asyncio.create_task(book.look_up({"Meter": ["meter-1"]}))
        await source.has_asked(1)
        await make(store, NAMED)
        later = [asyncio.create_task(book.look_up({"Meter": ["meter-1"]})) for _ in range(5)]
        source.gate.set()
        assert (await first).known == {"Meter": {}}
        assert [(await call).known["Meter"]["meter-1"] for call in later] == [[NAMED]] * 5
        assert source.asked == 2

    asyncio.run(run())


def test_one_that_goes_away_takes_the_answer_from_nobody(store, watched):
    async def run():
        await make(store, NAMED)
        source = watched()
        book = AddressBook(source)
        first, second = (asyncio.create_task(book.look_up({"Meter": ["meter-1"]})) for _ in range(2))
        await source.has_asked(1)
        first.cancel()
        source.gate.set()
        assert (await second).of("Meter", "meter-1") == [NAMED]

    asyncio.run(run())


def test_all_learn_of_a_database_that_is_away_and_the_next_ask_anew(store):
    class Away:
        def __init__(self):
            self.is_away = True

        async def read(self, work):
            if self.is_away:
                raise OSError("away")
            return await store.read(work)

    async def run():
        await make(store, NAMED)
        source = Away()
        book = AddressBook(source)
        calls = [book.look_up({"Meter": ["meter-1"]}) for _ in range(3)]
        assert [type(found) for found in await asyncio.gather(*calls, return_exceptions=True)] == [OSError] * 3
        source.is_away = False
        assert (await book.look_up({"Meter": ["meter-1"]})).of("Meter", "meter-1") == [NAMED]

    asyncio.run(run())


def test_an_mrid_is_asked_for_once_in_its_life_and_a_name_each_time(store, watched):
    async def run():
        await make(store, Identity("mrid-1"))
        await make(store, NAMED)
        source = watched()
        source.gate.set()
        book = AddressBook(source)
        for text, questions in (("mrid-1", 1), ("mrid-1", 1), ("meter-1", 2), ("meter-1", 3)):
            await book.look_up({"Meter": [text]})
            assert source.asked == questions, text

    asyncio.run(run())
