"""/meter-readings against the server: what REST wrote SOAP reads, and the reverse."""

from __future__ import annotations

import csv
import io
import json
import uuid
from itertools import count

import pytest
from lxml import etree

from cim_adapter.codes import CodeLists
from cim_adapter.items.vocabulary import QualityWords, Quantity, ReadingWords

WORDS, QUALITIES = ReadingWords(CodeLists()), QualityWords(CodeLists())


@pytest.fixture
def reading():
    """A reading as the interface shows it, of a meter of its own."""
    meter = f"M-{uuid.uuid4().hex[:8]}"
    return {
        "meterId": meter,
        "readingType": "intervalData",
        "readingDateTime": "2026-03-01T00:15:00Z",
        "value": 1.5,
        "unit": "kWh",
        "multiplier": 0,
        "phase": "ABC",
        "energyDirection": "forward",
        "quality": "good",
    }


@pytest.fixture
def post(client):
    def run(*readings, **headers):
        return client.post("/meter-readings", json={"readings": readings}, headers=headers)

    return run


@pytest.fixture
def get(client):
    """The readings that fit, from a single page."""

    def run(**parameters):
        response = client.get("/meter-readings", params=parameters)
        assert response.status_code == 200, response.text
        return response.json()["readings"]

    return run


def soap_readings(send, messages, **query):
    """(code, kind, timestamp, value, qualities) of each reading that SOAP tells."""
    found = []
    for part in send(messages.get(query)).payload.iter("{*}IntervalBlocks", "{*}Readings"):
        code = next(part.iterchildren("{*}ReadingType")).get("ref")
        interval = etree.QName(part).localname == "IntervalBlocks"
        for item in part.iterchildren("{*}IntervalReadings") if interval else [part]:
            qualities = tuple(quality.get("ref") for quality in item.iter("{*}ReadingQualityType"))
            kind = "interval" if interval else "register"
            found.append((code, kind, item.findtext("{*}timeStamp"), item.findtext("{*}value"), qualities))
    return found


def test_a_reading_is_stored_and_read_by_both(post, get, send, messages, reading):
    answer = post(reading)
    assert (answer.status_code, answer.json()["result"], answer.json()["count"]) == (201, "OK", 1)
    (found,) = get(meter=reading["meterId"])
    assert found | reading == found
    code = "0.0.0.4.1.1.12.0.0.0.0.0.0.0.224.3.72.0"
    assert soap_readings(send, messages, EndDevice={"Names": {"name": reading["meterId"]}}) == [
        (code, "interval", "2026-03-01T00:15:00Z", "1.5", ("1.0.0",))
    ]


def every_row():
    """A quantity for each row of each enumeration, with a value of its own."""
    for unit in WORDS.UNITS:
        for reading_type in WORDS.TYPES:
            yield Quantity(reading_type=reading_type, unit=unit)
        for direction in WORDS.DIRECTIONS:
            quantity = Quantity(reading_type="intervalData", unit=unit, energy_direction=direction)
            try:
                WORDS.code(quantity)
            except ValueError:
                continue
            yield quantity
    for phase in WORDS.PHASES:
        yield Quantity(reading_type="registerReads", unit="V", phase=phase)
    for length in WORDS.LENGTHS:
        yield Quantity(reading_type="intervalData", unit="kWh", interval_length=length)
    for multiplier in (-6, -3, -1, 1, 9):
        yield Quantity(reading_type="registerReads", unit="A", multiplier=multiplier)


def as_reading(meter, quantity, value, quality):
    made = {
        "meterId": meter,
        "readingType": quantity.reading_type,
        "readingDateTime": "2026-03-01T00:15:00Z",
        "value": value,
        "unit": quantity.unit,
        "multiplier": quantity.multiplier,
        "phase": quantity.phase,
        "energyDirection": quantity.energy_direction,
        "intervalLength": quantity.interval_length,
        "quality": quality,
    }
    return {name: item for name, item in made.items() if item is not None}


@pytest.fixture
def rows():
    """Every row of the enumerations as readings of one meter."""
    meter, numbers = str(uuid.uuid4()), count(1)
    qualities = list(QUALITIES.WORDS)
    made = [
        as_reading(meter, quantity, next(numbers), qualities[n % len(qualities)])
        for n, quantity in enumerate(every_row())
    ]
    assert {reading["quality"] for reading in made} == set(qualities)
    return meter, made


