"""Which links exclude each other."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from cim_adapter import instants
from cim_adapter.envelope import Error
from cim_adapter.nouns.identity_xml import write_id
from cim_adapter.store import links, objects
from cim_adapter.store.links import Link, Member
from cim_adapter.store.objects import Identity
from cim_adapter.store.readings import FOREVER
from cim_adapter.store.transaction import Transaction

_ONE_AT_A_TIME = {
    ("Meter", "UsagePoint"): "2.13",
    ("Meter", "ServiceLocation"): "2.17",
    ("ComModule", "Meter"): "2.18",
    ("CustomerAccount", "Customer"): "2.23",
    ("CustomerAgreement", "CustomerAccount"): "2.25",
}
"""An object of the first kind belongs to at most one of the second at a time; one of the second may have
many of the first. So the associations of the model say (0..1 on the one side, 0..* on the other), and of a
module that it is in one meter, its nature. The code is that for two of them that do not match.
"""


def contradictions(
    transaction: Transaction, known: Mapping[Member, Identity], at: int, *, replacing: bool
) -> list[Error]:
    """An Error for each object of the set ``known`` that, from ``at`` on, would belong to two objects of a
    kind of which it may have one: both in the set or, unless the set is ``replacing`` what was, one of
    them linked to it already.
    """
    earlier = [] if replacing else _earlier(transaction, known, at)
    return [error for kinds in _ONE_AT_A_TIME for error in _of_kinds(transaction, known, earlier, *kinds)]


def _earlier(transaction: Transaction, known: Mapping[Member, Identity], at: int) -> list[Link]:
    many = {many for many, _ in _ONE_AT_A_TIME}
    ids = [member.id for member in known if member.kind in many]
    singles = {single for _, single in _ONE_AT_A_TIME}
    return links.links(transaction, ids, kinds=singles, window=(at, FOREVER[1]))


def _of_kinds(
    transaction: Transaction, known: Mapping[Member, Identity], earlier: list[Link], many: str, single: str
) -> Iterator[Error]:
    wanted = {member: known[member] for member in known if member.kind == single}
    for member in (member for member in known if member.kind == many and wanted):
        first, *others = wanted.values()
        if others:
            yield _error(
                many,
                single,
                known[member],
                others[0],
                f"this set links {known[member]} to {first} and to {others[0]}",
            )
            continue
        for link in earlier:
            if link.one == member and link.other.kind == single and link.other not in wanted:
                other = objects.identities(transaction, [link.other.id])[link.other.id]
                end = "on" if link.end is None else f"to {instants.as_text(link.end)}"
                found = (
                    f"{known[member]} is to be linked to {first}, but is linked to {other} from "
                    f"{instants.as_text(link.start)} {end}; close that link first, or send change to replace it"
                )
                yield _error(many, single, known[member], other, found)
                break


def _error(many: str, single: str, one: Identity, other: Identity, found: str) -> Error:
    return Error(
        code=_ONE_AT_A_TIME[many, single],
        level="FATAL",
        reason=f"a {many} belongs to one {single} at a time: {found}",
        id=write_id(many, one),
        related_id=write_id(single, other),
    )
