"""Which XSD judges which namespace."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Sequence
from pathlib import Path

from lxml import etree

from cim_adapter.errors import Finding, Invalid
from cim_adapter.schema.faults import line_of
from cim_adapter.schema.mending import Arranged
from cim_adapter.schema.validation import Schema, UnusableSchemaError
from cim_adapter.schema.values import nearest
from cim_adapter.xmltree import local, namespace

_ENVELOPE = re.compile(r".*/schema/message|.*Message")
_SCHEMA = "{http://www.w3.org/2001/XMLSchema}schema"


class Catalogue:
    """The XSD files of some folders, by target namespace.

    A later folder wins over an earlier one, so that a user's XSD replaces ours; inside one folder, and the
    folders in it, the first file name of the alphabet wins. Nothing is compiled until it is needed. Raises
    ``UnusableSchemaError`` for a folder that is none and for a file that is no XSD.
    """

    def __init__(self, folders: Sequence[Path]) -> None:
        self._schemas: dict[str, Schema] = {}
        for folder in folders:
            if not folder.is_dir():
                raise UnusableSchemaError(f"{folder} is no folder")
            for path in sorted(folder.rglob("*.xsd"), reverse=True):
                namespace = _target_namespace(path)
                self._schemas[namespace] = Schema(namespace, path)

    def __iter__(self) -> Iterator[Schema]:
        """Iterate over the schemas, by namespace."""
        return iter(self._schemas[name] for name in sorted(self._schemas))

    @property
    def nouns(self) -> dict[str, tuple[str, ...]]:
        """The nouns that have a profile, and the namespaces of their revisions.

        A profile declares the noun as its document element. Envelopes and typed messages are none, and
        what begins with Get asks for a noun (facts/metering.md §1).
        """
        found: dict[str, tuple[str, ...]] = {}
        for schema in self:
            if _ENVELOPE.fullmatch(schema.namespace):
                continue
            for root in schema.roots:
                if not root.startswith("Get"):
                    found[root] = (*found.get(root, ()), schema.namespace)
        return found

    def order(self, root: etree._Element, element: etree._Element) -> tuple[str, ...]:
        """The local names that ``element``, somewhere under the profile ``root``, may hold, in their order."""
        schema = self.schema_for(root)
        return () if schema is None else tuple(c.local_name for c in schema.children_of(root, element))

    def parts_of(self, noun: str) -> tuple[str, ...]:
        """The local names that the document element of a noun may hold, of all its revisions."""
        roots = [etree.Element(f"{{{namespace}}}{noun}") for namespace in self.nouns.get(noun, ())]
        return tuple(dict.fromkeys(name for root in roots for name in self.order(root, root)))

    def arrange(
        self, root: etree._Element, *, reorder: bool, remove: bool, kept: Collection[str] = ()
    ) -> Arranged:
        """Bring a profile closer to its XSD, in place: see ``mending.arrange``."""
        schema = self.schema_for(root)
        return Arranged() if schema is None else schema.arrange(root, reorder=reorder, remove=remove, kept=kept)

    def homes_of(self, name: str) -> tuple[str, ...]:
        """The namespaces of the profiles and queries that have a document element of this name."""
        return tuple(
            schema.namespace
            for schema in self
            if name in schema.roots and not _ENVELOPE.fullmatch(schema.namespace)
        )

    def schema_for(self, element: etree._Element | str) -> Schema | None:
        """Return the schema for the namespace of an element or a Clark name, or None."""
        name = etree.QName(element).namespace or "" if isinstance(element, str) else namespace(element)
        return self._schemas.get(name)

    def check(self, element: etree._Element, *, size: int | None = None) -> None:
        """Validate ``element`` against the schema of its namespace; raise ``Invalid`` also if there is none.

        ``size``: bytes of XML that it came in, where that is known: see ``Schema.check``.
        """
        schema = self.schema_for(element)
        if schema is None:
            raise self.unknown(element)
        schema.check(element, size=size)

    def home_of(self, element: etree._Element) -> str:
        """The namespace that an element of this name, or nearly this name, was probably meant to be in; of several
        the one most like its own. Empty where none is near.
        """
        root = nearest(local(element), [root for schema in self for root in schema.roots])
        candidates = [schema.namespace for schema in self if root in schema.roots]
        return nearest(namespace(element), candidates) or (candidates[0] if candidates else "")

    def unknown(self, element: etree._Element) -> Invalid:
        """Say that no schema has this element's namespace, and which one was probably meant."""
        name = etree.QName(element)
        found = f"namespace {name.namespace!r}" if name.namespace else "no namespace"
        wanted = self.home_of(element)
        if wanted:
            prefix = f":{element.prefix}" if element.prefix else ""
            expected, advice = f"namespace {wanted!r}", f'Write xmlns{prefix}="{wanted}" on it.'
        else:
            expected, advice = "a namespace of a known profile", "Give the adapter the XSD of this namespace."
        finding = Finding(
            line=line_of(element),
            path=name.localname,
            found=f"{found} on {name.localname}",
            expected=expected,
            advice=advice,
        )
        return Invalid(f"No XSD is known for {name.localname} in {found}.", [finding])

    def warm(self) -> None:
        """Compile every schema now, so that no message waits for it: 1 ms each."""
        for schema in self:
            schema.warm()


def _target_namespace(path: Path) -> str:
    """Read as far as the first start tag, and no further."""
    try:
        with path.open("rb") as file:
            events = etree.iterparse(
                file, events=("start",), resolve_entities=False, load_dtd=False, no_network=True
            )
            _, root = next(iter(events))
            if root.tag == _SCHEMA:
                return root.get("targetNamespace") or ""
    except (etree.XMLSyntaxError, OSError) as error:
        raise UnusableSchemaError(f"{path.name}: {error}") from error
    raise UnusableSchemaError(f"{path.name} is no XSD")
