"""CreateEndDeviceControls: orders to disconnect, each for one meter."""

from lxml import etree

from benchmarks.messages.kind import Kind, Own, child

DISCONNECT = "3.31.0.23"


def fill(root: etree._Element, size: int, own: Own) -> None:
    """EndDeviceControls with `size` controls, each for another meter."""
    for number in range(size):
        control = child(root, "EndDeviceControl")
        child(control, "mRID", own.identifier(number + 1))
        child(control, "issuerID", "bench")
        child(control, "issuerTrackingID", f"order {own.identifier(number + 1)}")
        child(control, "reason", "moving out")
        child(control, "EndDeviceControlType", ref=DISCONNECT)
        child(child(control, "EndDevices"), "mRID", own.meter(number))
        child(child(child(control, "primaryDeviceTiming"), "interval"), "start", f"{own.day}T06:30:00Z")


KIND = Kind("controls", "create", "EndDeviceControls", (1,), fill)
