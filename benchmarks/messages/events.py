"""CreatedEndDeviceEvents: meters tell that they lost power, each once a day."""

from lxml import etree

from benchmarks.messages.kind import Kind, Own, child

POWER_LOST = "3.26.0.85"
DETAILS = (("phaseCount", "3"), ("duration", "PT15M"))


def fill(root: etree._Element, size: int, own: Own) -> None:
    """EndDeviceEvents with `size` events, each of another meter."""
    for number in range(size):
        event = child(root, "EndDeviceEvent")
        child(event, "mRID", own.identifier(number + 1))
        child(event, "createdDateTime", f"{own.day}T06:30:00Z")
        child(event, "issuerID", "bench")
        child(event, "issuerTrackingID", f"outage {own.identifier(number + 1)}")
        child(event, "severity", "major")
        child(child(event, "Assets"), "mRID", own.meter(number))
        for name, value in DETAILS:
            detail = child(event, "EndDeviceEventDetails")
            child(detail, "name", name)
            child(detail, "value", value)
        child(event, "EndDeviceEventType", ref=POWER_LOST)


KIND = Kind("events", "created", "EndDeviceEvents", (1, 50), fill)
