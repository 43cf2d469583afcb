"""Roles: sets of ``verb:noun`` patterns, the same for every transport."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from fnmatch import fnmatchcase
from types import MappingProxyType

from cim_adapter.settings import SettingsError
from cim_adapter.store.scope import Named, Scopes

_REMEMBERED = 10_000  # answers; roles, verbs and nouns make some thousands
_EVENTS = ("created:*", "changed:*", "canceled:*", "closed:*", "deleted:*")


class Roles:
    """The built-in roles, and ``own`` ones of the settings. A pattern is a verb and a noun, each with ``*``
    where any will do.
    """

    def __init__(
        self,
        own: Mapping[str, Iterable[str]] = MappingProxyType({}),
        scopes: Mapping[str, Iterable[str]] = MappingProxyType({}),
    ) -> None:
        """Raises SettingsError for a pattern or scope that is none, and where ``own`` changes what a built-in role
        is.
        """
        built_in = {
            "reader": ("get:*",),
            "meter-operator": (
                "get:*",
                "*:MeterReadings",
                "*:MeterReadSchedule",
                "*:*Config",
                "*:EndDeviceEvents",
            ),
            "control-operator": ("get:*", "*:EndDeviceControls", "*:EndDeviceGroups"),
            # A head-end or meter data manager: it tells what is so, and answers what it was asked.
            "partner": ("get:*", "create:MeterReadings", "create:EndDeviceEvents", *_EVENTS, "reply:*"),
            "auditor": ("get:*",),
            "admin": ("*:*",),
        }
        for name, patterns in own.items():
            if name in built_in:
                raise SettingsError(f"roles: {name} is built in; give yours another name")
            for pattern in patterns:
                if not re.fullmatch(r"[a-z*]+:[A-Za-z0-9*]+", pattern):
                    raise SettingsError(f"roles: {name} holds {pattern!r}; a pattern is verb:noun, such as get:*")
        self._patterns: Mapping[str, tuple[str, ...]] = MappingProxyType(
            {**built_in, **{name: tuple(patterns) for name, patterns in own.items()}}
        )
        self._known: dict[tuple[str, str, str], bool] = {}
        self._scopes: dict[str, frozenset[Named]] = {}
        for name, texts in scopes.items():
            if name not in self._patterns:
                raise SettingsError(f"role_scopes: {name} is no role")
            try:
                self._scopes[name] = frozenset(map(Named.of, texts))
            except ValueError as error:
                raise SettingsError(f"role_scopes: {error}") from error

    def scopes(self, role: str, own: Iterable[Named] = ()) -> Scopes:
        """The scopes of a caller in ``role``, with one of its ``own``."""
        found = (frozenset(own), self._scopes.get(role, frozenset()))
        return tuple(scope for scope in found if scope)

    def __contains__(self, role: object) -> bool:
        return role in self._patterns

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(self._patterns)

    def may(self, role: str, verb: str, noun: str) -> bool:
        """Whether ``role`` allows ``verb`` on ``noun``; an unknown role allows nothing."""
        asked = (role, verb, noun)
        known = self._known.get(asked)
        if known is None:
            permission = f"{verb}:{noun}"
            known = any(fnmatchcase(permission, pattern) for pattern in self._patterns.get(role, ()))
            if len(self._known) < _REMEMBERED:
                self._known[asked] = known
        return known
