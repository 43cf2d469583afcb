"""Makes a day of readings as a SOAP request, prints it, or sends it.

    python examples/make_day.py create --meter M-1001 --date 2026-03-01
    python examples/make_day.py get --url http://127.0.0.1:8080/soap/GetMeterReadings --key "$KEY"

The XML files beside this script are what it prints for the date and meter it takes by itself:

    create   CreateMeterReadings, the typed request            create-meter-readings.xml
    get      GetMeterReadings, which asks for that day back    get-meter-readings.xml
    generic  the same readings in a RequestMessage for /soap   generic-create.xml
    event    CreatedMeterReadings: a head-end tells of them    created-event.xml

Needs lxml alone.
"""

from __future__ import annotations

import argparse
import math
import sys
import urllib.error
import urllib.request
import uuid
from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta

from lxml import etree

SOAP = "http://schemas.xmlsoap.org/soap/envelope/"
MESSAGE = "http://iec.ch/TC57/2011/schema/message"
TYPED = "http://iec.ch/TC57/2011/MeterReadingsMessage"
TYPED_GET = "http://iec.ch/TC57/2011/GetMeterReadingsMessage"
READINGS = "http://iec.ch/TC57/2011/MeterReadings#"
QUERY = "http://iec.ch/TC57/2011/GetMeterReadings#"

QUARTER_HOURS = "0.0.2.4.1.1.12.0.0.0.0.0.0.0.0.3.72.0"  # kWh taken from the grid in 15 minutes
REGISTERS = {
    "0.0.0.1.1.1.12.0.0.0.0.0.0.0.0.3.72.0": "48213.74",  # register of kWh taken from the grid
    "0.0.0.1.19.1.12.0.0.0.0.0.0.0.0.3.72.0": "1094.20",  # register of kWh fed into the grid
}
VALID, ESTIMATED = "1.0.0", "3.8.1"  # by the meter itself; by the meter data manager


def child(parent: etree._Element, name: str, text: str | None = None, **attributes: str) -> etree._Element:
    """A child in the namespace of its parent; ``{namespace}name`` puts it into another."""
    tag = name if name.startswith("{") else f"{{{etree.QName(parent).namespace}}}{name}"
    element = etree.SubElement(parent, tag, attributes)
    element.text = text
    return element


def header(parent: etree._Element, form: str, verb: str, day: date, meter: str) -> None:
    """The message header. Its MessageID depends on the arguments alone: what is sent twice is stored once."""
    element = child(parent, "Header")
    parts = {
        "Verb": verb,
        "Noun": "MeterReadings",
        "Timestamp": f"{day + timedelta(days=1)}T00:20:00Z",
        "Source": "HES",
        "MessageID": str(uuid.uuid5(uuid.NAMESPACE_URL, f"{form}/{meter}/{day}")),
    }
    for name, text in parts.items():
        child(element, f"{{{MESSAGE}}}{name}", text)


def named(parent: etree._Element, meter: str) -> None:
    """Names of a meter: the number on its plate, as the utility calls it."""
    names = child(parent, "Names")
    child(names, "name", meter)
    kind = child(names, "NameType")
    child(kind, "name", "MeterUniqueID")
    child(child(kind, "NameTypeAuthority"), "name", "example utility")


def reading(parent: etree._Element, name: str, at: datetime, value: str, quality: str) -> etree._Element:
    element = child(parent, name)
    if name == "Readings":
        child(element, "reason", "billing")
    child(element, "timeStamp", f"{at:%Y-%m-%dT%H:%M:%SZ}")
    child(element, "value", value)
    child(child(element, "ReadingQualities"), "ReadingQualityType", ref=quality)
    return element


