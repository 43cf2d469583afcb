"""``--schemas DIR``: nouns of an operator's own, editions of ours, with no code."""

from __future__ import annotations

import shutil
import uuid
from pathlib import Path

import pytest
import requests
import zeep
from lxml import etree

XSD = Path(__file__).parents[2] / "xsd"
MSG = "http://iec.ch/TC57/2011/schema/message"

PUMPS = """<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema" xmlns="{namespace}" targetNamespace="{namespace}"
    elementFormDefault="qualified">
  <xs:element name="Pumps"><xs:complexType><xs:sequence>
    <xs:element name="Pump" type="Pump" minOccurs="0" maxOccurs="unbounded"/>
  </xs:sequence></xs:complexType></xs:element>
  <xs:complexType name="Pump"><xs:sequence>
    <xs:element name="mRID" type="xs:string" minOccurs="0"/>
    <xs:element name="zeal" type="xs:int" minOccurs="0"/>
    <xs:element name="ardour" type="xs:{ardour}" minOccurs="0"/>
  </xs:sequence></xs:complexType>
</xs:schema>"""


@pytest.fixture
def folder(tmp_path):
    """Writes an XSD into the folder given with --schemas."""
    made = tmp_path / "schemas"
    made.mkdir()

    def write(name, content):
        (made / name).write_text(content)
        return made

    return write


@pytest.fixture
def ask(messages):
    """``ask(client, verb, noun, payload, request)`` → the answer of /soap to a generic message."""

    def send(client, verb, noun, payload="", request=""):
        header = f"<Header><Verb>{verb}</Verb><Noun>{noun}</Noun><MessageID>{uuid.uuid4()}</MessageID></Header>"
        parts = f"<Request>{request}</Request>" if request else ""
        parts += f"<Payload>{payload}</Payload>" if payload else ""
        root = "EventMessage" if verb.endswith("d") else "RequestMessage"
        return messages.send(client, etree.fromstring(f'<{root} xmlns="{MSG}">{header}{parts}</{root}>'))

    return send


def pump(namespace, content):
    return f'<Pumps xmlns="{namespace}"><Pump>{content}</Pump></Pumps>'


def texts(answer, name):
    return [element.text for element in answer.payload.iter("{*}" + name)]


@pytest.mark.parametrize("namespace", ["http://iec.ch/TC57/2026/Pumps#", "urn:example:pumps"])
def test_a_made_up_noun_works_end_to_end(start_server, folder, ask, namespace):
    schemas = folder("pumps.xsd", PUMPS.format(namespace=namespace, ardour="string"))
    with start_server("--schemas", str(schemas)).client() as client:
        assert ask(client, "create", "Pumps", pump(namespace, "<mRID>p</mRID><zeal>5</zeal>")).result == "OK"
        assert ask(client, "create", "Pumps", pump(namespace, "<mRID>p</mRID>")).codes == ["2.15"]
        assert (
            ask(client, "change", "Pumps", pump(namespace, "<mRID>p</mRID><ardour>high</ardour>")).result == "OK"
        )
        found = ask(client, "get", "Pumps", request="<ID>p</ID>")
        assert [(etree.QName(e).localname, e.text) for e in found.payload[0]] == [
            ("mRID", "p"),
            ("zeal", "5"),
            ("ardour", "high"),
        ]
        wrong = ask(client, "create", "Pumps", pump(namespace, "<mRID>q</mRID><zeal>much</zeal>"))
        assert wrong.codes == ["1.8"]
        assert "xs:int" in wrong.said
        assert ask(client, "created", "Pumps", pump(namespace, "<mRID>q</mRID>")).result == "OK"
        assert ask(client, "changed", "Pumps", pump(namespace, "<mRID>q</mRID><zeal>1</zeal>")).result == "OK"
        assert texts(ask(client, "get", "Pumps"), "zeal") == ["5", "1"]
        assert ask(client, "delete", "Pumps", request="<ID>p</ID>").result == "OK"
        assert ask(client, "deleted", "Pumps", pump(namespace, "<mRID>q</mRID>")).result == "OK"
        assert texts(ask(client, "get", "Pumps"), "mRID") == []


def test_a_made_up_noun_of_the_convention_has_typed_services(start_server, folder):
    namespace = "http://iec.ch/TC57/2026/Pumps#"
    server = start_server(
        "--schemas", str(folder("Pumps.xsd", PUMPS.format(namespace=namespace, ardour="string")))
    )
    with requests.Session() as session:
        session.trust_env = False
        session.headers["X-API-Key"] = server.key
        transport = zeep.Transport(session=session)
        client = zeep.Client(f"{server.url}/soap/ExecutePumps?wsdl", transport=transport)
        header = {"Verb": "create", "Noun": "Pumps"}
        stored = client.service.CreatePumps(Header=header, Payload={"Pumps": {"Pump": [{"mRID": "p", "zeal": 5}]}})
        assert (stored.Reply.Result, stored.Header.Noun) == ("OK", "Pumps")


