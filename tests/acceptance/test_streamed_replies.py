"""One reply of any size, written while it is read: 200,000 readings in a server that holds a few thousand."""

from __future__ import annotations

import gzip
import json
import socket
import sqlite3
import subprocess
import time
import uuid
from base64 import b64decode
from contextlib import ExitStack, closing, contextmanager, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from lxml import etree

from cim_adapter.contract import ContractFiles

METERS = [f"meter-{n:03}" for n in range(500)]
EACH = 400  # readings
FEW, SOME, MANY = METERS[:12], METERS[:50], METERS[:125]  # 4,800, 20,000 and 50,000 readings
ONE_REPLY = {"stream": "true"}
LAST_CHUNK = b"\r\n0\r\n\r\n"
STAMPS = [
    f"{datetime(2026, 3, 1, tzinfo=UTC) + timedelta(minutes=15 * n):%Y-%m-%dT%H:%M:%SZ}" for n in range(EACH)
]


@pytest.fixture(scope="module")
def standing_server(standing_on, tmp_path_factory, messages):
    """A server of our own, which all fixtures here talk to: it knows 500 meters with 400 readings each."""
    home = tmp_path_factory.mktemp("streams")
    with standing_on("sqlite", home, CIM_ADAPTER_STREAM_PATIENCE="8") as server:
        with server.client() as client:
            for first in range(0, len(METERS), 25):
                profile = etree.fromstring(profile_of(METERS[first : first + 25]))
                assert messages.send(client, messages.message("create", payload=profile)).result == "OK"
        yield server


def profile_of(meters):
    def reading(meter, n):
        parts = f"<timeStamp>{STAMPS[n]}</timeStamp><value>{meter[6:]}.{n}</value>"
        return f"<IntervalReadings>{parts}</IntervalReadings>"

    def item(meter):
        block = "".join(reading(meter, n) for n in range(EACH)) + '<ReadingType ref="0.0.2.4.1.1.12.0"/>'
        return f"<IntervalBlocks>{block}</IntervalBlocks><Meter><mRID>{meter}</mRID></Meter>"

    items = "".join(f"<MeterReading>{item(meter)}</MeterReading>" for meter in meters)
    return f'<MeterReadings xmlns="http://iec.ch/TC57/2011/MeterReadings#">{items}</MeterReadings>'


def of(meters):
    return {"EndDevice": [{"mRID": meter} for meter in meters]}


def told(payload):
    """(meter, timestamp, value) of every reading; the meters sorted, which come in an order of the store's own."""
    items = sorted(payload.iterchildren("{*}MeterReading"), key=lambda item: item.findtext("{*}Meter/{*}mRID"))
    return [
        (item.findtext("{*}Meter/{*}mRID"), reading.findtext("{*}timeStamp"), reading.findtext("{*}value"))
        for item in items
        for reading in item.iter("{*}IntervalReadings")
    ]


def expected(meters):
    return [(meter, STAMPS[n], f"{meter[6:]}.{n}") for meter in meters for n in range(EACH)]


@pytest.fixture
def journaled(standing_server):
    """What the journal says of a message: result, code, how its answer ended; as soon as ``state`` is reached."""

    def read(message_id, *states):
        deadline = time.monotonic() + 30
        with closing(sqlite3.connect(standing_server.data / "cim_adapter.db")) as database:
            while True:
                statement = "select result, code, streamed from journal where message_id = ?"
                result, code, streamed = database.execute(statement, (message_id,)).fetchone()
                ended = json.loads(streamed or "{}")
                if ended.get("state") in states:
                    return result, code, ended
                assert time.monotonic() < deadline, ended
                time.sleep(0.05)

    return read


@pytest.fixture
def ask(standing_server, messages):
    """The bytes of a request for the readings of these meters, and its MessageID."""

    def made(meters, *, soap=messages.SOAP11, **given):
        message_id = str(uuid.uuid4())
        asked = messages.get(of(meters), header={"MessageID": message_id}, options=ONE_REPLY, **given)
        return etree.tostring(messages.envelope(asked, soap)), message_id

    return made


