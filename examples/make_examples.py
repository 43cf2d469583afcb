"""Makes an example message for each noun and each verb of a typed service: ``<Noun>/<verb>.xml``.

    python examples/make_examples.py            writes the files beside this script
    python examples/make_examples.py --check    says which differ; exit 1 if any does

Each file is a typed message in SOAP 1.1. A verb in the past tense is an event; ``reply-created.xml`` is the
late answer to a create. All files are about one small utility, and nouns stand in an order in which what is
referred to has been created before; deletes go the other way round. Requests are about the first object of a
noun (meter M-1001), events about the second (meter M-1002), sets of operations (``execute.xml`` and then
``executed.xml``) about the third, so that either can be sent without the others.

Needs lxml alone.
"""

from __future__ import annotations

import argparse
import sys
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from lxml import etree

HERE = Path(__file__).parent
SOAP = "http://schemas.xmlsoap.org/soap/envelope/"
BASE = "http://iec.ch/TC57/2011"
MESSAGE = f"{BASE}/schema/message"
UTILITY = "example utility"

QUARTER_HOURS = "0.0.2.4.1.1.12.0.0.0.0.0.0.0.0.3.72.0"  # kWh taken from the grid in 15 minutes
REGISTER = "0.0.0.1.1.1.12.0.0.0.0.0.0.0.0.3.72.0"  # register of kWh taken from the grid
DISCONNECT = "3.31.0.23"  # a control
POWER_LOST = "3.26.0.85"  # an event

Content = dict[str, Any]  # element name → text, Ref, Content, or a list of these; in the order of the XML


class Ref(str):
    """An empty element with this text in its ``ref`` attribute."""


# The objects of the utility


def mrid(kind: str, name: str) -> str:
    """The mRID of an object: the same whenever it is asked for."""
    return str(uuid.uuid5(uuid.NAMESPACE_URL, f"{kind}/{name}"))


def named(name: str, kind: str) -> Content:
    """A name with its type and authority."""
    return {"name": name, "NameType": {"name": kind, "NameTypeAuthority": {"name": UTILITY}}}


def identity(kind: str, name: str) -> Content:
    """An object by mRID alone."""
    return {"mRID": mrid(kind, name)}


def since(day: str, reason: str) -> Content:
    """A ConfigurationEvent: a configuration that holds from midnight of this day."""
    return {
        "createdDateTime": f"{day}T08:30:00Z",
        "effectiveDateTime": f"{day}T00:00:00Z",
        "modifiedBy": "CIS",
        "reason": reason,
    }


def configured(changed: bool) -> Content:
    return since("2026-03-15", "correction") if changed else since("2026-03-01", "new")


def interval(start: str, end: str | None = None) -> Content:
    """A DateTimeInterval; end comes first."""
    return ({"end": end} if end else {}) | {"start": start}


def address(number: str) -> Content:
    return {
        "streetDetail": {"name": "Mill Lane", "number": number},
        "townDetail": {"code": "4711", "country": "NO", "name": "Exampleby"},
    }


# What a noun's payload holds: ``name`` is that of the object; ``changed`` says whether it is the second version


def service_category(name: str, changed: bool) -> Content:
    return {
        "mRID": mrid("ServiceCategory", name),
        "kind": name,
        "ConfigurationEvents": configured(changed),
        "Names": named(f"{name} (metered)" if changed else name, "ServiceCategoryName"),
    }


def service_supplier(name: str, changed: bool) -> Content:
    return {
        "mRID": mrid("ServiceSupplier", name),
        "issuerIdentificationNumber": "600727",
        "kind": "retailer" if changed else "utility",
        "ConfigurationEvents": configured(changed),
        "Names": named(name, "SupplierName"),
        "Organisation": {
            "electronicAddress": {"email1": "office@supplier.example", "web": "https://supplier.example"},
            "phone1": {"countryCode": "47", "localNumber": "55501000"},
            "streetAddress": address("1"),
        },
    }


