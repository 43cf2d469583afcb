"""The contract: the XSD and WSDL files that partners build against, and the generator that keeps them true.

The profiles (``xsd/<Noun>.xsd``, ``xsd/Get<Noun>.xsd``) and the envelope (``xsd/Message.xsd``) are written
by hand; typed message schemas and WSDLs follow from them and are generated into files that are checked in.
A server only reads those files, and rewrites the address when it serves one.
"""

from __future__ import annotations

from cim_adapter.contract.address import readdressed
from cim_adapter.contract.build import build, outdated, write
from cim_adapter.contract.files import ContractFiles
from cim_adapter.contract.operations import Offer, read_offer
from cim_adapter.contract.overlay import overlay
from cim_adapter.contract.profiles import ContractError
from cim_adapter.contract.services import noun_of

__all__ = [
    "ContractError",
    "ContractFiles",
    "Offer",
    "build",
    "noun_of",
    "outdated",
    "overlay",
    "read_offer",
    "readdressed",
    "write",
]