# ------------------------------------------------------------------------------------ what is told


@pytest.mark.parametrize("soap", ["SOAP11", "SOAP12"])
@pytest.mark.parametrize("shape", ["A", "B", "C", "typed"])
def test_in_every_shape_it_is_what_the_whole_reply_is(client, send, messages, shape, soap):
    def get(**options):
        asked = messages.get(of(FEW), options=options, shape=shape)
        return send(asked, soap=getattr(messages, soap))

    streamed, whole = get(stream="true"), get(stream="false")
    assert streamed.headers["content-type"] == whole.headers["content-type"]
    assert "content-length" not in streamed.headers
    assert told(streamed.payload) == expected(FEW)
    for answer in (streamed, whole):
        for name in ("MessageID", "CorrelationID", "Timestamp"):
            next(answer.message.iter(f"{{*}}{name}")).text = "-"
        answer.payload[:] = sorted(answer.payload, key=lambda item: item.findtext("{*}Meter/{*}mRID"))
    assert etree.canonicalize(streamed.message) == etree.canonicalize(whole.message)
    assert streamed.soap == whole.soap == getattr(messages, soap)


def test_without_soap(client, messages):
    asked = etree.tostring(messages.get(of(FEW), options=ONE_REPLY))
    answer = client.post("/soap", content=asked, headers={"content-type": "application/xml"})
    assert answer.headers["content-type"] == "application/xml; charset=utf-8"
    message = etree.fromstring(answer.content)
    assert etree.QName(message).localname == "ResponseMessage"
    assert told(message.find("{*}Payload")[0]) == expected(FEW)


def test_over_messages(client, messages):
    asked = etree.tostring(messages.get(of(FEW), options=ONE_REPLY))
    answer = client.post("/messages", content=asked, headers={"content-type": "application/xml"})
    assert "content-length" not in answer.headers
    assert told(etree.fromstring(answer.content).find("{*}Payload")[0]) == expected(FEW)
    answer = client.post(
        "/messages", content=asked, headers={"content-type": "application/xml", "accept": "application/json"}
    )
    assert len(answer.json()["Payload"]["MeterReadings"]["MeterReading"]) == len(FEW)


@pytest.mark.parametrize("schema", ["Message.xsd", "MeterReadings.xsd", "GetMeterReadingsMessage.xsd"])
def test_it_is_valid(send, messages, schema):
    typed = schema.startswith("Get")
    answer = send(messages.get(of(FEW), options=ONE_REPLY, shape="typed" if typed else "A"))
    element = answer.payload if schema == "MeterReadings.xsd" else answer.message
    xsd = etree.XMLSchema(etree.parse(ContractFiles.locate().schema(schema)))
    xsd.assertValid(etree.fromstring(etree.tostring(element)))


def test_compressed_it_is_the_same_document(send, messages):
    plain = send(messages.get(of(FEW), options=ONE_REPLY))
    packed = send(messages.get(of(FEW), options={**ONE_REPLY, "compressed": "true"}))
    assert "content-length" not in packed.headers
    assert packed.message.findtext("{*}Payload/{*}Format") == "XML"
    document = etree.fromstring(gzip.decompress(b64decode(packed.payload.text)))
    assert etree.canonicalize(document) == etree.canonicalize(plain.payload)


def test_in_the_dialect_of_the_request(client, messages):
    asked = etree.tostring(messages.get(of(FEW), options=ONE_REPLY)).replace(
        b"http://iec.ch", b"http://www.iec.ch"
    )
    answer = client.post("/soap", content=asked, headers={"content-type": "application/xml"})
    message = etree.fromstring(answer.content)
    assert etree.QName(message).namespace == "http://www.iec.ch/TC57/2011/schema/message"
    assert {etree.QName(item).namespace for item in message.find("{*}Payload").iterdescendants()} == {
        "http://www.iec.ch/TC57/2011/MeterReadings#"
    }
    assert told(message.find("{*}Payload")[0]) == expected(FEW)