def service_location(name: str, changed: bool) -> Content:
    return {
        "mRID": mrid("ServiceLocation", name),
        "accessMethod": "key in the box" if changed else "ring the bell",
        "needsInspection": "false",
        "type": "residential",
        "ConfigurationEvents": configured(changed),
        "mainAddress": address("12" if name == "SL-1001" else "14"),
        "Names": named(name, "ServiceLocationName"),
    }


def usage_point_location(name: str, changed: bool) -> Content:
    return {
        "mRID": mrid("UsagePointLocation", name),
        "accessMethod": "cellar door",
        "remark": "second cabinet" if changed else "first cabinet",
        "ConfigurationEvents": configured(changed),
        "CoordinateSystem": {"crsUrn": "urn:ogc:def:crs:EPSG::4326"},
        "mainAddress": address("12" if name == "UPL-1001" else "14"),
        "Names": named(name, "UsagePointLocationName"),
        "PositionPoints": {"sequenceNumber": "1", "xPosition": "10.7461", "yPosition": "59.9127"},
    }


def customer(name: str, changed: bool) -> Content:
    return {
        "mRID": mrid("Customer", name),
        "kind": "residential",
        "locale": "nb-NO",
        **({"specialNeed": "life support"} if changed else {}),
        "vip": "false",
        "ConfigurationEvents": configured(changed),
        "Names": named(name, "CustomerNumber"),
        "Organisation": {
            "electronicAddress": {"email1": "kari@customer.example"},
            "phone1": {"countryCode": "47", "localNumber": "55501234"},
            "streetAddress": address("12"),
        },
        "status": {"value": "active"},
    }


def customer_account(name: str, changed: bool) -> Content:
    return {
        "mRID": mrid("CustomerAccount", name),
        "billingCycle": "quarterly" if changed else "monthly",
        "createdDateTime": "2026-03-01T08:30:00Z",
        "ConfigurationEvents": configured(changed),
        "Names": named(name, "AccountNumber"),
        "status": {"value": "open"},
    }


def customer_agreement(name: str, changed: bool) -> Content:
    return {
        "mRID": mrid("CustomerAgreement", name),
        "createdDateTime": "2026-02-20T10:00:00Z",
        "signDate": "2026-02-20",
        "ConfigurationEvents": configured(changed),
        "Names": named(name, "AgreementNumber"),
        "validityInterval": interval(
            "2026-03-01T00:00:00Z", "2028-03-01T00:00:00Z" if changed else "2027-03-01T00:00:00Z"
        ),
    }


def auxiliary_agreement(name: str, changed: bool) -> Content:
    return {
        "mRID": mrid("AuxiliaryAgreement", name),
        "auxPriorityCode": "1",
        "createdDateTime": "2026-03-01T08:30:00Z",
        "fixedAmount": "15.00" if changed else "10.00",
        "payCycle": "monthly",
        "type": "arrears",
        "vendPortion": "20",
        "ConfigurationEvents": configured(changed),
        "Names": named(name, "AgreementNumber"),
    }


def charge(kind: str, value: str) -> Content:
    unit = {"energyUnit": "1", "monetaryUnit": "NOK", "multiplier": "k", "value": value}  # NOK for each kWh
    return {"kind": kind, "fixedPortion": unit}


def pricing_structure(name: str, changed: bool) -> Content:
    return {
        "mRID": mrid("PricingStructure", name),
        "code": name,
        "revenueKind": "residential",
        "taxExemption": "false",
        "title": "Day and night",
        "ConfigurationEvents": configured(changed),
        "Names": named(name, "PricingStructureCode"),
        "Tariffs": {
            "mRID": mrid("Tariff", name),
            "startDate": "2026-03-01",
            "TariffProfiles": {
                "mRID": mrid("TariffProfile", name),
                "tariffCycle": "monthly",
                "TimeTariffIntervals": [
                    {
                        "sequenceNumber": "1",
                        "startTime": "06:00:00",
                        "Charges": charge("consumptionCharge", "0.95" if changed else "0.90"),
                    },
                    {
                        "sequenceNumber": "2",
                        "startTime": "22:00:00",
                        "Charges": charge("consumptionCharge", "0.45"),
                    },
                ],
            },
        },
    }


