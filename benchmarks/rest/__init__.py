"""REST: the same readings as JSON, created and queried, ours beside a FastAPI application.

requests   what is sent: readings to create, a query for many
stock      the peer: FastAPI, Pydantic, SQLAlchemy ORM
"""

from benchmarks.rest.requests import KINDS, PATH, SEEDED_AT_ONCE, Kind, Supply, supply

__all__ = ["KINDS", "PATH", "SEEDED_AT_ONCE", "Kind", "Supply", "supply"]
