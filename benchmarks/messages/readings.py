"""CreateMeterReadings: a day of quarter hours per meter.

1 reading is one meter with one value, 96 is one meter with a whole day, 10,000 is 105 meters.
"""

from lxml import etree

from benchmarks.messages.kind import Kind, Own, child

READING_TYPE = "0.0.2.4.1.1.12.0.0.0.0.0.0.0.0.3.72.0"
PER_METER = 96


def fill(root: etree._Element, size: int, own: Own) -> None:
    """MeterReadings with `size` readings."""
    for first in range(0, size, PER_METER):
        meter_reading = child(root, "MeterReading")
        block = child(meter_reading, "IntervalBlocks")
        for quarter in range(min(PER_METER, size - first)):
            reading = child(block, "IntervalReadings")
            child(reading, "timeStamp", f"{own.day}T{quarter // 4:02}:{quarter % 4 * 15:02}:00Z")
            child(reading, "value", f"{(first + quarter) * 7919 % 1_000_003 / 1000:.3f}")
        child(block, "ReadingType", ref=READING_TYPE)
        child(child(meter_reading, "Meter"), "mRID", own.meter(first // PER_METER))


KIND = Kind("readings", "create", "MeterReadings", (1, 96, 10_000), fill, PER_METER)