def functions(name: str) -> tuple[Content, Content, Content]:
    """What a meter can do: it communicates, it switches, and it measures one register on two channels."""
    communicates = {
        "mRID": mrid("ComFunction", name),
        "amrAddress": "10.20.0.17",
        "direction": "biDirectional",
        "enabled": "true",
        "technology": "rfMesh",
    }
    switches = {
        "mRID": mrid("ConnectDisconnectFunction", name),
        "enabled": "true",
        "isConnected": "true",
        "rcdInfo": {"armedTimeout": "600", "isArmConnect": "true"},
    }
    measures = {
        "mRID": mrid("SimpleEndDeviceFunction", name),
        "enabled": "true",
        "kind": "metrology",
        "Registers": {
            "leftDigitCount": "6",
            "rightDigitCount": "2",
            "Channels": [
                {"Names": {"name": "register"}, "ReadingType": Ref(REGISTER)},
                {"Names": {"name": "load profile"}, "ReadingType": Ref(QUARTER_HOURS)},
            ],
            "Names": {"name": "1.8.0"},
        },
    }
    return communicates, switches, measures


def model(number: str) -> Content:
    return {
        "modelNumber": number,
        "usageKind": "other",
        "Manufacturer": {"Names": {"name": "Example Meters"}},
    }


def meter_config(name: str, changed: bool) -> Content:
    communicates, switches, measures = functions(name)
    return {
        "ComFunction": communicates,
        "ConnectDisconnectFunction": switches,
        "Meter": {
            "mRID": mrid("Meter", name),
            "amrSystem": "HES",
            "isVirtual": "false",
            "serialNumber": f"2026-{name}",
            "timeZoneOffset": "60",
            "type": "residential",
            "ConfigurationEvents": configured(changed),
            "ComFunction": Ref(communicates["mRID"]),
            "ConnectDisconnectFunction": Ref(switches["mRID"]),
            "SimpleEndDeviceFunction": Ref(measures["mRID"]),
            "EndDeviceInfo": {
                "isSolidState": "true",
                "phaseCount": "3",
                "ratedCurrent": "63",
                "ratedVoltage": "230",
                "AssetModel": model("EM-3"),
                "capability": {"connectDisconnect": "true", "electricMetering": "true"},
            },
            "lifecycle": {"installationDate": "2026-03-01", "manufacturedDate": "2025-11-04"},
            "MeterMultipliers": {"kind": "ctRatio", "value": "40" if changed else "1"},
            "Names": named(name, "MeterUniqueID"),
            "status": {"value": "active"},
        },
        "SimpleEndDeviceFunction": measures,
    }


def end_device_config(name: str, changed: bool) -> Content:
    communicates = functions(name)[0]
    return {
        "ComFunction": communicates,
        "EndDevice": {
            "mRID": mrid("EndDevice", name),
            "amrSystem": "HES",
            "installCode": "83FED3407A939723",
            "isPan": "true",
            "serialNumber": f"2026-{name}",
            "type": "thermostat",
            "ConfigurationEvents": configured(changed),
            "ComFunction": Ref(communicates["mRID"]),
            "EndDeviceInfo": {"AssetModel": model("TH-1"), "capability": {"demandResponse": "true"}},
            "Names": named(name, "EndDeviceID"),
            "status": {"value": "retired" if changed else "active"},
        },
    }


def com_module_config(name: str, changed: bool) -> Content:
    communicates = functions(name)[0]
    return {
        "ComFunction": communicates,
        "ComModule": {
            "mRID": mrid("ComModule", name),
            "amrSystem": "HES",
            "serialNumber": f"2026-{name}",
            "supportsAutonomousDst": "true" if changed else "false",
            "AssetInfo": {"AssetModel": model("CM-7")},
            "ComFunctions": Ref(communicates["mRID"]),
            "ConfigurationEvents": configured(changed),
            "Names": named(name, "ComModuleID"),
        },
    }


