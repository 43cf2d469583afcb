"""Who is calling, and what they may do: the same for every transport."""

from cim_adapter.access.access import Access
from cim_adapter.access.audit import administered, shown
from cim_adapter.access.certificates import Certificates
from cim_adapter.access.identity import Certified, Credentials, Identity
from cim_adapter.access.keys import ApiKeys, give_key, new_key
from cim_adapter.access.quota import Allowance
from cim_adapter.access.roles import Roles
from cim_adapter.access.tokens import issue

__all__ = [
    "Access",
    "Allowance",
    "ApiKeys",
    "Certificates",
    "Certified",
    "Credentials",
    "Identity",
    "Roles",
    "administered",
    "give_key",
    "issue",
    "new_key",
    "shown",
]