def day_of_readings(parent: etree._Element, day: date, meter: str) -> None:
    """96 quarter hours, stamped at their ends, and two registers read at midnight."""
    midnight = datetime.combine(day, time(), UTC)
    item = child(child(parent, f"{{{READINGS}}}MeterReadings"), "MeterReading")
    block = child(item, "IntervalBlocks")
    for n in range(96):
        value = 0.120 + 0.380 * math.sin(math.pi * n / 96) ** 2
        quality = ESTIMATED if 40 <= n < 44 else VALID  # an hour was lost on the way, and filled in
        reading(block, "IntervalReadings", midnight + timedelta(minutes=15 * (n + 1)), f"{value:.3f}", quality)
    child(block, "ReadingType", ref=QUARTER_HOURS)
    named(child(item, "Meter"), meter)
    for kind, value in REGISTERS.items():
        child(reading(item, "Readings", midnight, value, VALID), "ReadingType", ref=kind)


def create(body: etree._Element, day: date, meter: str) -> None:
    message = child(body, f"{{{TYPED}}}CreateMeterReadings")
    header(message, "create", "create", day, meter)
    day_of_readings(child(message, "Payload"), day, meter)


def event(body: etree._Element, day: date, meter: str) -> None:
    message = child(body, f"{{{TYPED}}}CreatedMeterReadings")
    header(message, "event", "created", day, meter)
    day_of_readings(child(message, "Payload"), day, meter)


def generic(body: etree._Element, day: date, meter: str) -> None:
    message = child(body, f"{{{MESSAGE}}}RequestMessage")
    header(message, "generic", "create", day, meter)
    day_of_readings(child(message, "Payload"), day, meter)


def get(body: etree._Element, day: date, meter: str) -> None:
    """Times are inclusive at both ends, and quarter hours stand at their ends: ask from 00:00 to 24:00."""
    message = child(body, f"{{{TYPED_GET}}}GetMeterReadings")
    header(message, "get", "get", day, meter)
    query = child(child(message, "Request"), f"{{{QUERY}}}GetMeterReadings")
    named(child(query, "EndDevice"), meter)
    interval = child(child(query, "TimeSchedule"), "scheduleInterval")
    child(interval, "end", f"{day + timedelta(days=1)}T00:00:00Z")
    child(interval, "start", f"{day}T00:00:00Z")


FORMS: dict[str, Callable[[etree._Element, date, str], None]] = {
    "create": create,
    "get": get,
    "generic": generic,
    "event": event,
}


def make(form: str, day: date, meter: str) -> bytes:
    """The request as XML, in a SOAP 1.1 envelope."""
    namespaces = {"soap": SOAP, "typed": TYPED_GET if form == "get" else TYPED, "msg": MESSAGE}
    if form == "generic":
        del namespaces["typed"]
    namespaces.update({"query": QUERY} if form == "get" else {"mr": READINGS})
    envelope = etree.Element(f"{{{SOAP}}}Envelope", nsmap=namespaces)
    FORMS[form](child(envelope, "Body"), day, meter)
    return etree.tostring(envelope, xml_declaration=True, encoding="UTF-8", pretty_print=True)


def send(url: str, key: str, body: bytes) -> bytes:
    """The answer; a SOAP fault is one too."""
    headers = {"X-API-Key": key, "Content-Type": "text/xml; charset=utf-8"}
    try:
        with urllib.request.urlopen(urllib.request.Request(url, body, headers), timeout=30) as response:
            return bytes(response.read())
    except urllib.error.HTTPError as error:
        with error:
            return bytes(error.read())


def main() -> int:
    parser = argparse.ArgumentParser(description="Make a day of readings as a SOAP request.")
    parser.add_argument("form", choices=FORMS, nargs="?", default="create")
    parser.add_argument(
        "--date", type=date.fromisoformat, default=date(2026, 3, 1), help="a day, such as 2026-03-01"
    )
    parser.add_argument("--meter", default="M-1001", help="the name of the meter")
    parser.add_argument("--url", help="send it there and print the answer")
    parser.add_argument("--key", default="", help="the API key to send it with")
    options = parser.parse_args()
    body = make(options.form, options.date, options.meter)
    sys.stdout.buffer.write(send(options.url, options.key, body) if options.url else body)
    return 0


if __name__ == "__main__":
    sys.exit(main())
