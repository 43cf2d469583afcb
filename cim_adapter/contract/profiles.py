"""What the schema folder says: the envelope, and which nouns have a profile and a query.

A profile is a schema whose target namespace is ``<base>/<Noun>#`` and which declares an element ``<Noun>``;
``Get<Noun>`` in the same form is the query of ``<Noun>`` (metering facts §1). Nothing else is configured.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from lxml import etree

from cim_adapter.contract.markup import BASE, MESSAGE, MESSAGE_FILE, OPERATION_SET, XS, parse

_ONE_EACH = frozenset({"MasterDataLinkageConfig", "MeterReadSchedule"})
"""Profiles whose root is one thing, where that of every other one is a list of things."""


class ContractError(ValueError):
    """The schema folder is not one that a contract can be generated from; the text names the file."""


@dataclass(frozen=True, slots=True)
class Profile:
    """One profile schema.

    ``base`` is the part of its namespace that the namespaces of messages and services share, with the
    slash at the end: ``http://iec.ch/TC57/2011/``.
    """

    noun: str
    base: str
    file: str

    @property
    def namespace(self) -> str:
        """The target namespace, ``<base><Noun>#``."""
        return f"{self.base}{self.noun}#"

    @property
    def message_namespace(self) -> str:
        """The namespace of the typed messages around this profile, without the ``#``."""
        return f"{self.base}{self.noun}Message"

    @property
    def operation_set(self) -> Profile:
        """What messages and services that carry sets of operations on this noun are called after."""
        return Profile(f"{self.noun}{OPERATION_SET}", self.base, self.file)

    @property
    def stands_for_one(self) -> bool:
        """Whether several things are told by several root elements, side by side in one Payload."""
        return self.noun in _ONE_EACH

    @property
    def message_file(self) -> str:
        """The file that declares those messages."""
        return f"{self.noun}Message.xsd"


@dataclass(frozen=True, slots=True)
class Noun:
    """A noun of the contract: its profile and, where it can be asked for in typed form, its query."""

    profile: Profile
    query: Profile | None = None


@dataclass(frozen=True, slots=True)
class Schemas:
    """The hand-written part of the contract: the envelope's document element, and the nouns by name."""

    envelope: etree._Element
    nouns: tuple[Noun, ...]


def read_schemas(folder: Path, *, strict: bool = True) -> Schemas:
    """The envelope and the nouns of ``folder``.

    Raises :class:`ContractError` where a file is not XML, or the envelope is missing; where ``strict``,
    also where a noun is given twice, a profile lacks its element, or a query has no noun to ask for. Else
    such a profile has no typed messages, and of several revisions that of our own base has them.
    """
    envelope = None
    profiles: dict[str, Profile] = {}
    for file, root in _schema_files(folder):
        if file == MESSAGE_FILE and root.get("targetNamespace") == MESSAGE:
            envelope = root
        profile = _as_profile(file, root, strict)
        if profile is None:
            continue
        known = profiles.get(profile.noun)
        if known is not None and strict:
            raise ContractError(f"{profile.noun} is given twice: {known.file} and {file}")
        if known is None or profile.base == BASE:
            profiles[profile.noun] = profile
    if envelope is None:
        raise ContractError(f"{folder / MESSAGE_FILE} is missing, or is not in the namespace {MESSAGE}")
    return Schemas(envelope, tuple(_paired(profiles, strict)))


def _schema_files(folder: Path) -> Iterator[tuple[str, etree._Element]]:
    for path in sorted(folder.glob("*.xsd")):
        try:
            root = parse(path.read_bytes())
        except etree.XMLSyntaxError as error:
            raise ContractError(f"{path} is not well-formed XML: {error}") from error
        if root.tag != f"{{{XS}}}schema":
            raise ContractError(f"{path} is not an XML Schema: its document element is {root.tag}")
        yield path.name, root


def _as_profile(file: str, root: etree._Element, strict: bool) -> Profile | None:
    found = re.fullmatch(r"(?P<base>\S+/)(?P<noun>[A-Za-z]\w*)#", root.get("targetNamespace") or "")
    if found is None:
        return None
    profile = Profile(found["noun"], found["base"], file)
    if not any(element.get("name") == profile.noun for element in root.iterchildren(f"{{{XS}}}element")):
        if not strict:
            return None
        raise ContractError(f"{file} has the namespace of a profile but declares no element {profile.noun}")
    return profile


def _paired(profiles: dict[str, Profile], strict: bool) -> Iterator[Noun]:
    queries = {noun: profile for noun, profile in profiles.items() if noun.startswith("Get")}
    for noun, profile in sorted(profiles.items()):
        if not noun.startswith("Get"):
            query = queries.pop(f"Get{noun}", None)
            yield Noun(profile, query if query is None or query.base == profile.base else None)
    for noun, query in queries.items() if strict else ():
        raise ContractError(f"{query.file} asks for {noun.removeprefix('Get')}, which has no profile")
