"""What a Reply says of an object that is not as it must be: the code of its kind (facts/envelope.md §5.7)."""

from __future__ import annotations

from cim_adapter.envelope import ID, Error
from cim_adapter.nouns.identity_xml import write_id
from cim_adapter.store.objects import Identity


def code_of(kind: str) -> str:
    """The reply code "invalid <kind>"; 2.15 for kinds that have none of their own."""
    match kind:
        case "Meter":
            return "2.4"
        case "UsagePoint":
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
            return "2.15"


def invalid(kind: str, identity: Identity, reason: str, *, code: str | None = None) -> Error:
    """An Error about one object, which it names."""
    named = write_id(kind, identity) if identity else None
    return Error(code=code or code_of(kind), level="FATAL", reason=reason, id=named)


def unknown(kind: str, identity: Identity, named: ID | None = None) -> Error:
    """Nothing is known of this object; ``named`` is the ID that asked for it, where one did."""
    reason = f"no {kind} of this {'mRID' if identity.mrid else 'name'} is known"
    return Error(code=code_of(kind), level="FATAL", reason=reason, id=named or write_id(kind, identity))
