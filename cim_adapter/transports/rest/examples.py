"""Bodies as examples: in the OpenAPI document, and sent by the tests."""

from __future__ import annotations

from types import MappingProxyType
from typing import Any, Final

EXAMPLES: Final = MappingProxyType[str, dict[str, Any]](
    {
        "meter-readings": {
            "readings": [
                {
                    "meterId": "M-1001",
                    "readingType": "intervalData",
                    "readingDateTime": "2026-03-01T00:15:00Z",
                    "value": 1.5,
                    "unit": "kWh",
                    "multiplier": 0,
                    "phase": "ABC",
                    "energyDirection": "forward",
                    "quality": "good",
                }
            ]
        },
        "end-device-controls": {
            "controls": [
                {
                    "deviceId": "M-1001",
                    "controlType": "loadControlSignal",
                    "controlValue": "50",
                    "controlUnit": "kW",
                    "effectiveDateTime": "2026-12-01T17:00:00Z",
                    "reason": "evening peak",
                    "priority": "high",
                }
            ]
        },
        "end-device-events": {
            "deviceId": "M-1001",
            "eventType": "tamperingAlert",
            "eventDateTime": "2026-03-01T10:00:00Z",
            "severity": "high",
            "description": "the cover was opened",
            "eventCode": "TAM001",
        },
        "meter-config": {
            "Meter": [{"mRID": "M-1001", "serialNumber": "4711", "Names": [{"name": "Main Street 1"}]}]
        },
        "end-device-config": {"EndDevice": [{"mRID": "D-7", "serialNumber": "815", "isPan": True}]},
        "usage-point-config": {"UsagePoint": [{"mRID": "UP-12", "isVirtual": False}]},
        "com-module-config": {"ComModule": [{"mRID": "C-3", "serialNumber": "99"}]},
    }
)
PATCHES: Final = MappingProxyType[str, dict[str, Any]](
    {
        "meter-readings": {"value": 1.7, "quality": "edited"},
        "end-device-controls": {"controlValue": "40"},
        "end-device-events": {"severity": "low"},
        "meter-config": {"serialNumber": "4712"},
        "end-device-config": {"serialNumber": "816"},
        "usage-point-config": {"isVirtual": True},
        "com-module-config": {"serialNumber": "98"},
    }
)
