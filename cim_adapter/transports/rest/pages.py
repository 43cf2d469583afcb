"""Pages made of the parts of an answer (see ``nouns.continuation``): only a page and a part are held at once."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import Any

import msgspec

from cim_adapter.envelope import Error
from cim_adapter.transports.rest.exchange import Outcome

_MOST_PARTS = 50  # asked for one page: where most items are not wanted, a page may have fewer than its limit


class Place(msgspec.Struct, frozen=True, array_like=True):
    """Where a page begins: in which part of an answer in parts of ``size`` items, behind which item of it: its
    id, and its number there.
    """

    size: int
    part: str | None = None
    id: str = ""
    number: int = 0

    @property
    def options(self) -> dict[str, str]:
        """The Options of a Request that asks for this part."""
        size = {"partSize": str(self.size)}
        return size if self.part is None else {**size, "continuation": self.part}

    def first_of(self, items: Sequence[Any]) -> int:
        """The number of the first item of the page in its part. The id says where the last page ended, whatever
        came or went since; the number, where that item has none.
        """
        ends = (number + 1 for number, item in enumerate(items) if self.id and item.id == self.id)
        return next(ends, self.number)


class Page(msgspec.Struct):
    """The items of one page; ``following`` is where the next page begins, if there is one."""

    items: list[Any] = []
    told: list[Error] = []
    following: Place | None = None


async def page_from(
    place: Place,
    limit: int,
    *,
    ask: Callable[[Place], Awaitable[Outcome]],
    read: Callable[[Outcome], list[Any]],
    fits: Callable[[Any], bool],
) -> Page | Outcome:
    """At most ``limit`` items that fit, out of as many parts as it takes; an Outcome that failed."""
    page = Page()
    for _ in range(_MOST_PARTS):
        outcome = await ask(place)
        if outcome.failed and not outcome.empty:
            return outcome
        page.told += [error for error in outcome.errors if error.code != "5.7"]
        items = read(outcome)
        first = place.first_of(items)
        fitting = [(number, item) for number, item in enumerate(items[first:], first + 1) if fits(item)]
        taken = fitting[: limit - len(page.items)]
        page.items += [item for _, item in taken]
        if len(taken) < len(fitting):
            number, last = taken[-1]
            page.following = Place(place.size, place.part, last.id or "", number)
            return page
        if outcome.continuation is None:
            return page
        place = Place(place.size, outcome.continuation)
        if len(page.items) == limit:
            break
    page.following = place
    return page
