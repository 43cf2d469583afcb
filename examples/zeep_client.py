"""A client in zeep: stores a day of readings, asks for it back and prints what it got.

    pip install zeep
    python examples/zeep_client.py --url http://127.0.0.1:8080 --key "$KEY"

Everything it knows it reads from the served WSDLs; the SOAP stacks of Java and .NET do the same.
"""

from __future__ import annotations

import argparse
import sys
import uuid
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

import requests
from zeep import Client, Transport

KWH = "0.0.2.4.1.1.12.0.0.0.0.0.0.0.0.3.72.0"  # kWh taken from the grid in 15 minutes


def header(verb: str) -> dict[str, Any]:
    return {"Verb": verb, "Noun": "MeterReadings", "Source": "example", "MessageID": str(uuid.uuid4())}


def service(url: str, name: str, key: str) -> Any:
    """The operations of a typed service, as methods."""
    session = requests.Session()
    session.headers["X-API-Key"] = key
    return Client(f"{url}/soap/{name}?wsdl", transport=Transport(session=session, timeout=30)).service


def create(url: str, key: str, meter: str, day: date) -> Any:
    """The Reply to a day of 96 quarter hours."""
    midnight = datetime.combine(day, time(), UTC)
    readings = [
        {
            "timeStamp": midnight + timedelta(minutes=15 * (n + 1)),
            "value": f"{n / 100:.2f}",
            "ReadingQualities": [{"ReadingQualityType": {"ref": "1.0.0"}}],
        }
        for n in range(96)
    ]
    item = {
        "IntervalBlocks": [{"IntervalReadings": readings, "ReadingType": {"ref": KWH}}],
        "Meter": {"mRID": meter},
    }
    payload = {"MeterReadings": {"MeterReading": [item]}}
    return service(url, "ExecuteMeterReadings", key).CreateMeterReadings(header("create"), Payload=payload).Reply


def get(url: str, key: str, meter: str, day: date) -> Any:
    """The answer to a get of that day: Header, Reply and Payload."""
    interval = {
        "start": datetime.combine(day, time(), UTC),
        "end": datetime.combine(day, time(), UTC) + timedelta(1),
    }
    query = {"EndDevice": [{"mRID": meter}], "TimeSchedule": [{"scheduleInterval": interval}]}
    request = {"GetMeterReadings": query}
    return service(url, "GetMeterReadings", key).GetMeterReadings(header("get"), request)


def main() -> int:
    parser = argparse.ArgumentParser(description="Store a day of readings with zeep and read it back.")
    parser.add_argument("--url", default="http://127.0.0.1:8080")
    parser.add_argument("--key", required=True, help="an API key")
    parser.add_argument("--meter", default=str(uuid.uuid4()), help="the mRID of the meter; default: a new one")
    parser.add_argument("--date", type=date.fromisoformat, default=date(2026, 3, 1))
    options = parser.parse_args()

    stored = create(options.url, options.key, options.meter, options.date)
    print(f"create: {stored.Result} {stored.Error[0].code} {stored.Error[0].reason}")
    answer = get(options.url, options.key, options.meter, options.date)
    print(f"get: {answer.Reply.Result} {answer.Reply.Error[0].code} {answer.Reply.Error[0].reason}")
    if answer.Payload is None:
        return 1
    (item,) = answer.Payload.MeterReadings.MeterReading
    (block,) = item.IntervalBlocks
    print(f"meter {item.Meter.mRID}: {len(block.IntervalReadings)} readings of {block.ReadingType.ref}")
    for reading in block.IntervalReadings[:3]:
        (quality,) = reading.ReadingQualities
        print(f"  {reading.timeStamp.isoformat()}  {reading.value}  {quality.ReadingQualityType.ref}")
    print("  ...")
    return 0


if __name__ == "__main__":
    sys.exit(main())
