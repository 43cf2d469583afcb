"""What a device is told to do: words ⇄ EndDeviceControlType (facts/metering.md §5)."""

from __future__ import annotations

from types import MappingProxyType
from typing import Final

from cim_adapter.codes import EndDeviceControlType
from cim_adapter.items.vocabulary.device_words import DeviceWords

# drProgramLevel in CIM: 0 is an emergency, and the higher the number, the less it matters. That this is the
# priority of every control is inferred [I].
PRIORITIES: Final = MappingProxyType({"emergency": 0, "high": 1, "normal": 2, "low": 3})


class ControlWords(DeviceWords):
    """Looks words up in codes and codes in words."""

    MEMBER = "controlType"
    CODE = EndDeviceControlType
    TABLE = MappingProxyType(
        {
            "remoteDisconnect": "31.0.23",  # [C2]
            "remoteReconnect": "31.0.18",  # [C2]
            "armReconnect": "31.0.5",  # [C]
            "armDisconnect": "31.0.6",  # [C]
            "loadControlSignal": "15.0.54",  # [C]; that a signal starts load control is inferred [I]
            "loadControlStop": "15.0.55",  # [C]
            "priceSignal": "20.9.82",  # [C]; that a signal creates a price is inferred [I]
            "priceChange": "20.9.13",  # [C]
            "tariffChange": "20.140.13",  # [C]
            "supplyCapacityLimit": "31.139.26",  # [C]
            "supplyCapacityLimitEnd": "31.139.22",  # [C]
            "demandReset": "8.0.214",  # [C]
        }
    )