def by_value(readings, but=()):
    return {
        float(item["value"]): {name: value for name, value in item.items() if name not in but} for item in readings
    }


TOLD_MORE = ("id", "readingTypeCode", "qualityCodes")


def test_every_row_written_by_rest_is_read_by_both(post, get, send, messages, rows):
    meter, made = rows
    assert post(*made).status_code == 201
    assert by_value(get(meter=meter), TOLD_MORE) == by_value(made)
    told = {
        float(value): (code, kind, qualities)
        for code, kind, _, value, qualities in soap_readings(send, messages, EndDevice={"mRID": meter})
    }
    for reading in made:
        quantity = Quantity(
            reading_type=reading["readingType"],
            unit=reading["unit"],
            multiplier=reading["multiplier"],
            phase=reading.get("phase"),
            energy_direction=reading.get("energyDirection"),
            interval_length=reading.get("intervalLength"),
        )
        kind = "interval" if reading["readingType"] == "intervalData" else "register"
        expected = (str(WORDS.code(quantity)), kind, (QUALITIES.code(reading["quality"]),))
        assert told[float(reading["value"])] == expected


def test_every_row_written_by_soap_is_read_by_rest(get, send, messages, rows):
    meter, made = rows
    blocks, registers = [], []
    for n, (quantity, reading) in enumerate(zip(every_row(), made, strict=True)):
        quality = {"ReadingQualityType": {"ref": QUALITIES.code(reading["quality"])}}
        stamped = {"timeStamp": "2026-03-01T00:15:00Z", "value": f"{n + 1}", "ReadingQualities": quality}
        code = {"ref": str(WORDS.code(quantity))}
        if quantity.reading_type == "intervalData":
            blocks.append({"IntervalReadings": stamped, "ReadingType": code})
        else:
            registers.append({**stamped, "ReadingType": code})
    item = {"IntervalBlocks": blocks, "Meter": {"mRID": meter}, "Readings": registers}
    assert send(messages.create(item)).result == "OK"
    assert by_value(get(meter=meter), TOLD_MORE) == by_value(made)


def test_a_meter_is_its_mrid_or_any_of_its_names(post, get, send, messages, reading):
    mrid, name = f"mrid {uuid.uuid4().hex[:6]}", f"S-{uuid.uuid4().hex[:8]}"
    item = messages.meter(mrid)
    item["Meter"]["Names"] = {"name": name, "NameType": {"name": "SerialNumber"}}
    assert send(messages.create(item)).result == "OK"
    for n, known_as in enumerate((mrid, name)):
        assert (
            post({**reading, "meterId": known_as, "readingDateTime": f"2026-03-05T00:0{n}:00Z"}).status_code == 201
        )
    assert {found["meterId"] for found in get(meter=name)} == {mrid}
    assert len(get(meter=mrid)) == 3


def test_a_name_of_two_meters_is_refused(post, send, messages, reading):
    for mrid in (str(uuid.uuid4()), str(uuid.uuid4())):
        item = messages.meter(mrid)
        item["Meter"]["Names"] = {"name": reading["meterId"], "NameType": {"name": f"of {mrid}"}}
        assert send(messages.create(item)).result == "OK"
    answer = post(reading)
    (error,) = answer.json()["errors"]
    assert (answer.status_code, error["pointer"], error["code"]) == (400, "/readings/0/meterId", "2.4")


def test_digits_are_kept(client, get, reading):
    values = ["1.50", "-0.0010", "12345678901234567890.123456789", "1E3", "0"]
    parts = [
        json.dumps({**reading, "value": "@", "readingDateTime": f"2026-03-01T0{n}:00:00Z"}).replace('"@"', value)
        for n, value in enumerate(values)
    ]
    body = '{"readings":[' + ",".join(parts) + "]}"
    assert (
        client.post("/meter-readings", content=body, headers={"content-type": "application/json"}).status_code
        == 201
    )
    text = client.get("/meter-readings", params={"meter": reading["meterId"]}).text
    assert [f'"value":{value},' in text for value in values] == [True] * len(values)


