"""What the acceptance tests share: a day worth comparing, and nothing but the server to be reached."""

from __future__ import annotations

import socket
import uuid
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import requests
import zeep
from lxml import etree

from cim_adapter.contract import noun_of

TIMES = ("timeStamp", "reportedDateTime", "start", "end")


@pytest.fixture
def client(standing_server):
    with standing_server.client() as opened:
        yield opened


@pytest.fixture
def send(client, messages):
    """Posts a message to the standing server and opens the answer."""
    return lambda body, **options: messages.send(client, body, **options)


@contextmanager
def _nothing_but(url, monkeypatch):
    port = int(url.rpartition(":")[2])
    connect, asked = socket.socket.connect, []

    def connect_here(self, address):
        if address != ("127.0.0.1", port):
            asked.append(address)
            raise ConnectionRefusedError(f"only the server may be asked, not {address}")
        return connect(self, address)

    monkeypatch.setattr(socket.socket, "connect", connect_here)
    monkeypatch.setenv("NO_PROXY", "*")
    yield
    assert asked == []


@pytest.fixture
def only_the_server(standing_server, monkeypatch):
    """Whoever asks another host, over whatever library, fails."""
    with _nothing_but(standing_server.url, monkeypatch):
        yield


@pytest.fixture
def only_standing_sqlite(standing_sqlite, monkeypatch):
    """The same, for tests of the server on SQLite alone."""
    with _nothing_but(standing_sqlite.url, monkeypatch):
        yield


PAST = {
    "Create": "Created",
    "Change": "Changed",
    "Cancel": "Canceled",
    "Close": "Closed",
    "Delete": "Deleted",
}


@pytest.fixture(scope="session")
def expected_operations():
    """``expected_operations(service)``: what envelope facts §4.1 and §4.2 say that it offers."""

    def of(service: str) -> set[str]:
        if service.startswith("Get"):
            return {service}
        if service.endswith("OperationSet"):
            return {service.replace("Receive", "Executed")}
        return {f"{verb}{noun_of(service)}" for verb in (PAST if service.startswith("Execute") else PAST.values())}

    return of


EXAMPLES = Path(__file__).parents[2] / "examples"


@pytest.fixture(scope="session")
def typed_example(messages):
    """``typed_example(service, operation, ending)`` → [(service, typed message), …]: the example of an operation,
    behind the one that makes what it is about; the objects in both get identifiers with ``ending``."""

    def of(service: str, operation: str, ending: str) -> list[tuple[str, etree._Element]]:
        noun = noun_of(service)
        verb = operation.removesuffix("OperationSet").removesuffix(noun).lower() or "get"
        message = _example(noun, verb, ending)
        if service.startswith("Reply"):
            reply = etree.Element(message[0].tag.replace("Header", "Reply"))
            etree.SubElement(reply, f"{{{messages.MSG}}}Result").text = "OK"
            message.insert(1, reply)
        earlier = _before(verb, noun)
        made = [] if earlier is None else [(_service_of(earlier, noun), _example(noun, earlier, ending))]
        return [*made, (service, message)]

    return of


def _before(verb: str, noun: str) -> str | None:
    """The verb that must have come before, so that there is something to change, end or get."""
    if verb in ("create", "created", "execute"):
        return None
    if verb == "executed":
        return "execute"
    return "created" if verb.endswith("ed") and noun != "MeterReadSchedule" else "create"


def _service_of(verb: str, noun: str) -> str:
    if verb == "execute":
        return f"Execute{noun}OperationSet"
    return f"{'Receive' if verb.endswith('ed') else 'Execute'}{noun}"


def _example(noun: str, verb: str, ending: str) -> etree._Element:
    ((message,),) = etree.parse(EXAMPLES / noun / f"{verb}.xml").getroot()
    own = [
        element
        for name in ("mRID", "issuerTrackingID", "MessageID", "CorrelationID", "ID")
        for element in message.iter(f"{{*}}{name}")
    ]
    own += message.xpath("//*[local-name()='Names']/*[local-name()='name'][not(contains(., '.0.'))]")
    names = {element.text for element in own}
    for element in dict.fromkeys(own):
        if element.text and not _is_code(element.text):
            element.text += ending
    for element in message.xpath("//*[@ref]"):
        if element.get("ref") in names and not _is_code(element.get("ref")):
            element.set("ref", element.get("ref") + ending)
    return message


def _is_code(text: str) -> bool:
    return text.replace(".", "").isdigit() and "." in text


