"""The parameters of queries, as the OpenAPI document has them."""

from __future__ import annotations

from types import MappingProxyType
from typing import Any, Final

from cim_adapter.transports.rest.members import CARRIED, LONGEST
from cim_adapter.transports.rest.query import DEFAULT_LIMIT, MOST
from cim_adapter.transports.rest.vocabulary import SEVERITIES, QualityWords, ReadingWords

_TEXT: Final = {"type": "string", "minLength": 1, "maxLength": LONGEST, "pattern": f"^{CARRIED}+$"}
_MOMENT: Final = {"type": "string", "format": "date-time"}


def _several(item: dict[str, Any]) -> dict[str, Any]:
    return {"type": "array", "items": item}


def _words(words: tuple[str, ...]) -> dict[str, Any]:
    return _several({"type": "string", "enum": list(words)})


#: Name → schema and meaning. Arrays are given by repeating the parameter; their values are alternatives.
PARAMETERS: Final = MappingProxyType[str, tuple[dict[str, Any], str]](
    {
        "id": (_several(_TEXT), "mRID or name of an object"),
        "meter": (_several(_TEXT), "mRID or name of a meter or device"),
        "usagePoint": (_several(_TEXT), "mRID or name of a usage point; stands for the meters linked to it"),
        "readingType": (
            _several(
                {"type": "string", "anyOf": [{"enum": list(ReadingWords.TYPES)}, {"pattern": r"\."}]} | _TEXT
            ),
            f"{', '.join(ReadingWords.TYPES)}, or the 18 numbers of a ReadingType joined by dots",
        ),
        "unit": (_words(ReadingWords.UNITS), "the unit of the values, as answers have it"),
        "phase": (_words(ReadingWords.PHASES), "the phases"),
        "energyDirection": (_words(ReadingWords.DIRECTIONS), "the direction of flow"),
        "intervalLength": (_words(ReadingWords.LENGTHS), "how long intervals are"),
        "quality": (_words(QualityWords.WORDS), "the quality of a reading, whoever assigned it"),
        "eventType": (_several(_TEXT), "what happened: a word of eventType, or a code"),
        "controlType": (_several(_TEXT), "what is to be done: a word of controlType, or a code"),
        "severity": (_words(SEVERITIES), "how bad it is"),
        "status": (_several({"type": "string"}), "how far it is, or what became of it"),
        "from": (_MOMENT, "the earliest time, included"),
        "to": (_MOMENT, "the latest time, included"),
        "since": (_MOMENT, "what is later than this time"),
        "asOf": (_MOMENT, "the state at this time"),
        "messageId": (_TEXT, "the MessageID, or Idempotency-Key, of the request that brought the readings"),
        "limit": (
            {"type": "integer", "minimum": 1, "maximum": MOST, "default": DEFAULT_LIMIT},
            "how many items a page has at most",
        ),
        "cursor": ({"type": "string", "minLength": 1, "maxLength": 4000}, "where the last page ended: nextCursor"),
    }
)
