"""Taking a refused message as far as its partner's profile allows."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from lxml import etree

from cim_adapter.envelope import Message, Shape
from cim_adapter.errors import Incomplete, Invalid, UnknownNoun, UnknownVerb, Unrecognised
from cim_adapter.partners import Partners, Switch
from cim_adapter.schema import Catalogue
from cim_adapter.tolerance.agreement import disagreement
from cim_adapter.tolerance.draft import Draft, Use
from cim_adapter.tolerance.envelope import mend_envelope
from cim_adapter.tolerance.profiles import mend_profiles

MENDABLE = (Invalid, Incomplete, UnknownVerb, UnknownNoun, Unrecognised)
"""The refusals that a switch may explain."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Mended:
    """What was let pass, and how the message is to be answered."""

    shape: Shape
    uses: tuple[Use, ...]

    @property
    def switches(self) -> frozenset[Switch]:
        return frozenset(use.switch for use in self.uses)


class Tolerance:
    """``nouns`` are those that are served."""

    def __init__(self, partners: Partners, catalogue: Catalogue, nouns: Collection[str]) -> None:
        self._partners = partners
        self._catalogue = catalogue
        self._nouns = nouns

    def agree(self, message: Message, shape: Shape, excused: Collection[Switch] = ()) -> None:
        """Raises one of ``MENDABLE`` where a message contradicts itself, but for what is excused."""
        error = disagreement(message, shape, self._nouns, excused)
        if error is not None:
            raise error

    def mend(self, carrier: etree._Element, shape: Shape, partner: str) -> Mended | None:
        """Mend a message in place; None where nothing could be mended by the partner's switches.

        It need not be good then: it is to be tried again, as strictly as before.
        """
        draft = Draft(carrier, shape, self._partners.of(partner))
        if shape.dialect is not None and shape.dialect.guessed and draft.allows(Switch.UNKNOWN_ROOT):
            draft.note(Switch.UNKNOWN_ROOT, draft.carrier)
        mend_profiles(draft, self._catalogue)
        mend_envelope(draft, self._nouns, self._catalogue)
        return Mended(shape=draft.shape, uses=draft.uses) if draft.uses else None
