"""The tables. Searchable in clear: mRIDs, codes, times, verbs and nouns. Everything else is sealed.

Instants are microseconds since the epoch (``cim_adapter.instants``).
"""

from cim_adapter.store.tables.tables import Tables

__all__ = ["Tables"]
