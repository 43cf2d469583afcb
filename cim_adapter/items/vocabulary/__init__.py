"""The words of REST, each mapped both ways to a code of IEC 61968-9. Pure: tables and look-ups.

    readings    readingType, unit, multiplier, phase, energyDirection, intervalLength   ReadingType
    qualities   quality                                                                 ReadingQualityType
    controls    controlType                                                             EndDeviceControlType
    events      eventType                                                               EndDeviceEventType

A code that no word stands for is told by the names of the standard, and always by its numbers as well.
"""

from cim_adapter.items.vocabulary.controls import PRIORITIES, ControlWords
from cim_adapter.items.vocabulary.events import SEVERITIES, EventWords
from cim_adapter.items.vocabulary.impossible import Impossible
from cim_adapter.items.vocabulary.qualities import QualityWords
from cim_adapter.items.vocabulary.readings import Quantity, ReadingWords

__all__ = [
    "PRIORITIES",
    "SEVERITIES",
    "ControlWords",
    "EventWords",
    "Impossible",
    "QualityWords",
    "Quantity",
    "ReadingWords",
]