def test_what_is_wrong_is_told_before_the_payload(send, messages, client):
    silent = "silent-" + uuid.uuid4().hex
    asked = messages.message("get", options=ONE_REPLY, query=of([*FEW, "nobody", silent]))
    config = f'<MeterConfig xmlns="http://iec.ch/TC57/2011/MeterConfig#"><Meter><mRID>{silent}</mRID></Meter></MeterConfig>'
    created = messages.message("create", header={"Noun": "MeterConfig"}, payload=etree.fromstring(config))
    assert send(created).result == "OK"
    answer = send(asked)
    assert "content-length" not in answer.headers
    assert (answer.result, answer.codes) == ("PARTIAL", ["2.4", "5.7"])
    assert [error["ID"]["_value_1"] for error in answer.errors] == ["nobody", silent]
    assert told(answer.payload) == expected(FEW)


def test_zeep_reads_what_the_parts_tell(load, client, messages):
    _, service = load("GetMeterReadings", soap12=True)
    found = service.GetMeterReadings(
        Header={"Verb": "get", "Noun": "MeterReadings", "MessageID": str(uuid.uuid4())},
        Request={"Option": [{"name": "stream", "value": "true"}], "GetMeterReadings": of(MANY)},
    )
    assert (found.Reply.Result, found.Reply.Error[0].code) == ("OK", "0.0")
    read = [
        (item.Meter.mRID, f"{reading.timeStamp:%Y-%m-%dT%H:%M:%SZ}", reading.value)
        for item in found.Payload.MeterReadings.MeterReading
        for block in item.IntervalBlocks
        for reading in block.IntervalReadings
    ]
    parts, options = [], {"partSize": "20000"}
    while options:
        part = messages.send(client, messages.get(of(MANY), options=options))
        parts += told(part.payload)
        options = {given["idType"]: given["_value_1"] for given in part.ids}
        options |= {"partSize": "20000"} if options else {}
    assert len(parts) == 50_000
    assert sorted(read) == sorted(parts)


def test_curl_reads_it_whole(standing_server, ask, tmp_path, journaled):
    request, message_id = ask(MANY)
    done = curl(standing_server, request, tmp_path)
    assert done.returncode == 0, done.stderr
    document = (tmp_path / "reply.xml").read_bytes()
    assert told(next(etree.fromstring(document).iter("{*}MeterReadings"))) == expected(MANY)
    result, code, ended = journaled(message_id, "told")
    assert (result, code, ended["count"], ended["size"]) == ("OK", "0.0", 50_000, len(document))


def curl(server, request, folder):
    (folder / "request.xml").write_bytes(request)
    command = ["curl", "--silent", "--show-error", "--noproxy", "*", "--header", f"X-API-Key: {server.key}"]
    command += ["--header", "Content-Type: text/xml", "--data-binary", f"@{folder / 'request.xml'}"]
    command += ["--output", str(folder / "reply.xml"), f"{server.url}/soap"]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)


# ------------------------------------------------------------------------------------ what it costs


def test_memory_does_not_grow_with_it(standing_server, ask):
    (worker,) = children(standing_server.process.pid)

    def peak(meters):
        Path(f"/proc/{worker}/clear_refs").write_text("5")  # the peak is from now on
        request, _ = ask(meters)
        size = 0
        with standing_server.client() as client:
            headers = {"content-type": "text/xml"}
            with client.stream("POST", "/soap", content=request, headers=headers) as answer:
                for chunk in answer.iter_raw():
                    size += len(chunk)
        return int(status(worker)["VmHWM"].split()[0]) * 1024, size

    peak(SOME)
    small, _ = peak(SOME)
    large, size = peak(METERS)
    assert size > 20_000_000
    assert large - small < 10_000_000


