"""What happened to a device: words ⇄ EndDeviceEventType (facts/metering.md §5)."""

from __future__ import annotations

from types import MappingProxyType
from typing import Final

from cim_adapter.codes import EndDeviceEventType
from cim_adapter.items.vocabulary.device_words import DeviceWords

#: EndDeviceEvent/severity is a free text in the standard; these are what REST takes.
SEVERITIES: Final = ("critical", "high", "medium", "low", "informational")


class EventWords(DeviceWords):
    """Looks words up in codes and codes in words."""

    MEMBER = "eventType"
    CODE = EndDeviceEventType
    TABLE = MappingProxyType(
        {
            "tamperingAlert": "12.0.257",  # [C2]
            "coverRemoved": "12.29.212",
            "magneticTampering": "12.66.257",
            "reverseRotation": "12.93.219",
            "reverseFlow": "12.48.219",
            "tilted": "12.0.263",
            "loginFailed": "12.65.85",
            "powerOutage": "26.0.85",
            "powerRestoration": "26.0.216",
            "phaseOutage": "26.25.85",
            "phaseRestoration": "26.25.216",
            "voltageSagStarted": "26.38.223",
            "voltageSagStopped": "26.38.224",
            "voltageSwellStarted": "26.38.248",
            "voltageSwellStopped": "26.38.249",
            "voltageLoss": "26.38.47",
            "voltageImbalance": "26.38.98",
            "voltageAboveLimit": "26.38.93",
            "voltageBelowLimit": "26.38.150",
            "connected": "31.0.42",
            "disconnected": "31.0.68",
            "connectFailed": "31.0.67",
            "disconnectFailed": "31.0.84",
            "batteryLow": "2.22.150",
            "clockChanged": "36.114.24",
            "clockSynchronised": "36.116.58",
            "clockSynchronisationFailed": "36.116.85",
            "communicationEstablished": "1.52.29",
            "communicationFailed": "1.0.85",
            "configurationChanged": "7.0.24",
            "firmwareChanged": "11.17.24",
            "firmwareFailed": "11.0.85",
            "demandReset": "8.0.215",
            "eventLogCleared": "17.44.28",
            "eventLogFull": "17.44.32",
            "loadControlOptedIn": "15.43.80",
            "loadControlOptedOut": "15.43.81",
        }
    )