def test_xml_has_the_same_names(client, get, reading):
    root = etree.Element("meterReadings")
    item = etree.SubElement(root, "readings")
    for name, value in reading.items():
        etree.SubElement(item, name).text = str(value)
    headers = {"Content-Type": "application/xml", "Accept": "application/xml"}
    answer = client.post("/meter-readings", content=etree.tostring(root), headers=headers)
    assert (answer.status_code, etree.fromstring(answer.content).findtext("result")) == (201, "OK")
    (found,) = get(meter=reading["meterId"])
    assert found | reading == found
    answer = client.get("/meter-readings", params={"meter": reading["meterId"]}, headers=headers)
    (told,) = etree.fromstring(answer.content).iterchildren("readings")
    assert {name: told.findtext(name) for name in reading} == {name: str(value) for name, value in reading.items()}


def test_csv_and_lines(client, post, reading):
    moments = [f"2026-03-01T00:{n:02}:00Z" for n in range(10)]
    lines = b"\n".join(json.dumps({**reading, "readingDateTime": moment}).encode() for moment in moments)
    answer = client.post("/meter-readings", content=lines, headers={"content-type": "application/x-ndjson"})
    assert answer.status_code == 201, answer.text
    asked = {"meter": reading["meterId"]}
    told = client.get("/meter-readings", params=asked, headers={"accept": "text/csv"})
    assert told.headers["content-type"] == "text/csv; charset=utf-8"
    assert [row["readingDateTime"] for row in csv.DictReader(io.StringIO(told.text))] == moments
    told = client.get("/meter-readings", params=asked, headers={"accept": "application/x-ndjson"})
    assert [json.loads(line)["readingDateTime"] for line in told.text.splitlines()] == moments