@contextmanager
def asking(server, head, body=b""):
    """A client that reads when it is told to, with the first bytes of its answer."""
    host, port = server.url.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port)), timeout=30) as client:
        head = f"{head}\r\nHost: {host}\r\nX-API-Key: {server.key}\r\nContent-Length: {len(body)}\r\n\r\n"
        client.sendall(head.encode() + body)
        first = client.recv(100)
        assert first.startswith(b"HTTP/1.1 200")
        yield client, first


def reading(server, request):
    return asking(server, "POST /soap HTTP/1.1\r\nContent-Type: text/xml", request)


def rest_of(client, first):
    """All that comes, until the answer or the connection ends."""
    found = bytearray(first)
    with suppress(ConnectionResetError):
        while not found.endswith(LAST_CHUNK) and (more := client.recv(1 << 20)):
            found += more
    return found


def test_slow_readers_hold_up_nobody(standing_server, ask, send, messages):
    """More of them than there are readers of the database; and the one that goes on gets everything."""
    request, _ = ask(METERS)
    with ExitStack() as slow:
        client, first = slow.enter_context(reading(standing_server, request))
        for _ in range(4):
            slow.enter_context(reading(standing_server, ask(METERS)[0]))
        item = messages.meter()
        assert send(messages.create(item)).result == "OK"
        assert send(messages.get({"EndDevice": item["Meter"]})).result == "OK"
        assert rest_of(client, first).endswith(LAST_CHUNK)


def test_a_reader_who_stops_is_broken_off(standing_server, ask, journaled):
    """Over SOAP and REST alike."""
    request, message_id = ask(METERS)
    lines = asking(standing_server, "GET /meter-readings HTTP/1.1\r\nAccept: application/x-ndjson")
    with reading(standing_server, request) as (client, first), lines as (other, line):
        result, code, ended = journaled(message_id, "broken off")
        assert (result, code) == ("FAILED", "4.1")
        assert ended["reason"] == "the caller read less than 1,048,576 bytes in 8 seconds (stream_patience)"
        assert ended["size"] < 8_000_000  # what waits for it is bounded
        assert not rest_of(client, first).endswith(LAST_CHUNK)
        log, deadline = standing_server.data.parent / "server.log", time.monotonic() + 30
        while "the answer to GET /meter-readings broke off" not in log.read_text():
            assert time.monotonic() < deadline
            time.sleep(0.1)
        assert not rest_of(other, line).endswith(LAST_CHUNK)


def test_a_reader_who_goes_away_ends_the_work(standing_server, ask, journaled):
    request, message_id = ask(METERS)
    with reading(standing_server, request):
        pass
    result, code, ended = journaled(message_id, "broken off")
    assert (result, code, ended["reason"]) == ("FAILED", "4.1", "the caller went away")
    assert ended.get("count", 0) < 100_000


def test_a_failure_in_the_middle_is_no_document(standing_server, ask, journaled, tmp_path):
    block = "(select max(id) from reading_block where meter_id = (select id from object where mrid = ?))"
    with closing(sqlite3.connect(standing_server.data / "cim_adapter.db")) as database:
        statement = f"select id, sealed from reading_block where id = {block}"
        number, sealed = database.execute(statement, (METERS[40],)).fetchone()

        def put(value):
            with database:
                database.execute("update reading_block set sealed = ? where id = ?", (value, number))

        put(b"x" + sealed[1:-1] + b"x")
        request, message_id = ask(SOME)
        done = curl(standing_server, request, tmp_path)
        put(sealed)
    assert done.returncode == 18, done.stderr  # "transfer closed with outstanding read data remaining"
    document = (tmp_path / "reply.xml").read_bytes()
    assert b"MeterReading>" in document
    with pytest.raises(etree.XMLSyntaxError):
        etree.fromstring(document)
    result, code, ended = journaled(message_id, "broken off")
    assert (result, code, ended["reason"]) == ("FAILED", "5.3", "the adapter could not go on; its log says why")
    assert "broke off" in (standing_server.data.parent / "server.log").read_text()


def children(pid):
    found = [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    return found + [below for child in found for below in children(child)]


def status(pid):
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return {name: value.strip() for name, _, value in (entry.partition(":") for entry in lines)}