def usage_point(name: str, changed: bool) -> Content:
    number = name.removeprefix("UP-")
    return {
        "mRID": mrid("UsagePoint", name),
        "amiBillingReady": "enabled",
        "connectionState": "connected",
        "grounded": "true",
        "isSdp": "true",
        "isVirtual": "false",
        "nominalServiceVoltage": "230",
        "phaseCode": "ABCN",
        "ratedCurrent": "63" if changed else "35",
        "readCycle": "monthly",
        "ConfigurationEvents": configured(changed),
        "MetrologyRequirements": {"reason": "billing", "ReadingTypes": [Ref(REGISTER), Ref(QUARTER_HOURS)]},
        "Names": named(name, "UsagePointName"),
        "PricingStructures": {"code": f"DN-{number}"},
        "ServiceCategory": {"kind": "electricity"},
        "ServiceLocation": identity("ServiceLocation", f"SL-{number}"),
        "ServiceSupplier": {"Names": named("Exampleby Energy", "SupplierName")},
        "UsagePointLocation": identity("UsagePointLocation", f"UPL-{number}"),
    }


WINTER_PEAKS = {
    "mRID": mrid("DemandResponseProgram", "winter peaks"),
    "type": "load control",
    "Names": {"name": "winter peaks"},
}


def end_device_groups(name: str, changed: bool) -> Content:
    members = [identity("EndDevice", "TH-1001"), *([identity("Meter", "M-1001")] if changed else [])]
    return {
        "DemandResponseProgram": WINTER_PEAKS,
        "EndDeviceGroup": {
            "mRID": mrid("EndDeviceGroup", name),
            "DemandResponsePrograms": Ref(WINTER_PEAKS["mRID"]),
            "EndDevices": members,
            "Names": named(name, "GroupName"),
        },
    }


def usage_point_groups(name: str, changed: bool) -> Content:
    return {
        **({"DemandResponseProgram": WINTER_PEAKS} if changed else {}),
        "UsagePointGroup": {
            "mRID": mrid("UsagePointGroup", name),
            **({"DemandResponsePrograms": Ref(WINTER_PEAKS["mRID"])} if changed else {}),
            "Names": named(name, "GroupName"),
            "UsagePoints": identity("UsagePoint", "UP-1001"),
        },
    }


def linkage(name: str, changed: bool) -> Content:
    """A meter at a usage point; the customer behind it is known later."""
    when = since("2026-03-15", "customer known") if changed else since("2026-03-01", "installed")
    return {
        "ConfigurationEvent": when,
        **(
            {
                "Customer": identity("Customer", f"C-{name}"),
                "CustomerAgreement": identity("CustomerAgreement", f"AG-{name}"),
            }
            if changed
            else {}
        ),
        "Meter": {"Names": named(f"M-{name}", "MeterUniqueID")},
        "UsagePoint": {"Names": named(f"UP-{name}", "UsagePointName")},
    }


def end_of_linkage(name: str) -> Content:
    return linkage(name, False) | {"ConfigurationEvent": since("2026-09-01", "removed")}


def read_schedule(name: str, changed: bool) -> Content:
    return {
        "EndDevice": identity("Meter", name) | {"Names": named(name, "MeterUniqueID")},
        "ReadingType": {"Names": {"name": QUARTER_HOURS}},
        "TimeSchedule": {
            "disabled": "false",
            "offset": "900",
            "recurrencePattern": "hourly" if changed else "daily",
            "recurrencePeriod": "3600" if changed else "86400",
            "scheduleInterval": interval("2026-03-01T00:00:00Z"),
        },
    }


def control(name: str, changed: bool) -> Content:
    return {
        "EndDeviceControl": {
            "mRID": mrid("EndDeviceControl", name),
            "issuerID": "CIS",
            "issuerTrackingID": f"WO-{name}",
            "reason": "moving out",
            "EndDeviceControlType": Ref(DISCONNECT),
            "EndDevices": {"Names": named(f"M-{name}", "MeterUniqueID")},
            "primaryDeviceTiming": {
                "interval": interval("2026-04-02T09:00:00Z" if changed else "2026-04-01T09:00:00Z")
            },
        }
    }