def load(standing_server):
    """Makes zeep clients of a service, for one SOAP version."""
    session = requests.Session()
    session.trust_env = False
    session.headers["X-API-Key"] = standing_server.key
    transport = zeep.Transport(session=session, timeout=10, operation_timeout=30)

    def make(service: str = "", *, soap12: bool = False):
        path = f"/soap/{service}" if service else "/soap"
        client = zeep.Client(f"{standing_server.url}{path}?wsdl{'=soap12' if soap12 else ''}", transport=transport)
        wanted = "Soap12Binding" if soap12 else "Soap11Binding"
        (bound,) = [
            client.bind(offered.name, port.name)
            for offered in client.wsdl.services.values()
            for port in offered.ports.values()
            if type(port.binding).__name__ == wanted
        ]
        return client, bound

    yield make
    session.close()


@pytest.fixture
def day(messages):
    """A MeterReading with everything in it: 96 quarter hours, registers, names, periods, qualities."""
    start = datetime(2026, 3, 1, tzinfo=UTC)

    def interval(n: int) -> dict:
        end = start + timedelta(minutes=15 * n)
        made = {
            "reportedDateTime": f"{end + timedelta(minutes=5):%Y-%m-%dT%H:%M:%SZ}",
            "source": "HES",
            "timeStamp": f"{end:%Y-%m-%dT%H:%M:%SZ}",
            "value": f"{n // 4}.{n % 4}0",
            "ReadingQualities": {"ReadingQualityType": {"ref": "1.0.0"}},
        }
        if n % 10 == 0:
            made["ReadingQualities"] = [
                {
                    "comment": "estimated & checked <by hand>",
                    "source": "MDMS",
                    "timeStamp": "2026-03-02T06:00:00Z",
                    "ReadingQualityType": {"ref": "2.8.1001"},
                },
                {"ReadingQualityType": {"ref": "2.5.257"}},
            ]
        if n % 7 == 0:
            began = end - timedelta(minutes=14)
            made["timePeriod"] = {"end": f"{end:%Y-%m-%dT%H:%M:%SZ}", "start": f"{began:%Y-%m-%dT%H:%M:%SZ}"}
        return made

    def name(text: str, kind: str) -> dict:
        authority = {"description": "a utility in an example", "name": "example utility"}
        return {"name": text, "NameType": {"name": kind, "NameTypeAuthority": authority}}

    number = uuid.uuid4().hex[:8]
    return {
        "IntervalBlocks": {
            "IntervalReadings": [interval(n) for n in range(1, 97)],
            "ReadingType": {"ref": messages.DELTA},
        },
        "Meter": {
            "mRID": str(uuid.uuid4()),
            "Names": [name(f"M-{number}", "MeterUniqueID"), name(f"S-{number}", "SerialNumber")],
        },
        "Readings": [
            {
                "reason": "billing",
                "reportedDateTime": "2026-03-02T00:01:00Z",
                "source": "HES",
                "timeStamp": "2026-03-02T00:00:00Z",
                "value": "0048213.50",
                "ReadingQualities": {"ReadingQualityType": {"ref": "1.0.0"}},
                "ReadingType": {"ref": messages.REGISTER},
            },
            {
                "timeStamp": "2026-03-01T00:00:00Z",
                "value": "48189.0",
                "ReadingType": {"ref": messages.REGISTER},
                "timePeriod": {"end": "2026-03-01T00:00:00Z", "start": "2026-02-01T00:00:00Z"},
            },
        ],
        "UsagePoint": {"mRID": str(uuid.uuid4()), "Names": name(f"UP-{number}", "ServicePoint")},
        "valuesInterval": {"end": "2026-03-02T00:00:00Z", "start": "2026-03-01T00:00:00Z"},
    }


def _compared(value, key: str = ""):
    if isinstance(value, datetime) or (key in TIMES and isinstance(value, str)):
        moment = value if isinstance(value, datetime) else datetime.fromisoformat(value)
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(UTC)
    if isinstance(value, list | tuple):
        items = [_compared(item, key) for item in value if item is not None]
        return items[0] if len(items) == 1 else items
    if isinstance(value, dict):
        parts = {name.lstrip("_"): _compared(item, name.lstrip("_")) for name, item in value.items()}
        return {name: item for name, item in parts.items() if item not in (None, [])}
    return None if value is None else str(value)


@pytest.fixture
def compared():
    """Brings what any tool makes of a message into one form: times as instants, texts as they are."""
    return _compared