def test_pages_follow_one_another_without_a_gap(client, post, reading):
    made = [
        {**reading, "readingDateTime": f"2026-03-01T{n // 4:02}:{n % 4 * 15:02}:00Z", "value": n}
        for n in range(50)
    ]
    assert post(*made, *({**item, "readingType": "registerReads"} for item in made)).status_code == 201
    found, url = [], f"/meter-readings?meter={reading['meterId']}&limit=7"
    while url:
        page = client.get(url)
        found += page.json()["readings"]
        assert page.links["first"]
        assert len(page.json()["readings"]) <= 7
        assert ("next" in page.links) is ("nextCursor" in page.json())
        url = page.links.get("next", {}).get("url")
    assert len(found) == len({item["id"] for item in found}) == 100
    assert [item["value"] for item in found] == [n // 2 for n in range(100)]


def test_every_parameter_narrows(post, get, reading):
    other = {
        **reading,
        "readingType": "registerReads",
        "unit": "kVArh",
        "energyDirection": "Q1+Q2",
        "phase": "A",
        "quality": "estimated",
        "readingDateTime": "2026-03-02T00:00:00+01:00",
    }
    assert post(reading, other).status_code == 201
    meter = reading["meterId"]
    for name, first, second in (
        ("readingType", "intervalData", "registerReads"),
        ("unit", "kWh", "kVArh"),
        ("energyDirection", "forward", "Q1+Q2"),
        ("phase", "ABC", "A"),
        ("quality", "good", "estimated"),
    ):
        for value in (first, second):
            (found,) = get(meter=meter, **{name: value})
            assert found[name] == value
        assert len(get(meter=meter, **{name: [first, second]})) == 2
    (found,) = get(meter=meter, to="2026-03-01T12:00:00Z")
    assert found["unit"] == "kWh"
    (found,) = get(meter=meter, **{"from": "2026-03-01T23:00:00Z"})
    assert found["unit"] == "kVArh"
    assert get(meter=meter, since="2026-03-01T23:00:00Z") == []
    (again,) = get(meter=meter, readingType=found["readingTypeCode"])
    assert again == found
    assert get(meter=meter, phase="B") == []


def test_corrected_and_taken_back(client, post, get, reading):
    assert post(reading, {**reading, "readingDateTime": "2026-03-01T00:30:00Z"}).status_code == 201
    first, second = get(meter=reading["meterId"])
    url = f"/meter-readings/{first['id']}"
    assert client.get(url).json() == first
    answer = client.patch(url, json={"value": 7, "quality": "edited"})
    assert answer.status_code == 200, answer.text
    assert (answer.json()["value"], answer.json()["quality"]) == (7, "edited")
    answer = client.patch(url, json={"unit": "MWh", "value": "much"})
    assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (400, "/unit")
    assert client.delete(url).status_code == 204
    assert client.get(url).status_code == 404
    assert client.delete(url).status_code == 404
    assert get(meter=reading["meterId"]) == [second]
    assert client.delete("/meter-readings", params={"meter": reading["meterId"]}).status_code == 204
    assert get(meter=reading["meterId"]) == []
    assert client.get("/meter-readings/nothing").status_code == 404


def test_the_same_key_is_the_same_message(client, post, get, reading, send, messages):
    key = str(uuid.uuid4())
    first, again = (post(reading, **{"Idempotency-Key": key}) for _ in range(2))
    assert (first.status_code, again.status_code) == (201, 201)
    assert first.json() == again.json()
    assert first.json()["messageId"] == key
    assert len(get(meter=reading["meterId"])) == 1
    other = post({**reading, "value": 2}, **{"Idempotency-Key": key})
    assert (other.status_code, other.json()["code"]) == (409, "2.15")
    assert client.delete("/meter-readings", params={"messageId": key}).status_code == 204
    assert get(meter=reading["meterId"]) == []


@pytest.mark.parametrize(
    ("change", "pointer", "code"),
    [
        ({"unit": "furlong"}, "unit", "2.6"),
        ({"energyDirection": "Q1+Q2"}, "energyDirection", "2.6"),
        ({"unit": "V"}, "energyDirection", "2.6"),
        ({"multiplier": 1}, "multiplier", "2.6"),
        ({"multiplier": "3"}, "multiplier", "1.8"),
        ({"phase": "Z"}, "phase", "2.6"),
        ({"quality": "splendid"}, "quality", "2.6"),
        ({"readingType": "guess"}, "readingType", "2.6"),
        ({"readingDateTime": "yesterday"}, "readingDateTime", "1.8"),
        ({"readingDateTime": "2026-02-30T00:00:00Z"}, "readingDateTime", "1.8"),
        ({"value": "much"}, "value", "1.8"),
        ({"value": True}, "value", "1.8"),
        ({"value": None}, "value", "1.8"),
        ({"meterId": 5}, "meterId", "1.8"),
        ({"meterId": "\0"}, "meterId", "1.8"),
        ({"colour": "red"}, "colour", "1.8"),
        ({"reason": "whim"}, "reason", "1.8"),
        ({"readingTypeCode": "1.2.3"}, "readingTypeCode", "2.6"),
        ({"readingTypeCode": "0.0.0.4.1.1.12.0.0.0.0.0.0.0.224.3.73.0"}, "unit", "2.6"),
        ({"qualityCodes": ["1.0.0", "good"]}, "qualityCodes/1", "1.8"),
    ],
)
def test_each_offending_member_is_pointed_at(post, get, reading, change, pointer, code):
    good = {**reading, "readingDateTime": "2026-03-01T00:45:00Z"}
    answer = post(good, {**reading, **change})
    assert answer.status_code == 400
    assert answer.headers["content-type"] == "application/problem+json"
    problem = answer.json()
    assert (problem["status"], problem["code"]) == (400, code)
    (error,) = problem["errors"]
    assert (error["pointer"], error["code"]) == (f"/readings/1/{pointer}", code)
    assert "expected" in error["detail"]
    assert problem["instance"].startswith("urn:uuid:")


def test_all_findings_are_told_at_once_in_xml_too(client, reading):
    body = {"readings": [{**reading, "unit": "?"}, {"value": "x"}], "more": 1}
    answer = client.post("/meter-readings", json=body, headers={"Accept": "application/xml"})
    assert answer.headers["content-type"] == "application/problem+xml"
    document = etree.fromstring(answer.content)
    assert document.tag == "{urn:ietf:rfc:7807}problem"
    assert {item.findtext("{*}pointer") for item in document.iter("{*}i")} == {"/more", "/readings/1"}


@pytest.mark.parametrize(
    ("media", "body", "status"),
    [
        ("application/json", b"", 400),
        ("application/json", b"{", 400),
        ("application/json", b"[]", 400),
        ("application/json", b'{"readings":[]}', 400),
        ("application/json", b'{"readings":3}', 400),
        ("application/json", b'{"readings":["a"]}', 400),
        ("application/json", b"\xff\xfe", 400),
        ("application/json", b"[" * 100_000, 413),
        ("application/xml", b"<a>", 400),
        ("application/xml", b"<!DOCTYPE a><a/>", 400),
        ("application/xml", b"<a/>", 400),
        ("application/x-ndjson", b'{"meterId":3}\n{', 400),
        ("text/plain", b"hello", 415),
        ("application/json", b'{"readings":[' + b",".join([b"{}"] * 10_001) + b"]}", 400),
    ],
)
def test_bodies_that_are_none(client, media, body, status):
    answer = client.post("/meter-readings", content=body, headers={"content-type": media})
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["status"] == status


def test_ten_thousand_in_one_request_and_not_one_more(client, post, get, reading):
    def of_day(n):
        return {**reading, "readingDateTime": f"2026-03-{n // 1440 + 1:02}T{n // 60 % 24:02}:{n % 60:02}:00Z"}

    assert post(*(of_day(n) for n in range(10_000))).status_code == 201
    assert len(get(meter=reading["meterId"], limit=20_000)) == 10_000
    answer = post(*(of_day(n) for n in range(10_001)))
    assert (answer.status_code, answer.json()["code"]) == (413, "3.1")


@pytest.mark.parametrize(
    ("query", "parameter"),
    [
        ("colour=red", "colour"),
        ("limit=0", "limit"),
        ("limit=many", "limit"),
        ("from=yesterday", "from"),
        ("from=2026-03-01T00:00:00", "from"),
        ("unit=furlong", "unit"),
        ("readingType=guess", "readingType"),
        ("cursor=abc", "cursor"),
        ("meter=", "meter"),
    ],
)
def test_parameters_that_are_none(client, query, parameter):
    answer = client.get(f"/meter-readings?{query}")
    assert answer.status_code == 400
    (error,) = answer.json()["errors"]
    assert (error["parameter"], error["code"]) == (parameter, "1.6")


def test_who_is_not_known_learns_nothing(standing_server, reading):
    with standing_server.client("wrong") as stranger:
        for answer in (
            stranger.post("/meter-readings", json={"readings": [reading]}),
            stranger.post("/meter-readings", content=b"{", headers={"content-type": "application/json"}),
            stranger.get("/meter-readings"),
            stranger.delete("/meter-readings", params={"meter": "x"}),
        ):
            assert (answer.status_code, answer.json()["code"]) == (401, "7.4")
            assert "www-authenticate" in answer.headers


def test_methods_and_forms_that_are_not_served(client):
    answer = client.put("/meter-readings", json={})
    assert (answer.status_code, answer.headers["allow"]) == (405, "GET, HEAD, POST, DELETE")
    answer = client.get("/meter-readings", headers={"accept": "image/png"})
    assert answer.status_code == 406
    assert client.get("/meter-readings?meter=nobody").status_code == 404


def test_more_readings_than_a_part_holds_come_in_pages(client, post, reading):
    """Pages go on over the parts of the answer, and over readings that do not fit."""
    for day in range(1, 4):
        made = [
            {**reading, "readingDateTime": f"2026-03-{day:02}T{n // 60:02}:{n % 60:02}:00Z", "value": n}
            for n in range(1_000)
        ]
        made[0]["quality"] = "estimated"
        assert post(*made).status_code == 201
    for query, expected in (("limit=900", 3_000), ("limit=1&quality=estimated", 3), ("", 3_000)):
        ids, url = [], f"/meter-readings?meter={reading['meterId']}&{query}"
        while url:
            page = client.get(url)
            assert page.status_code == 200, page.text
            ids += [item["id"] for item in page.json()["readings"]]
            url = page.links.get("next", {}).get("url")
        assert len(ids) == len(set(ids)) == expected


def test_a_request_is_counted_once(run_cli, server, reading):
    """However many messages it takes: a correction asks, writes, and asks again."""
    key = run_cli("key", "create", "counted", "--role", "admin", "--quota", "5").stdout.strip()
    with server.client(key) as client:
        assert client.post("/meter-readings", json={"readings": [reading]}).headers["ratelimit-remaining"] == "4"
        answer = client.get("/meter-readings", params={"meter": reading["meterId"]})
        assert answer.headers["ratelimit-remaining"] == "3"
        url = f"/meter-readings/{answer.json()['readings'][0]['id']}"
        assert client.patch(url, json={"value": 2}).headers["ratelimit-remaining"] == "2"
        assert client.get(url).headers["ratelimit-remaining"] == "1"
        assert client.delete(url).headers["ratelimit-remaining"] == "0"
        answer = client.get(url)
        assert (answer.status_code, answer.json()["code"]) == (429, "3.2")
        assert int(answer.headers["retry-after"]) > 0