def event(name: str, changed: bool, ended: str | None = None) -> Content:
    return {
        "EndDeviceEvent": {
            "mRID": mrid("EndDeviceEvent", name),
            "createdDateTime": "2026-03-07T16:42:10Z",
            "issuerID": "HES",
            "issuerTrackingID": f"EV-{name}",
            "severity": "high" if changed else "unknown",
            "Assets": {"Names": named(f"M-{name}", "MeterUniqueID")},
            "EndDeviceEventDetails": {"name": "phases", "value": "ABC" if changed else "A"},
            "EndDeviceEventType": Ref(POWER_LOST),
            **({"status": {"dateTime": ended, "value": "closed"}} if ended else {}),
            "UsagePoint": {"Names": named(f"UP-{name}", "UsagePointName")},
        }
    }


def ended_event(name: str) -> Content:
    """The event again, with when it ended."""
    return event(name, True, ended="2026-03-07T17:10:00Z")


def readings(name: str, changed: bool) -> Content:
    quality = {"ReadingQualityType": Ref("3.7.0" if changed else "1.0.0")}
    return {
        "MeterReading": {
            "Meter": {"Names": named(name, "MeterUniqueID")},
            "Readings": {
                "timeStamp": "2026-03-02T00:00:00Z",
                "value": "48213.75" if changed else "48213.74",
                "ReadingQualities": quality,
                "ReadingType": Ref(REGISTER),
            },
        }
    }


# The nouns


@dataclass(frozen=True)
class Noun:
    """How messages about a noun are made.

    ``payload`` takes the name of an object and whether it is the second version; ``other`` has payloads of
    verbs that need their own. ``target`` makes the element names and texts of Request/ID; ``query`` is what
    a get asks for. ``late`` are events that are also made as late answers, with their Result.
    """

    name: str
    objects: tuple[str, str, str]
    payload: Callable[[str, bool], Content]
    query: Content
    target: Callable[[str], tuple[str, dict[str, str]]]
    other: dict[str, Callable[[str], Content]] = field(default_factory=dict)
    source: str = "CIS"
    late: dict[str, str] = field(default_factory=lambda: {"created": "OK"})


VERBS = (
    *("create", "change", "cancel", "close", "delete", "get"),
    *("created", "changed", "canceled", "closed", "deleted"),
)


def ended(content: Callable[[str], Content], *more: str) -> dict[str, Callable[[str], Content]]:
    """The payload of the events that make an end, and of ``more`` verbs."""
    return dict.fromkeys(("canceled", "closed", "deleted", *more), content)


def by_mrid(kind: str) -> Callable[[str], tuple[str, dict[str, str]]]:
    return lambda name: (mrid(kind, name), {"kind": "uuid", "objectType": kind})


def by_name(kind: str, name_type: str) -> Callable[[str], tuple[str, dict[str, str]]]:
    attributes = {"idType": name_type, "idAuthority": UTILITY, "kind": "name", "objectType": kind}
    return lambda name: (name, attributes)


def master_data(
    kind: str, objects: tuple[str, str, str], content: Callable[[str, bool], Content], query: Content
) -> Noun:
    """A noun whose payload is one object, with nothing beside it."""
    return Noun(
        f"{kind}Config",
        objects,
        lambda name, changed: {kind: content(name, changed)},
        query,
        by_mrid(kind),
        other=ended(lambda name: {kind: identity(kind, name)}),
    )


def schedule_id(name: str) -> tuple[str, dict[str, str]]:
    """A schedule has no id of its own: it goes by the MessageID of the create that brought it."""
    return message_id("MeterReadSchedule", "create"), {"kind": "transaction", "objectType": "MeterReadSchedule"}


DAY = {"scheduleInterval": interval("2026-03-01T00:00:00Z", "2026-03-02T00:00:00Z")}
MONTH = {"scheduleInterval": interval("2026-03-01T00:00:00Z", "2026-04-01T00:00:00Z")}
METER = {"Names": named("M-1001", "MeterUniqueID")}

