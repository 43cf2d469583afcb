"""Who is calling, and what they may do: the same for every transport."""

from cim_adapter.access.access import Access, Credentials, Identity
from cim_adapter.access.keys import ApiKeys, new_key
from cim_adapter.access.roles import Roles

__all__ = ["Access", "ApiKeys", "Credentials", "Identity", "Roles", "new_key"]