def test_revisions_of_a_noun_live_side_by_side(start_server, folder, ask):
    one, two = "urn:example:pumps:1", "urn:example:pumps:2"
    folder("one.xsd", PUMPS.format(namespace=one, ardour="string"))
    schemas = folder("two.xsd", PUMPS.format(namespace=two, ardour="int"))
    with start_server("--schemas", str(schemas)).client() as client:
        for namespace, ardour in ((one, "much"), (two, "7")):
            content = pump(namespace, f"<mRID>p</mRID><ardour>{ardour}</ardour>")
            assert ask(client, "create", "Pumps", content).result == "OK"
        everything = ask(client, "get", "Pumps", request="<ID>p</ID>")
        roots = everything.message.findall(f"{{{MSG}}}Payload/*")
        assert sorted(etree.QName(root).namespace for root in roots) == [one, two]
        of_two = ask(client, "get", "Pumps", pump(two, "<mRID>p</mRID>"))
        assert texts(of_two, "ardour") == ["7"]


def test_an_xsd_for_a_noun_of_ours_takes_the_place_of_ours(start_server, folder, ask, tmp_path):
    """MeterReadings of an edition with one more element: what ours refuses is taken, stored and found."""
    edition = (XSD / "MeterReadings.xsd").read_text()
    anchor = '<xs:element name="isCoincidentTrigger"'
    assert anchor in edition
    more = edition.replace(anchor, f'<xs:element name="alpha" type="xs:string" minOccurs="0"/>{anchor}')
    schemas = folder("OfficialMeterReadings.xsd", more)
    reading = (
        '<MeterReadings xmlns="http://iec.ch/TC57/2011/MeterReadings#"><MeterReading><alpha>x</alpha>'
        "<Meter><mRID>m</mRID></Meter><Readings><timeStamp>2026-03-01T00:00:00Z</timeStamp><value>1.50</value>"
        '<ReadingType ref="kWh"/></Readings></MeterReading></MeterReadings>'
    )
    typed = "http://iec.ch/TC57/2011/MeterReadingsMessage"
    with start_server("--schemas", str(schemas)).client() as client:
        assert ask(client, "create", "MeterReadings", reading).result == "OK"
        found = ask(client, "get", "MeterReadings", request="<ID>m</ID>")
        assert texts(found, "value") == ["1.50"]
        served = client.get("/xsd/MeterReadingsMessage.xsd").text
        assert "OfficialMeterReadings.xsd" in served
        assert client.get("/xsd/OfficialMeterReadings.xsd").text == more
        head = f'<Header xmlns:m="{MSG}"><m:Verb>create</m:Verb><m:Noun>MeterReadings</m:Noun></Header>'
        message = f'<CreateMeterReadings xmlns="{typed}">{head}<Payload>{reading}</Payload></CreateMeterReadings>'
        body = f'<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"><s:Body>{message}</s:Body></s:Envelope>'
        answer = client.post("/soap/ExecuteMeterReadings", content=body, headers={"Content-Type": "text/xml"})
        assert "<msg:Result>OK" in answer.text


def test_another_edition_of_meter_readings_lives_beside_ours(start_server, folder, ask):
    """What came in one edition is found in the other, in the words of whoever asks."""
    ours, theirs = "http://iec.ch/TC57/2011/", "http://iec.ch/TC57/2017/"
    for name in ("MeterReadings.xsd", "GetMeterReadings.xsd"):
        schemas = folder(f"2017-{name}", (XSD / name).read_text().replace(ours, theirs))
    reading = (
        "<MeterReading><Meter><mRID>m</mRID></Meter><Readings><timeStamp>2026-03-01T00:00:00Z</timeStamp>"
        '<value>1.50</value><ReadingType ref="kWh"/></Readings></MeterReading>'
    )
    with start_server("--schemas", str(schemas)).client() as client:
        given = f'<MeterReadings xmlns="{theirs}MeterReadings#">{reading}</MeterReadings>'
        assert ask(client, "create", "MeterReadings", given).result == "OK"
        for base in (ours, theirs):
            content = "<EndDevice><mRID>m</mRID></EndDevice>"
            query = f'<GetMeterReadings xmlns="{base}GetMeterReadings#">{content}</GetMeterReadings>'
            found = ask(client, "get", "MeterReadings", request=query)
            assert found.payload.findtext(f".//{{{base}MeterReadings#}}value") == "1.50"


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("<a/>", "is not an XML Schema"),
        ("<a", "not well-formed"),
        (PUMPS.format(namespace="urn:x", ardour="no"), "no"),
    ],
)
def test_a_file_that_cannot_be_used_is_named(run_cli, folder, content, said):
    schemas = folder("broken.xsd", content)
    done = run_cli("serve", "--port", "1", "--schemas", str(schemas))
    assert done.returncode == 2
    assert "broken.xsd" in done.stderr
    assert said in done.stderr


def test_a_folder_that_is_none_is_named(run_cli, tmp_path):
    done = run_cli("serve", "--port", "1", "--schemas", str(tmp_path / "nowhere"))
    assert (done.returncode, "nowhere is no folder" in done.stderr) == (2, True)
    shutil.rmtree(tmp_path)