NOUNS = (
    master_data(
        "ServiceCategory",
        ("electricity", "water", "gas"),
        service_category,
        {"ServiceCategory": {"kind": "electricity"}},
    ),
    master_data(
        "ServiceSupplier",
        ("Exampleby Energy", "Exampleby Water", "Exampleby Gas"),
        service_supplier,
        {"ServiceSupplier": {"Names": named("Exampleby Energy", "SupplierName")}},
    ),
    master_data(
        "ServiceLocation",
        ("SL-1001", "SL-1002", "SL-1003"),
        service_location,
        {"ServiceLocation": identity("ServiceLocation", "SL-1001")},
    ),
    master_data(
        "UsagePointLocation",
        ("UPL-1001", "UPL-1002", "UPL-1003"),
        usage_point_location,
        {"UsagePointLocation": identity("UsagePointLocation", "UPL-1001")},
    ),
    master_data(
        "Customer",
        ("C-1001", "C-1002", "C-1003"),
        customer,
        {"Customer": {"Names": named("C-1001", "CustomerNumber")}},
    ),
    master_data(
        "CustomerAccount",
        ("A-1001", "A-1002", "A-1003"),
        customer_account,
        {"CustomerAccount": identity("CustomerAccount", "A-1001")},
    ),
    master_data(
        "CustomerAgreement",
        ("AG-1001", "AG-1002", "AG-1003"),
        customer_agreement,
        {"CustomerAgreement": identity("CustomerAgreement", "AG-1001")},
    ),
    master_data(
        "AuxiliaryAgreement",
        ("AX-1001", "AX-1002", "AX-1003"),
        auxiliary_agreement,
        {"AuxiliaryAgreement": identity("AuxiliaryAgreement", "AX-1001")},
    ),
    master_data(
        "PricingStructure",
        ("DN-1001", "DN-1002", "DN-1003"),
        pricing_structure,
        {"PricingStructure": {"code": "DN-1001"}},
    ),
    Noun(
        "MeterConfig",
        ("M-1001", "M-1002", "M-1003"),
        meter_config,
        {"Meter": METER},
        by_mrid("Meter"),
        other=ended(lambda name: {"Meter": identity("Meter", name)}),
        late={"created": "OK", "changed": "FAILED"},
    ),
    Noun(
        "EndDeviceConfig",
        ("TH-1001", "TH-1002", "TH-1003"),
        end_device_config,
        {"EndDevice": {"isPan": "true", "type": "thermostat"}},
        by_mrid("EndDevice"),
        other=ended(lambda name: {"EndDevice": identity("EndDevice", name)}),
    ),
    Noun(
        "ComModuleConfig",
        ("CM-1001", "CM-1002", "CM-1003"),
        com_module_config,
        {"ComModule": {"Names": named("CM-1001", "ComModuleID")}},
        by_mrid("ComModule"),
        other=ended(lambda name: {"ComModule": identity("ComModule", name)}),
    ),
    master_data(
        "UsagePoint",
        ("UP-1001", "UP-1002", "UP-1003"),
        usage_point,
        {"UsagePoint": {"Names": named("UP-1001", "UsagePointName")}},
    ),
    Noun(
        "EndDeviceGroups",
        ("north thermostats", "south thermostats", "east thermostats"),
        end_device_groups,
        {"EndDeviceGroup": {"Names": named("north thermostats", "GroupName")}},
        by_mrid("EndDeviceGroup"),
        other=ended(lambda name: {"EndDeviceGroup": identity("EndDeviceGroup", name)}),
    ),
    Noun(
        "UsagePointGroups",
        ("feeder 7", "feeder 8", "feeder 9"),
        usage_point_groups,
        {"UsagePoint": identity("UsagePoint", "UP-1001")},
        by_name("UsagePointGroup", "GroupName"),
        other=ended(lambda name: {"UsagePointGroup": identity("UsagePointGroup", name)}),
    ),
    Noun(
        "MasterDataLinkageConfig",
        ("1001", "1002", "1003"),
        linkage,
        {"Meter": METER, "TimeSchedule": MONTH},
        lambda name: ("", {}),  # a link has no id: close names it in Payload
        other=ended(end_of_linkage, "cancel", "close", "delete"),
    ),
    Noun(
        "MeterReadSchedule",
        ("M-1001", "M-1002", "M-1003"),
        read_schedule,
        {"EndDevice": identity("Meter", "M-1001"), "TimeSchedule": MONTH},
        schedule_id,
        source="MDM",
    ),
    Noun(
        "EndDeviceControls",
        ("1001", "1002", "1003"),
        control,
        {"EndDeviceControl": {"issuerTrackingID": "WO-1001"}},
        by_mrid("EndDeviceControl"),
    ),
    Noun(
        "EndDeviceEvents",
        ("1001", "1002", "1003"),
        event,
        {"EndDeviceEventType": {"Names": {"name": POWER_LOST}}, "Meter": METER, "TimeSchedule": MONTH},
        by_mrid("EndDeviceEvent"),
        other={"closed": ended_event},
        source="HES",
    ),
    Noun(
        "MeterReadings",
        ("M-1001", "M-1002", "M-1003"),
        readings,
        {"EndDevice": METER, "ReadingType": {"Names": {"name": REGISTER}}, "TimeSchedule": DAY},
        by_name("Meter", "MeterUniqueID"),
        source="HES",
    ),
)


