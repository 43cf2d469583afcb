"""How often which partner needed which switch."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from threading import Lock

from cim_adapter.partners import Switch
from cim_adapter.tolerance.draft import Use


class Tally:
    """Counts messages. Safe to use from several threads."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._counts: Counter[tuple[str, Switch]] = Counter()

    def count(self, partner: str, uses: Iterable[Use]) -> None:
        """One message of ``partner`` that needed these."""
        with self._lock:
            self._counts.update((partner, use.switch) for use in uses)

    @property
    def counts(self) -> Mapping[tuple[str, Switch], int]:
        """(partner, switch) → messages, since the process began."""
        with self._lock:
            return dict(self._counts)
