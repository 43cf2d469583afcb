"""What a query of /meter-readings finds: part by part, as a get of the noun answers, or a page at a time."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from operator import itemgetter

import msgspec

from cim_adapter.envelope import Error
from cim_adapter.items.addresses import Addresses
from cim_adapter.items.reading_query import ReadingQuery
from cim_adapter.items.reading_reader import Key, ReadingReader, Spot
from cim_adapter.nouns.readings.model import MeterReading
from cim_adapter.nouns.registry import Content
from cim_adapter.transports.rest.addresses import AddressBook
from cim_adapter.transports.rest.exchange import Outcome
from cim_adapter.transports.rest.problem import Problem
from cim_adapter.transports.rest.resource import RestCall

_MOST_PARTS = 50  # asked for one page: where most readings do not fit, a page may have fewer than its limit


class Place(msgspec.Struct, frozen=True, kw_only=True, array_like=True):
    """Where a page begins: in which part of an answer in parts of ``size`` readings, after which reading."""

    size: int
    part: str | None = None
    after: Key | None = None


class Part(msgspec.Struct, frozen=True):
    """One part of an answer; ``following`` is where the next one begins, if there is one."""

    spots: list[Spot]
    told: tuple[Error, ...]
    following: Place | None


class Page(msgspec.Struct):
    """Where the readings of one page are; ``following`` is where the next page begins, if there is one."""

    spots: list[Spot] = []
    told: list[Error] = []
    following: Place | None = None


class ReadingPages:
    """Asks the pipeline. Safe to share between threads."""

    def __init__(self, reader: ReadingReader, book: AddressBook) -> None:
        self._reader = reader
        self._book = book

    async def addresses(self, call: RestCall, wanted: Mapping[str, Sequence[str]]) -> Addresses:
        """What these texts name; nothing is looked up for a caller that is not known."""
        known = await call.exchange.known()
        return await self._book.look_up(wanted, call.exchange.scopes) if known else Addresses({})

    async def ask(
        self, call: RestCall, wanted: ReadingQuery, addresses: Addresses, place: Place | None = None
    ) -> tuple[Outcome, list[MeterReading]]:
        """The answer to a get, and what it tells: all, or the part that begins at ``place``."""
        options = {}
        if place is not None:
            options["partSize"] = str(place.size)
            if place.part is not None:
                options["continuation"] = place.part
        content = Content(told=[])
        send = call.exchange.send
        outcome = await send(
            "get", "MeterReadings", query=wanted.as_profile(addresses), options=options, content=content
        )
        return outcome, content.told

    async def part(self, call: RestCall, wanted: ReadingQuery, place: Place) -> Part | Problem:
        """One part of an answer: what fits in it, in its order."""
        addresses = await self.addresses(call, wanted.named)
        outcome, found = await self.ask(call, wanted, addresses, place)
        if outcome.failed and not outcome.empty:
            return outcome.problem(unknown=404)
        spots = await asyncio.to_thread(self._spots, found, wanted, place.after)
        following = None if outcome.continuation is None else Place(size=place.size, part=outcome.continuation)
        return Part(spots, outcome.errors, following)

    async def page(self, call: RestCall, wanted: ReadingQuery, place: Place, limit: int) -> Page | Problem:
        """Where the readings of a page are: out of as many parts as it takes."""
        page = Page()
        for _ in range(_MOST_PARTS):
            part = await self.part(call, wanted, place)
            if isinstance(part, Problem):
                return part
            page.told += [error for error in part.told if error.code != "5.7"]
            taken = part.spots[: limit - len(page.spots)]
            page.spots += taken
            if len(taken) < len(part.spots):
                page.following = Place(size=place.size, part=place.part, after=page.spots[-1][0])
                return page
            if part.following is None:
                return page
            place = part.following
            if len(page.spots) == limit:
                break
        page.following = place
        return page

    def _spots(self, found: list[MeterReading], wanted: ReadingQuery, after: Key | None) -> list[Spot]:
        """Where in one part the readings are that fit and come after ``after``, in their order."""
        spots = self._reader.spots(self._reader.fitting(found, wanted))
        if after is not None:
            spots = (spot for spot in spots if spot[0] > after)
        return sorted(spots, key=itemgetter(0))
