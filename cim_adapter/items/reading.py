"""A reading, as REST has it."""

from __future__ import annotations

from typing import Annotated, Any

import msgspec

from cim_adapter.items.members import CheckedMoment, CheckedText, Text, words
from cim_adapter.items.vocabulary import QualityWords, ReadingWords

INTERVALS = "intervalData"


class Reading(
    msgspec.Struct, kw_only=True, rename="camel", omit_defaults=True, forbid_unknown_fields=True, gc=False
):
    """One value at one time. ``meterId`` or ``usagePointId`` says whose it is; ``readingType`` and ``unit`` say
    with the others of their kind what it is, or ``readingTypeCode`` does.
    """

    id: Annotated[Text | None, msgspec.Meta(description="Given in answers; names this reading in a URL")] = None
    meter_id: Annotated[CheckedText | None, msgspec.Meta(description="mRID or name of the meter")] = None
    usage_point_id: Annotated[CheckedText | None, msgspec.Meta(description="mRID or name of the usage point")] = (
        None
    )
    reading_type: Annotated[str, words(ReadingWords.TYPES, "What kind of reading it is")] | None = None
    reading_date_time: CheckedMoment
    value: Annotated[
        Any,
        msgspec.Meta(
            description="A number; its digits are kept", extra_json_schema={"type": ["number", "string"]}
        ),
    ]
    unit: Annotated[str, words(ReadingWords.UNITS, "The unit of value")] | None = None
    multiplier: (
        Annotated[int, msgspec.Meta(ge=-30, le=30, description="Power of ten beyond that of unit; absent: 0")]
        | None
    ) = None
    phase: Annotated[str, words(ReadingWords.PHASES, "The phases; N1, N2: neutral to ground")] | None = None
    energy_direction: (
        Annotated[str, words(ReadingWords.DIRECTIONS, "The direction of flow, or two quadrants")] | None
    ) = None
    interval_length: (
        Annotated[str, words(ReadingWords.LENGTHS, "How long each interval of intervalData is")] | None
    ) = None
    quality: Annotated[str, words(QualityWords.WORDS, "How good the value is")] | None = None
    quality_codes: Annotated[
        list[Text], msgspec.Meta(description="ReadingQualityType codes, where quality says less")
    ] = []
    reading_type_code: Annotated[
        Text | None, msgspec.Meta(description="The ReadingType of IEC 61968-9: 18 numbers joined by dots")
    ] = None
    reported_date_time: CheckedMoment | None = None
    source: Text | None = None
    reason: Text | None = None
