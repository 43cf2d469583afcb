"""What a get of EndDeviceEvents or EndDeviceControls asks for: its query profile and the Request part.

Elements of one name are alternatives, elements of different names narrow one another (facts/metering.md
§2.3, inferred). Objects stand for the devices that belong to them: groups for their members, usage points
for their meters, customers and places for the usage points and meters they are linked with.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from lxml import etree

from cim_adapter.envelope import ID, Error, Message, Request
from cim_adapter.errors import Incomplete
from cim_adapter.nouns import relations
from cim_adapter.nouns.identity_xml import kind_of, read_id, read_identity
from cim_adapter.nouns.object_errors import unknown
from cim_adapter.nouns.readings.model import Period
from cim_adapter.nouns.readings.xml import read_period
from cim_adapter.nouns.relations import Scope, Window
from cim_adapter.store import objects
from cim_adapter.store.objects import Identity, Name
from cim_adapter.store.readings import FOREVER
from cim_adapter.store.transaction import Reader
from cim_adapter.xmltree import children, local, texts


@dataclass(frozen=True, slots=True, kw_only=True)
class Like:
    """An EndDeviceEvent or EndDeviceControl of a query: what is given must be so."""

    mrid: str | None = None
    issuer: str | None = None
    tracking: str | None = None
    reason: str | None = None
    severity: str | None = None
    names: tuple[Name, ...] = ()


@dataclass(slots=True, kw_only=True)
class DeviceFilter:
    """What is empty does not narrow. ``ids`` are those of Request that do not say what kind of object they
    name."""

    objects: dict[str, list[Identity]] = field(default_factory=dict)
    likes: list[Like] = field(default_factory=list)
    types: list[str] = field(default_factory=list)
    windows: list[Window] = field(default_factory=list)
    ids: list[ID] = field(default_factory=list)

    @property
    def hull(self) -> Window:
        """The window around every window asked for."""
        if not self.windows:
            return FOREVER
        return min(window[0] for window in self.windows), max(window[1] for window in self.windows)

    def in_time(self, start: int, end: int) -> bool:
        """Whether what lasts from ``start`` to ``end`` touches a window asked for."""
        return not self.windows or any(first <= end and start <= last for first, last in self.windows)

    def scopes(self, reader: Reader, errors: list[Error]) -> list[Scope]:
        """For each kind of object asked for, those objects and the devices that belong to them; an Error for
        each object that is not known."""
        found = []
        for kind, identities in self.objects.items():
            named: set[int] = set()
            for identity in identities:
                ids = objects.find(reader, kind, identity)
                named.update(ids)
                if not ids:
                    errors.append(unknown(kind, identity))
            found.append(_scope(reader, kind, named))
        return found


def narrowest(scopes: Sequence[Scope]) -> list[int] | None:
    """The objects of the smallest scope, to search by; None where there is none."""
    smallest: Scope | None = min(scopes, key=len, default=None)
    return None if smallest is None else sorted(smallest)


def _scope(reader: Reader, kind: str, ids: set[int]) -> Scope:
    if not relations.is_group(kind):
        return relations.belonging(reader, kind, ids)
    found = ids.union(*(relations.members(reader, kind, i) for i in ids))
    if kind == "UsagePointGroup":
        return relations.belonging(reader, "UsagePoint", found)
    return {i: [FOREVER] for i in found}


def read_filter(message: Message, thing: str) -> DeviceFilter:
    """The filter of a get. ``thing`` is what is asked for: EndDeviceEvent or EndDeviceControl.

    A query profile, in Request or (as some partners send it) in Payload, wins over Request's own ids
    (facts/envelope.md §1.4); Request's times narrow where it has none.
    """
    request = message.request or Request()
    profiles = request.filters or (message.payload.elements if message.payload else ())
    wanted = DeviceFilter()
    for profile in profiles:
        for name, element in children(profile):
            _read(wanted, thing, name, element)
    if not any(len(profile) for profile in profiles):
        for identifier in request.ids:
            _read_id(wanted, thing, identifier)
    if not wanted.windows and (request.start_time or request.end_time):
        wanted.windows.append(Period(start=request.start_time, end=request.end_time).window())
    return wanted


def _read(wanted: DeviceFilter, thing: str, name: str, element: etree._Element) -> None:
    if name == thing:
        wanted.likes.append(_like(element))
    elif name == f"{thing}Type":
        wanted.types += _type_names(element)
    elif name == "TimeSchedule":
        wanted.windows += [read_period(child).window() for _, child in children(element)]
    else:
        identity = read_identity(element)
        if not identity:
            raise Incomplete(
                f"{local(element)} in this query has no mRID and no Names: say which is meant", code="1.6"
            )
        wanted.objects.setdefault(kind_of(name), []).append(identity)


def _read_id(wanted: DeviceFilter, thing: str, identifier: ID) -> None:
    kind = kind_of(identifier.object_type) if identifier.object_type else None
    if kind is None or kind == thing:
        wanted.ids.append(identifier)
    else:
        wanted.objects.setdefault(kind, []).append(read_id(identifier))


def _like(element: etree._Element) -> Like:
    own = {name: text.strip() or None for name, text in texts(element).items()}
    return Like(
        mrid=own.get("mRID"),
        issuer=own.get("issuerID"),
        tracking=own.get("issuerTrackingID"),
        reason=own.get("reason"),
        severity=own.get("severity"),
        names=read_identity(element).names,
    )


def _type_names(element: etree._Element) -> list[str]:
    """A type is named by its mRID or by any of its names: the text that stands in ``ref``."""
    identity = read_identity(element)
    return ([identity.mrid] if identity.mrid else []) + [name.name for name in identity.names]


def devices_of(reader: Reader, identifier: ID) -> list[int]:
    """The meter or usage point of an ID that does not say of what kind of object it is."""
    if identifier.object_type is not None:
        return []
    identity = read_id(identifier)
    return objects.find(reader, "Meter", identity) or objects.find(reader, "UsagePoint", identity)
