"""Errors that several nouns answer with, in the codes of facts/envelope.md §5.7."""

from __future__ import annotations

from cim_adapter.envelope import Error
from cim_adapter.nouns.identity_xml import write_id
from cim_adapter.store.objects import Identity

_RELATIONSHIP = "2.29"  # of any kind that has no code of its own


def unknown(kind: str, identity: Identity) -> Error:
    """Nobody has told of this object."""
    by = "mRID" if identity.mrid else "name"
    return Error(
        code=invalid_code(kind),
        level="FATAL",
        reason=f"no {kind} of this {by} is known",
        id=write_id(kind, identity),
    )


def invalid_code(kind: str) -> str:
    """The code that says that an object of this kind is not a good one."""
    match kind:
        case "Meter" | "EndDeviceGroup":
            return "2.4"
        case "UsagePoint" | "UsagePointGroup":
            return "2.12"
        case "ServiceLocation":
            return "2.16"
        case "CustomerAccount":
            return "2.19"
        case "ServiceSupplier":
            return "2.20"
        case "Customer":
            return "2.22"
        case "CustomerAgreement":
            return "2.24"
        case "ComModule":
            return "2.30"
        case "ServiceCategory":
            return "2.31"
        case "UsagePointLocation":
            return "2.32"
        case "PricingStructure":
            return "2.33"
        case _:
            return _RELATIONSHIP
