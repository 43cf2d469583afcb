"""What comes in and goes out."""

from datetime import datetime
from typing import Annotated, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel

Words = Annotated[str, Field(min_length=1, max_length=250)]


class Model(BaseModel):
    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True, extra="forbid")


class Reading(Model):
    """A reading as it is sent."""

    meter_id: Words
    reading_type: Literal["intervalData", "registerReads", "billingData"]
    reading_date_time: AwareDatetime
    value: float
    unit: Literal["Wh", "kWh", "MWh", "W", "kW", "MW", "VAr", "kVAr", "VA", "kVA", "V", "A", "Hz", "PF"]
    multiplier: Annotated[int, Field(ge=-30, le=30)] = 0
    phase: Literal["A", "B", "C", "N", "AN", "BN", "CN", "AB", "BC", "CA", "ABC", "N1", "N2"] | None = None
    energy_direction: Literal["forward", "reverse", "net", "total"] | None = None
    quality: Literal["good", "validated", "estimated", "edited", "missing", "suspect"] | None = None


class Readings(Model):
    """A request."""

    readings: Annotated[list[Reading], Field(min_length=1, max_length=10_000)]


class Receipt(Model):
    """What is said of a request that was carried out."""

    result: str
    message_id: str
    count: int


class Told(Model):
    """A reading as it is told."""

    id: int
    meter_id: str
    reading_type: str
    reading_date_time: datetime
    value: float
    unit: str
    multiplier: int
    phase: str | None
    energy_direction: str | None
    quality: str | None


class Page(Model):
    """A page of readings; `next_cursor` asks for the next one."""

    readings: list[Told]
    next_cursor: str | None = None
