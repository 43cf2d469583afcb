"""The parameters of queries: the schema of each, and what it means."""

from __future__ import annotations

from types import MappingProxyType
from typing import Any, Final

from cim_adapter.items.members import CARRIED, LONGEST
from cim_adapter.items.vocabulary import SEVERITIES, QualityWords, ReadingWords

TEXT: Final = {"type": "string", "minLength": 1, "maxLength": LONGEST, "pattern": f"^{CARRIED}+$"}
MOMENT: Final = {"type": "string", "format": "date-time"}


def several(item: dict[str, Any]) -> dict[str, Any]:
    return {"type": "array", "items": item}


def _words(words: tuple[str, ...]) -> dict[str, Any]:
    return several({"type": "string", "enum": list(words)})


#: Name → schema and meaning. Arrays are given by repeating the parameter; their values are alternatives.
PARAMETERS: Final = MappingProxyType[str, tuple[dict[str, Any], str]](
    {
        "meter": (several(TEXT), "mRID or name of a meter or device"),
        "usagePoint": (several(TEXT), "mRID or name of a usage point; stands for the meters linked to it"),
        "readingType": (
            several({"type": "string", "anyOf": [{"enum": list(ReadingWords.TYPES)}, {"pattern": r"\."}]} | TEXT),
            f"{', '.join(ReadingWords.TYPES)}, or the 18 numbers of a ReadingType joined by dots",
        ),
        "unit": (_words(ReadingWords.UNITS), "the unit of the values, as answers have it"),
        "phase": (_words(ReadingWords.PHASES), "the phases"),
        "energyDirection": (_words(ReadingWords.DIRECTIONS), "the direction of flow"),
        "intervalLength": (_words(ReadingWords.LENGTHS), "how long intervals are"),
        "quality": (_words(QualityWords.WORDS), "the quality of a reading, whoever assigned it"),
        "eventType": (several(TEXT), "what happened: a word of eventType, or a code"),
        "controlType": (several(TEXT), "what is to be done: a word of controlType, or a code"),
        "severity": (_words(SEVERITIES), "how bad it is"),
        "status": (several({"type": "string"}), "how far it is, or what became of it"),
        "from": (MOMENT, "the earliest time, included"),
        "to": (MOMENT, "the latest time, included"),
        "since": (MOMENT, "what is later than this time"),
    }
)
