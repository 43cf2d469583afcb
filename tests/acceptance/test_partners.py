"""Partners as they are in the field (facts/envelope.md §3), over a server with a settings file."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing

import pytest
from lxml import etree

SETTINGS = """
[partners.STRICT]
strict = true

[partners.PYRAMID]
tolerate = ["profile without namespace"]

[partners.PODIS]
tolerate = ["profile namespace"]

[partners.VENDOR]
tolerate = ["vendor elements"]
"""


@pytest.fixture(scope="module")
def site(tmp_path_factory, launch_in):
    """A server with partner profiles, and a function that makes a client of a partner."""
    home = tmp_path_factory.mktemp("partners")
    (home / "cim_adapter.toml").write_text(SETTINGS)
    launcher = launch_in(home)
    server = launcher.start("--config", str(home / "cim_adapter.toml"))
    clients = {}

    def client(name):
        if name not in clients:
            key = launcher.cli("key", "create", name, "--role", "admin").stdout.strip()
            clients[name] = server.client(key)
        return clients[name]

    yield server, client
    for opened in clients.values():
        opened.close()
    launcher.close()


@pytest.fixture
def send(site, messages):
    """Sends a message as a partner; the answer."""
    return lambda partner, body, **options: messages.send(site[1](partner), body, **options)


@pytest.fixture
def warnings(site):
    """What was let pass of the last message of a partner, by switch."""

    def read(partner):
        with closing(sqlite3.connect(site[0].data / "cim_adapter.db")) as database:
            query = "select warnings from journal where partner = ? order by uid desc limit 1"
            ((text,),) = database.execute(query, (partner,)).fetchall()
        return [warning["switch"] for warning in json.loads(text or "[]")]

    return read


def swap(body, first, second):
    """Two elements of the header change places."""
    part = next(body.iter("{*}Header"))
    one, other = part.find(f"{{*}}{first}"), part.find(f"{{*}}{second}")
    at, to = part.index(one), part.index(other)
    part.insert(at, other)
    part.insert(to, one)


def qualified(body, namespace, name):
    """The message with ``namespace`` in the place of the namespace ``name``."""
    return etree.fromstring(etree.tostring(body).replace(name.encode(), namespace.encode()))


def test_veryco_posts_bare_xml_with_revision_out_of_order(site, messages, warnings):
    body = messages.create(messages.meter(), header={"Revision": "1", "Source": "HES"})
    swap(body, "Revision", "Source")
    for media in ("application/xml", "text/xml"):
        body.find("{*}Header/{*}MessageID").text = media
        response = site[1]("VERYCO").post("/soap", content=etree.tostring(body), headers={"Content-Type": media})
        answer = etree.fromstring(response.content)
        assert answer.tag == f"{{{messages.MSG}}}ResponseMessage"
        assert answer.findtext("{*}Reply/{*}Result") == "OK"
        assert warnings("VERYCO") == ["envelope order"]


def test_pyramid_publishes_in_shape_c(send, messages, warnings):
    body = messages.message(
        "created", shape="C", payload=messages.readings(messages.meter()), header={"Source": "AMI"}
    )
    next(body.iter("{*}Verb")).text = "create"
    swap(body, "Source", "MessageID")
    body = qualified(body, messages.MSG, messages.READINGS)
    answer = send("PYRAMID", body, SOAPAction='"http://iec.ch/61968/PublishEvent"')
    assert (answer.status, answer.result) == (200, "OK")
    assert answer.message.tag == f"{{{messages.ABSTRACT}}}Response"
    assert sorted(warnings("PYRAMID")) == ["envelope order", "profile without namespace"]
    answer = send("OTHER", body)
    assert (answer.result, answer.codes) == ("FAILED", ["1.8"])
    assert "xmlns" in answer.said


def test_podis_asks_in_shape_c_with_a_national_profile(send, messages, warnings):
    meter = messages.meter(count=2)
    send("PODIS", messages.create(meter))
    query = {"EndDevice": {"mRID": meter["Meter"]["mRID"]}}
    body = messages.get(query, shape="C", header={"Revision": "14"})
    body[0].tag = f"{{{messages.ABSTRACT}}}message"
    body = qualified(body, "http://iec.ch/TC57/2011/podis15/GetMeterReadings#", messages.QUERY)
    answer = send("PODIS", body)
    assert (answer.result, answer.header["Revision"]) == ("OK", "14")
    assert [child.tag for child in answer.message] == [f"{{{messages.ABSTRACT}}}message"]
    assert messages.plain(answer.payload) == {"MeterReading": meter}
    assert warnings("PODIS") == ["profile namespace"]
    assert "podis15" in send("OTHER", body).said


def test_isotrol_puts_request_into_body(send, messages, warnings):
    meter = messages.meter(count=2)
    answer = send("ISOTROL", messages.create(meter, shape="B"), SOAPAction='"http://iec.ch/61968/Request"')
    assert answer.message.tag == f"{{{messages.MSG}}}Response"
    assert (answer.result, warnings("ISOTROL")) == ("OK", [])


def test_2008_shouts(send, messages, warnings):
    namespace = "http://www.iec.ch/TC57/2008/schema/message"
    body = qualified(messages.create(messages.meter(), header={"Verb": "UPDATE"}), namespace, messages.MSG)
    answer = send("KRAKEN", body, SOAPAction='""')
    assert answer.message.tag == f"{{{namespace}}}ResponseMessage"
    assert answer.result is None
    (reply,) = answer.message.iter(f"{{{namespace}}}Reply")
    assert [(etree.QName(part).localname, part.text) for part in reply] == [("ReplyCode", "0.0")]
    assert warnings("KRAKEN") == ["verb case", "verb spelling"]


def test_www_everywhere(send, messages):
    meter = messages.meter(count=2)
    for body in (
        messages.create(meter),
        messages.get({"EndDevice": {"mRID": meter["Meter"]["mRID"]}}),
    ):
        for plain in (messages.MSG, messages.READINGS, messages.QUERY):
            body = qualified(body, plain.replace("//iec", "//www.iec"), plain)
        answer = send("WWW", body)
        assert answer.result == "OK"
        assert b"//iec.ch" not in answer.content
    www = messages.READINGS.replace("//iec", "//www.iec")
    (profile,) = answer.message.iter(f"{{{www}}}MeterReadings")
    assert messages.plain(profile) == {"MeterReading": meter}


def test_a_vendor_element_is_refused_with_its_name_unless_it_is_let_pass(send, messages, warnings):
    body = messages.create(messages.meter())
    etree.SubElement(next(body.iter("{*}Meter")), "{urn:vendor}SecurityKey").text = "secret"
    answer = send("OTHER", body)
    assert (answer.result, answer.codes) == ("FAILED", ["1.8"])
    assert "MeterReadings/MeterReading[1]/Meter/SecurityKey" in answer.said
    assert send("VENDOR", body).result == "OK"
    assert warnings("VENDOR") == ["vendor elements"]


def contradicting(messages):
    yield "2.9", messages.create(messages.meter(), shape="typed", header={"Verb": "delete"})
    yield "2.5", messages.create(messages.meter(), shape="typed", header={"Noun": "EndDeviceEvents"})
    yield "2.5", messages.create(messages.meter(), header={"Noun": "EndDeviceEvents"})


def test_the_root_decides_by_default(send, messages, warnings):
    for code, body in contradicting(messages):
        assert send("OTHER", body).result == "OK"
        assert warnings("OTHER") == ["verb mismatch" if code == "2.9" else "noun mismatch"]


def test_a_strict_partner_is_refused_with_2_9_and_2_5(send, messages, warnings):
    for code, body in contradicting(messages):
        answer = send("STRICT", body)
        assert (answer.status, answer.result, answer.codes) == (200, "FAILED", [code])
        assert "Header/" in answer.said
        assert warnings("STRICT") == []
    order = messages.create(messages.meter(), header={"Source": "HES"})
    swap(order, "Source", "MessageID")
    www = qualified(
        messages.create(messages.meter()), messages.READINGS.replace("//", "//www."), messages.READINGS
    )
    for body in (order, www):
        answer = send("STRICT", body)
        assert (answer.fault, answer.codes[0]) == ("Client", "1.8")
    assert send("STRICT", messages.create(messages.meter())).result == "OK"
