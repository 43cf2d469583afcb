"""Which control a message means. What is safe to take for the same:

1. The mRID. It is unique, so nothing else is looked at where it is known. A control that has another mRID is
   another control, whatever else fits.
2. The issuerTrackingID, with the same issuerID where both sides give one.
3. The CorrelationID of an answer: what the message that brought the control has as CorrelationID, else as
   MessageID (facts/envelope.md §5.2); its MessageID is taken in any case.

All three must be equal to the letter, and a report that names devices is of controls for one of them. A
head-end reports what a customer system ordered, so the partner who reports need not be the one who created.
But tracking and correlation ids are often short numbers that several partners count: where they fit controls
of several partners, those of the sender are meant, and if none is the sender's, nobody can say which, so none
is.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass

from cim_adapter.envelope import ID
from cim_adapter.nouns.controls.xml import DeviceControl, read_control
from cim_adapter.schema import reparse
from cim_adapter.store import controls
from cim_adapter.store.controls import Found
from cim_adapter.store.transaction import Reader

TRACKING = "issuerTrackingID"
"""``idType`` of an ID that is one; ``idAuthority`` is then the issuerID."""


@dataclass(frozen=True, slots=True)
class Match:
    """A stored control, and what it says."""

    found: Found
    control: DeviceControl

    @classmethod
    def of(cls, found: Found) -> Match:
        return cls(found, read_control(reparse(found.content)))

    @property
    def id(self) -> ID:
        """How a Reply names it: by mRID, else issuerTrackingID, else the message that brought it."""
        return name_control(self.control) or ID(
            value=self.found.journal_uid, id_type="journal", object_type="EndDeviceControl", kind="transaction"
        )


def name_control(control: DeviceControl) -> ID | None:
    """How a Reply names a control; None for one that has neither mRID nor issuerTrackingID."""
    if control.mrid is not None:
        return ID(value=control.mrid, object_type="EndDeviceControl", kind="uuid")
    if control.tracking is not None:
        return ID(
            value=control.tracking,
            id_type=TRACKING,
            id_authority=control.issuer,
            object_type="EndDeviceControl",
            kind="other",
        )
    return None


class ControlLookup:
    """Finds the controls that one message means. Asks the store once for what several of its parts say."""

    def __init__(self, reader: Reader, partner: str) -> None:
        self._reader = reader
        self._partner = partner
        self._known: dict[tuple[str, frozenset[int]], list[Match]] = {}

    def of(
        self, control: DeviceControl, correlation: str | None = None, devices: Collection[int] = ()
    ) -> list[Match]:
        """The controls that ``control`` names; several where they share a tracking or a correlation id, of
        which those for ``devices`` are meant, if any are given."""
        if control.mrid is not None and (found := self.by_mrid(control.mrid)):
            return found
        if control.tracking is not None:
            found = self._fitting(control, self.by_tracking(control.tracking, devices))
            if found:
                return found
        if correlation is not None:
            return self._fitting(control, self.by_correlation(correlation, devices))
        return []

    def by_id(self, identifier: ID) -> list[Match]:
        """The controls that an ID of a Request names. One that does not say what it is, is an mRID or else an
        issuerTrackingID; of kind transaction, it is the MessageID of a message of the same partner."""
        if identifier.kind == "transaction":
            return _opened(controls.of_message(self._reader, identifier.value, self._partner))
        if identifier.id_type != TRACKING and (found := self.by_mrid(identifier.value)):
            return found
        if identifier.id_type != TRACKING and identifier.kind is not None:
            return []
        issued = DeviceControl(issuer=identifier.id_authority)
        return self._fitting(issued, self.by_tracking(identifier.value))

    def by_mrid(self, mrid: str) -> list[Match]:
        return _opened(controls.by_key(self._reader, controls.mrid_key(mrid)))

    def by_tracking(self, tracking: str, devices: Collection[int] = ()) -> list[Match]:
        """The controls with this issuerTrackingID, whoever issued it."""
        asked = f"tracking {tracking}", frozenset(devices)
        if asked not in self._known:
            key = controls.tracking_key(self._reader.vault, tracking)
            self._known[asked] = _opened(controls.by_key(self._reader, key, devices))
        return self._known[asked]

    def by_correlation(self, correlation: str, devices: Collection[int] = ()) -> list[Match]:
        """The controls of the message that an answer with this CorrelationID answers."""
        asked = f"correlation {correlation}", frozenset(devices)
        if asked not in self._known:
            key = controls.correlation_key(correlation)
            found = {item.id: item for item in controls.by_key(self._reader, key, devices)}
            by_message = controls.of_message(self._reader, correlation, devices=devices)
            found.update((item.id, item) for item in by_message)
            self._known[asked] = self._of_one_world(_opened(found.values()))
        return self._known[asked]

    def _fitting(self, control: DeviceControl, matches: list[Match]) -> list[Match]:
        """Those that may be the one meant; of several those of its type, if there are any."""
        fit = [
            match
            for match in matches
            if (control.mrid is None or match.control.mrid is None)
            and (control.issuer is None or match.control.issuer in (None, control.issuer))
        ]
        fit = self._of_one_world(fit)
        return [match for match in fit if match.control.type == control.type] or fit

    def _of_one_world(self, matches: list[Match]) -> list[Match]:
        own = [match for match in matches if match.found.partner == self._partner]
        if own:
            return own
        return matches if len({match.found.partner for match in matches}) == 1 else []


def _opened(found: Iterable[Found]) -> list[Match]:
    return [Match.of(item) for item in found]
