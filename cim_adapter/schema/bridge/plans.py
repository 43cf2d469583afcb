"""The plans of every element that a catalogue knows, compiled when first needed."""

from __future__ import annotations

from threading import Lock
from typing import TYPE_CHECKING

from lxml import etree

from cim_adapter.schema.bridge.plan import GENERIC, Child, Type, split
from cim_adapter.schema.catalogue import Catalogue

if TYPE_CHECKING:
    from cim_adapter.schema.bridge.compiler import Compiler


class Plans:
    """Finds plans. Safe to share between threads.

    A name without a namespace means the profile that has such a root; where several revisions have one, the
    first by the alphabet, so that a new revision does not change what an old message means.
    """

    def __init__(self, catalogue: Catalogue) -> None:
        self._lock = Lock()
        self._roots: dict[str, Child] = {}
        self._compilers: dict[str, Compiler] = {}
        self._namespaces: dict[str, list[str]] = {}
        self._schemas = {schema.namespace: schema for schema in catalogue}
        for schema in sorted(catalogue, key=lambda schema: (not schema.namespace.endswith("#"), schema.namespace)):
            for root in schema.roots:
                self._namespaces.setdefault(root, []).append(schema.namespace)

    def root(self, tag: str) -> Child | None:
        """The plan of the element that a document may begin with; None where no XSD has it."""
        known = self._roots.get(tag)
        if known is None:
            namespace, name = split(tag)
            if namespace not in self._namespaces.get(name, ()):
                return None
            known = self._compile(tag, namespace)
        return known

    def child(self, parent: Type, tag: str) -> Child:
        """What ``tag`` is inside ``parent``; foreign, and without a place, where nothing allows it."""
        declared = parent.children.get(tag)
        if declared is not None:
            return declared
        namespace, name = split(tag)
        at = next((wildcard.at for wildcard in parent.wildcards if wildcard.allows(namespace)), None)
        if name in parent.members or name in parent.attribute_members:
            at = None  # the member of this name means another
        known = self.root(tag)
        return Child(tag=tag, name=name, type=known.type if known else GENERIC, at=at, foreign=True)

    def tag(self, parent: Type, name: str, within: str) -> str | None:
        """The tag that ``name`` alone means inside ``parent``, in an element of the namespace ``within``.

        None where it means nothing: then the element must say its namespace.
        """
        declared = parent.members.get(name)
        if declared is not None:
            return declared.tag
        if parent.generic:
            return _clark(within, name)
        for wildcard in parent.wildcards:
            for namespace in self._namespaces.get(name, ()):
                if wildcard.allows(namespace):
                    return _clark(namespace, name)
        return None

    def names(self, parent: Type) -> list[str]:
        """What ``parent`` may have as members: for advice."""
        roots = [
            name
            for name, namespaces in self._namespaces.items()
            if any(wildcard.allows(namespace) for wildcard in parent.wildcards for namespace in namespaces)
        ]
        return [*parent.members, *parent.attribute_members, *roots]

    def _compile(self, tag: str, namespace: str) -> Child:
        with self._lock:
            if tag not in self._roots:
                from cim_adapter.schema.bridge.compiler import Compiler  # with xmlschema, which is large

                compiler = self._compilers.setdefault(namespace, Compiler())
                self._roots[tag] = compiler.element(self._schemas[namespace].components().maps.elements[tag])
            return self._roots[tag]


def _clark(namespace: str, name: str) -> str:
    return etree.QName(namespace or None, name).text
