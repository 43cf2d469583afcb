"""Which deviations from the standard are let pass, partner by partner.

Each deviation is a switch. The default profile reads envelopes tolerantly and payloads strictly. What a
settings file may say is told in docs/partners.md, which is made from here.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from enum import StrEnum
from typing import Any, Self

DEFAULT = "default"
"""The profile of every partner who has none of their own."""


class PartnersError(ValueError):
    """The table ``partners`` says what it cannot; the text is written for the operator."""


class Switch(StrEnum):
    """A deviation that may be let pass. ``default``: whether it is. Where it was seen is by
    facts/envelope.md §3 and §7 and facts/metering.md §9.
    """

    default: bool
    accepts: str
    seen: str

    def __new__(cls, name: str, default: bool, accepts: str, seen: str) -> Self:
        made = str.__new__(cls, name)
        made._value_ = name
        made.default = default
        made.accepts = accepts
        made.seen = seen
        return made

    VERB_CASE = (
        "verb case",
        True,
        "a Verb in other letters than small ones: `CHANGE`, `Reply`",
        "users of the 2008 envelope; an event sender over Kafka",
    )
    VERB_SPELLING = (
        "verb spelling",
        True,
        "`update` and `updated` for `change` and `changed`, `show` for `reply`",
        "drafts of 2008 and 2010; ERCOT",
    )
    VERB_MISMATCH = (
        "verb mismatch",
        True,
        "a Verb that contradicts the typed root: the root decides (off: 2.9)",
        "utility-research test kits; late answers of a head-end suite",
    )
    NOUN_MISMATCH = (
        "noun mismatch",
        True,
        "a Noun that contradicts the typed root or, in other shapes, the profile in Payload or Request: those "
        "decide (off: 2.5)",
        "utility-research test kits (`MaintenanceOrdes`); `GetEndDeviceEvents` as a Noun",
    )
    ENVELOPE_ORDER = (
        "envelope order",
        True,
        "the parts of a message, or the elements of Header, Request and Reply, in another order",
        "a head-end without SOAP (Revision), an AMI suite (Source after MessageID)",
    )
    HEADER_EXTRAS = (
        "unknown header elements",
        True,
        "elements in the envelope's namespace that no Header has; they are not read",
        "committee draft (UserID directly in Header)",
    )
    FORMAT_CASE = (
        "format case",
        True,
        "`format` for `Format` in Payload",
        "examples of the committee draft; ERCOT",
    )
    UNKNOWN_ROOT = (
        "unknown root",
        True,
        "a root that nobody knows around a Header and a Request, Payload or Reply",
        "market and vendor envelopes",
    )
    TARGETS_IN_PAYLOAD = (
        "targets in payload",
        True,
        "`cancel`, `close` and `delete` that name their objects in Payload, not in Request/ID (off: 1.6)",
        "test kits of IEC 61968-6",
    )
    QUERY_IN_PAYLOAD = (
        "query in payload",
        True,
        "a `get` with its query, or the objects it asks for, in Payload, not in Request (off: 1.6)",
        "a head-end suite (GetUsagePointConfig)",
    )
    PROFILE_WWW = (
        "profile www",
        True,
        "a profile in a namespace of `www.iec.ch` that is known as one of `iec.ch`; a get is answered in kind",
        "examples of the committee draft",
    )
    PROFILE_NAMESPACE = (
        "profile namespace",
        False,
        "a profile known by its name, in a namespace that is not: another year, no `#`, a national one",
        "a national standard (`…/podis15/…#`)",
    )
    PROFILE_UNQUALIFIED = (
        "profile without namespace",
        False,
        "a profile in the namespace of the envelope, or in none: its xmlns is missing",
        "an AMI suite; ERCOT's own examples",
    )
    PROFILE_ORDER = (
        "profile order",
        False,
        "the elements of a profile in another order than its XSD has",
        "replies of a head-end (Readings)",
    )
    VENDOR_ELEMENTS = (
        "vendor elements",
        False,
        "elements and attributes inside a profile that its XSD does not have; the journal keeps them, and "
        "nobody reads them",
        "a head-end suite (status, Zones, SecurityKey), a head-end (stray Reading)",
    )
    END_DEVICE_ACTION = (
        "EndDeviceAction",
        False,
        "EndDeviceAction in an EndDeviceControl, which edition 2 declares and does not use: its start and "
        "duration are read as primaryDeviceTiming where there is none; its command is not read",
        "head-ends that send plain commands",
    )
    UNNAMED_DEFINITIONS = (
        "unnamed definitions",
        False,
        "ReadingType, ReadingQualityType and the like defined without Names: the mRID is the name",
        "replies of a head-end suite",
    )
    EVENT_TIME = (
        "event time",
        False,
        "an EndDeviceEvent without createdDateTime: Header/Timestamp, else the time of receipt, is taken",
        "an event sender over Kafka",
    )
    EVENT_TYPE = (
        "event type",
        False,
        "an EndDeviceEvent without EndDeviceEventType",
        "an event sender over Kafka; utility-research test kits",
    )


Profile = frozenset[Switch]
"""What is let pass."""

TOLERANT: Profile = frozenset(switch for switch in Switch if switch.default)
"""The default profile, where the settings file has none."""


@dataclass(frozen=True, slots=True)
class Partners:
    """The profiles of a settings file."""

    profiles: Mapping[str, Profile] = field(default_factory=dict)
    large_answers: Mapping[str, str] = field(default_factory=dict)
    """``parts`` or ``stream``, of partners whose table says so: see the setting of this name."""

    @classmethod
    def read(cls, tables: object) -> Partners:
        """From the TOML table ``partners``: a table for each partner, by the name of its API key.

        ``tolerate`` and ``refuse`` are lists of switches that are turned on and off. They start from the
        default profile; with ``strict = true`` from nothing. Raises PartnersError.
        """
        if not isinstance(tables, Mapping):
            raise PartnersError("give a table for each partner in the settings file: [partners.NAME]")
        base = _profile(DEFAULT, tables.get(DEFAULT, {}), TOLERANT)
        named = {name: _profile(name, table, base) for name, table in tables.items() if name != DEFAULT}
        answers = {name: _large_answers(name, table) for name, table in tables.items() if "large_answers" in table}
        return cls({**named, DEFAULT: base}, answers)

    def answers_of(self, name: str) -> str | None:
        """How the partner called so is given large answers; None where no table says it."""
        return self.large_answers.get(name, self.large_answers.get(DEFAULT))

    def of(self, name: str) -> Profile:
        """The profile of the partner called so."""
        own = self.profiles.get(name)
        return self.profiles.get(DEFAULT, TOLERANT) if own is None else own


def _profile(name: str, table: Any, base: Profile) -> Profile:
    if not isinstance(table, Mapping):
        raise PartnersError(f"{name} is no table; write [partners.{name}]")
    if unknown := sorted(set(table) - {"strict", "tolerate", "refuse", "large_answers"}):
        raise PartnersError(
            f"{name} has {', '.join(unknown)}; it takes strict, tolerate, refuse and large_answers"
        )
    strict = table.get("strict", False)
    if not isinstance(strict, bool):
        raise PartnersError(f"{name}: strict is true or false, not {strict!r}")
    tolerated, refused = (_switches(name, part, table.get(part, [])) for part in ("tolerate", "refuse"))
    if both := sorted(tolerated & refused):
        raise PartnersError(f"{name} both tolerates and refuses {', '.join(both)}")
    return ((frozenset() if strict else base) | tolerated) - refused


def _large_answers(name: str, table: Mapping[str, Any]) -> str:
    given: str = table["large_answers"]
    if given not in ("parts", "stream"):
        raise PartnersError(f'{name}: large_answers is "parts" or "stream", not {given!r}')
    return given


def _switches(name: str, part: str, listed: Any) -> Profile:
    if not isinstance(listed, list) or not all(isinstance(item, str) for item in listed):
        raise PartnersError(f'{name}: {part} is a list of switches, such as ["{Switch.VERB_CASE}"]')
    known = {switch.value.lower(): switch for switch in Switch}
    for item in listed:
        if item.lower() not in known:
            near = get_close_matches(item.lower(), known, n=1)
            meant = f"; did you mean {known[near[0]].value!r}?" if near else f"; these are: {', '.join(Switch)}"
            raise PartnersError(f"{name}: {part} has {item!r}, which is no switch{meant}")
    return frozenset(known[item.lower()] for item in listed)
