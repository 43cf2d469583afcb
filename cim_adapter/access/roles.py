"""Roles: sets of ``verb:noun`` patterns, the same for every transport."""

from __future__ import annotations

from collections.abc import Mapping
from fnmatch import fnmatchcase
from types import MappingProxyType


class Roles:
    """The built-in roles. A pattern is a verb and a noun, each with ``*`` where any will do."""

    def __init__(self) -> None:
        self._patterns: Mapping[str, tuple[str, ...]] = MappingProxyType(
            {
                "reader": ("get:*",),
                "meter-operator": (
                    "get:*",
                    "*:MeterReadings",
                    "*:MeterReadSchedule",
                    "*:*Config",
                    "*:EndDeviceEvents",
                ),
                "control-operator": ("get:*", "*:EndDeviceControls", "*:EndDeviceGroups"),
                "partner": ("get:*", "create:MeterReadings", "create*:*Events", "created:*", "changed:*"),
                "auditor": ("get:*",),
                "admin": ("*:*",),
            }
        )

    def __contains__(self, role: object) -> bool:
        return role in self._patterns

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(self._patterns)

    def may(self, role: str, verb: str, noun: str) -> bool:
        """Whether ``role`` allows ``verb`` on ``noun``; an unknown role allows nothing."""
        permission = f"{verb}:{noun}"
        return any(fnmatchcase(permission, pattern) for pattern in self._patterns.get(role, ()))
