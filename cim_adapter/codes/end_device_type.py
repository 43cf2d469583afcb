"""EndDeviceEventType and EndDeviceControlType: four numbers (IEC 61968-9, facts/metering.md §5).

Both share their lists. What happened is a past participle (Connected), what is to be done an imperative
(Connect); which of the two a code is, its last number says, and the catalogues of codes in use.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Final, Self

from cim_adapter.codes.catalogue import Catalogue, CatalogueRow
from cim_adapter.codes.identifier import Field, Identifier, MalformedCode
from cim_adapter.codes.lists import CodeLists

ANY_DEVICE: Final = "*"


@dataclass(frozen=True, slots=True)
class EndDeviceType(Identifier):
    """What the two kinds of code have in common."""

    type: int = 0
    domain: int = 0
    sub_domain: int = 0
    event_or_action: int = 0

    FIELDS: ClassVar[tuple[Field, ...]] = (
        Field("type", "type", "end_device_type"),
        Field("domain", "domain", "end_device_domain"),
        Field("sub_domain", "subDomain", "end_device_sub_domain"),
        Field("event_or_action", "eventOrAction", "end_device_event_or_action"),
    )
    #: The kind of eventOrAction that such a code ends in.
    KIND: ClassVar[str] = ""

    @classmethod
    def build(
        cls,
        lists: CodeLists,
        *,
        type: int | str = 0,
        domain: int | str = 0,
        sub_domain: int | str = 0,
        event_or_action: int | str = 0,
        vendor: bool = False,
    ) -> Self:
        """A code of names or numbers. ``vendor=True`` admits names of vendor extensions. Raises UnknownName."""
        names = {"type": type, "domain": domain, "subDomain": sub_domain, "eventOrAction": event_or_action}
        return cls.from_names(lists, names, vendor=vendor)

    @classmethod
    def from_name(cls, name: str, lists: CodeLists, *, device: int | str = 0, vendor: bool = False) -> Self:
        """The code of ``ElectricMeter.Power.NotApplicable.Failed``.

        A ``*`` in the place of the device type, as the catalogues have it, stands for ``device``.
        Raises MalformedCode, UnknownName.
        """
        parts = name.split(".")
        if len(parts) != len(cls.FIELDS):
            raise MalformedCode(
                f"{name[:60]!r} is no name of an {cls.__name__}: found {len(parts)} parts; expected 4 names "
                "joined by dots (type.domain.subDomain.eventOrAction)"
            )
        first, domain, sub_domain, action = parts
        return cls.build(
            lists,
            type=device if first == ANY_DEVICE else first,
            domain=domain,
            sub_domain=sub_domain,
            event_or_action=action,
            vendor=vendor,
        )

    @property
    def name(self) -> str:
        """The four names joined by dots; ``from_name`` reads it back."""
        return ".".join(self.names.values())

    @property
    def pattern(self) -> str:
        """The code for any device type: ``*.26.0.85``."""
        return f"{ANY_DEVICE}.{self.domain}.{self.sub_domain}.{self.event_or_action}"

    @property
    def catalogued(self) -> CatalogueRow | None:
        """The row of the catalogue of codes in use, if there is one."""
        return self.catalogue(self.lists).get(str(self))

    @property
    def plausible(self) -> bool:
        """False for a code of the other kind: an action for an event, an event for a control.

        A number outside the list may be either, and so may a code that the catalogue of this kind has.
        """
        kind = self.lists.table("end_device_event_or_action")[self.event_or_action].kind
        return kind in (self.KIND, "none", "") or self.catalogued is not None

    @classmethod
    def catalogue(cls, lists: CodeLists) -> Catalogue:
        """The codes of this kind that are in use."""
        raise NotImplementedError

    def describe(self) -> str:
        """One line: ``electric meter: power lost``."""
        device = self.rows[0].words
        row = self.catalogued
        return f"{device}: {(row.words if row else '') or self._phrase()}"

    def _phrase(self) -> str:
        raise NotImplementedError

    def _words(self) -> list[str]:
        """Words of domain, sub-domain and eventOrAction, the last one first; without those that do not apply."""
        return [row.words for row in (self.rows[3], self.rows[1], self.rows[2]) if row.number]


@dataclass(frozen=True, slots=True)
class EndDeviceEventType(EndDeviceType):
    """Something that happened in or at a device: ``3.26.0.85``."""

    KIND: ClassVar[str] = "event"

    @classmethod
    def catalogue(cls, lists: CodeLists) -> Catalogue:
        """The codes of events in use."""
        return lists.events

    def _phrase(self) -> str:
        words = self._words()
        happened = words.pop(0) if self.event_or_action else ""
        return " ".join(filter(None, (*words, happened))) or "not applicable"


@dataclass(frozen=True, slots=True)
class EndDeviceControlType(EndDeviceType):
    """Something a device is told to do: ``3.31.0.18``."""

    KIND: ClassVar[str] = "action"

    @classmethod
    def catalogue(cls, lists: CodeLists) -> Catalogue:
        """The codes of controls in use."""
        return lists.controls

    def _phrase(self) -> str:
        return " ".join(self._words()) or "not applicable"