CORRELATED = ("MeterReadSchedule", "EndDeviceControls", "EndDeviceEvents")  # an event follows another


# The messages


def message_id(noun: str, verb: str) -> str:
    """Depends on the arguments alone: what is sent twice is stored once."""
    return str(uuid.uuid5(uuid.NAMESPACE_URL, f"{noun}/{verb}"))


def is_event(verb: str) -> bool:
    return verb.endswith("ed")


def fill(parent: etree._Element, content: Content) -> None:
    """Children in the namespace of ``parent``."""
    for name, value in content.items():
        for item in value if isinstance(value, list) else [value]:
            child = etree.SubElement(parent, f"{{{etree.QName(parent).namespace}}}{name}")
            if isinstance(item, Ref):
                child.set("ref", item)
            elif isinstance(item, str):
                child.text = item
            else:
                fill(child, item)


def envelope_part(parent: etree._Element, content: Content) -> None:
    """Children in the namespace of the standard's envelope."""
    for name, value in content.items():
        child = etree.SubElement(parent, f"{{{MESSAGE}}}{name}")
        if isinstance(value, str):
            child.text = value
        else:
            fill(child, value)


def header(noun: Noun, verb: str, file: str) -> Content:
    content = {
        "Verb": verb,
        "Noun": noun.name,
        "Timestamp": "2026-03-02T00:20:00Z",
        "Source": noun.source,
        "MessageID": message_id(noun.name, file),
    }
    if noun.name in CORRELATED and is_event(verb) and verb != "created":
        content["CorrelationID"] = message_id(noun.name, "created")
    return content


def reply(noun: Noun, name: str, result: str) -> Content:
    if result == "OK":
        return {"Result": "OK", "Error": {"code": "0.0", "level": "INFORM", "reason": "No error"}}
    error = {"code": "2.4", "level": "FATAL", "reason": "Invalid Meter(s)", "details": f"{name} is not known"}
    return {"Result": result, "Error": error}


