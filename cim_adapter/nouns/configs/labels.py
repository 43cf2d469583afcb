"""Names of definitions, where the objects of a profile are told one after the other and none of them is kept.

A definition that has no mRID is referred to by its name, which is a label inside its message alone: messages of
several partners may each have a function ``tariff`` of their own. In one message the second of these needs another
name, and ``xml.together`` gives it one. Here it is made of what the definition says, so that it is the same in
every pass, whatever was told before. A name that means one definition only is kept.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator

from lxml import etree

from cim_adapter.nouns.configs.xml import definitions_of, follow, is_identifier, names_of, relabel
from cim_adapter.nouns.identity_xml import kind_of, read_identity
from cim_adapter.xmltree import canonical, local, namespace

_SLOTS = 2**14
_SEVERAL = b""


class Labels:
    """What is known of names, in slots, so that it is no more the more names there are. Where two share one, both
    are taken for ambiguous, and get new names without need.
    """

    def __init__(self) -> None:
        self._meant: dict[int, bytes] = {}

    def note(self, profile: etree._Element) -> None:
        """See which names mean what in the profile of an object, as it is stored."""
        for _, _, slot, meant in _labels(profile):
            if self._meant.setdefault(slot, meant) != meant:
                self._meant[slot] = _SEVERAL

    def put(self, profile: etree._Element) -> None:
        """Give new names, in place, to the definitions of a profile whose names mean several; refs follow."""
        for item, name, slot, meant in list(_labels(profile)):
            if self._meant.get(slot) != meant:
                relabel(profile, item, name, f"{name} ({meant.hex()[:12]})")


def _labels(profile: etree._Element) -> Iterator[tuple[etree._Element, str, int, bytes]]:
    """Each definition with each of its names, the slot of that, and what tells the definition from others."""
    definitions = definitions_of(profile)
    for item in definitions:
        mrid = read_identity(item).mrid
        kind = kind_of(local(item))
        names = [name for name in names_of(item) if name != mrid and not is_identifier(kind, name)]
        if not names:
            continue
        # What it refers to goes by labels, too: only together with that it is the same as another.
        around, _ = follow(item, definitions)
        said = [canonical(item), *sorted(map(canonical, around))] if mrid is None else [mrid.encode()]
        meant = hashlib.sha256(b"\0".join(said)).digest()[:16]
        for name in names:
            digest = hashlib.sha256(f"{namespace(item)} {kind} {name}".encode()).digest()
            yield item, name, int.from_bytes(digest[:4]) % _SLOTS, meant