def make(noun: Noun, verb: str, result: str | None = None) -> bytes:
    """One message in a SOAP envelope. With a ``result`` it is the late answer to the request of that verb."""
    asking = verb == "get"
    typed = f"{BASE}/{'Get' if asking else ''}{noun.name}Message"
    profile = f"{BASE}/{'Get' if asking else ''}{noun.name}#"
    namespaces = {"soap": SOAP, "typed": typed, "msg": MESSAGE}
    name = noun.objects[is_event(verb) and result is None]
    carries = verb in noun.other or verb not in ("cancel", "close", "delete", "get")
    if asking or (carries and result != "FAILED"):
        namespaces["query" if asking else "payload"] = profile
    envelope = etree.Element(f"{{{SOAP}}}Envelope", nsmap=namespaces)
    body = etree.SubElement(envelope, f"{{{SOAP}}}Body")
    message = etree.SubElement(body, f"{{{typed}}}{verb.capitalize()}{noun.name}")

    def part(name: str) -> etree._Element:
        return etree.SubElement(message, f"{{{typed}}}{name}")

    about = header(noun, verb, verb if result is None else f"reply-{verb}")
    if result is not None:
        about |= {"Source": "HES", "CorrelationID": message_id(noun.name, verb.removesuffix("d"))}
    envelope_part(part("Header"), about)
    if asking:
        fill(etree.SubElement(part("Request"), f"{{{profile}}}Get{noun.name}"), noun.query)
    elif not carries or (verb == "change" and noun.target is schedule_id):
        text, attributes = noun.target(name)
        etree.SubElement(part("Request"), f"{{{MESSAGE}}}ID", attributes).text = text
    if result is not None:
        envelope_part(part("Reply"), reply(noun, name, result))
    if carries and result != "FAILED":
        own = noun.other.get(verb)
        content = own(name) if own else noun.payload(name, verb not in ("create", "created"))
        fill(etree.SubElement(part("Payload"), f"{{{profile}}}{noun.name}"), content)
    return written(envelope)


def make_set(noun: Noun, verb: str) -> bytes:
    """A set of one operation: the third object is created (execute), and has been changed (executed)."""
    typed, profile = f"{BASE}/{noun.name}OperationSetMessage", f"{BASE}/{noun.name}#"
    namespaces = {"soap": SOAP, "typed": typed, "msg": MESSAGE, "payload": profile}
    envelope = etree.Element(f"{{{SOAP}}}Envelope", nsmap=namespaces)
    body = etree.SubElement(envelope, f"{{{SOAP}}}Body")
    message = etree.SubElement(body, f"{{{typed}}}{verb.capitalize()}{noun.name}OperationSet")
    about = header(noun, verb, verb) | {"Noun": "OperationSet"}
    if noun.name in CORRELATED and is_event(verb):
        about["CorrelationID"] = message_id(noun.name, "execute")
    envelope_part(etree.SubElement(message, f"{{{typed}}}Header"), about)
    operations = etree.SubElement(etree.SubElement(message, f"{{{typed}}}Payload"), f"{{{typed}}}OperationSet")
    envelope_part(operations, {"enforceTransactionalIntegrity": "true"})
    operation = etree.SubElement(operations, f"{{{MESSAGE}}}Operation")
    done = "changed" if is_event(verb) else "create"
    envelope_part(operation, {"operationId": "1", "noun": noun.name, "verb": done})
    fill(etree.SubElement(operation, f"{{{profile}}}{noun.name}"), noun.payload(noun.objects[2], is_event(verb)))
    return written(envelope)


def written(envelope: etree._Element) -> bytes:
    return bytes(etree.tostring(envelope, xml_declaration=True, encoding="UTF-8", pretty_print=True))


def examples() -> Iterator[tuple[str, bytes]]:
    """Every file, as ``<Noun>/<verb>.xml``, and what is in it."""
    for noun in NOUNS:
        for verb in VERBS:
            yield f"{noun.name}/{verb}.xml", make(noun, verb)
        for verb, result in noun.late.items():
            yield f"{noun.name}/reply-{verb}.xml", make(noun, verb, result)
        for verb in ("execute", "executed"):
            yield f"{noun.name}/{verb}.xml", make_set(noun, verb)


def main() -> int:
    parser = argparse.ArgumentParser(description="Make an example message for every noun and verb.")
    parser.add_argument("--check", action="store_true", help="write nothing, say which files differ")
    options = parser.parse_args()
    differ = [
        (HERE / place, content)
        for place, content in examples()
        if not (HERE / place).is_file() or (HERE / place).read_bytes() != content
    ]
    for path, content in differ:
        print(path.relative_to(HERE))
        if not options.check:
            path.parent.mkdir(exist_ok=True)
            path.write_bytes(content)
    return 1 if differ and options.check else 0


if __name__ == "__main__":
    sys.exit(main())
