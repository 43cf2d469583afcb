"""/meter-config and its siblings against the server, and the same over SOAP."""

from __future__ import annotations

import uuid

import pytest
from lxml import etree

CONFIGS = {
    "meter-config": ("MeterConfig", "Meter"),
    "end-device-config": ("EndDeviceConfig", "EndDevice"),
    "usage-point-config": ("UsagePointConfig", "UsagePoint"),
    "com-module-config": ("ComModuleConfig", "ComModule"),
}
CHANGE = {
    "meter-config": {"serialNumber": "5"},
    "end-device-config": {"serialNumber": "5"},
    "usage-point-config": {"isVirtual": True},
    "com-module-config": {"serialNumber": "5"},
}


@pytest.fixture(params=CONFIGS)
def path(request):
    return request.param


@pytest.fixture
def thing():
    mrid = str(uuid.uuid4())
    return {"mRID": mrid, "Names": [{"name": f"N-{mrid[:8]}"}]}


def test_created_listed_fetched_changed_deleted(client, send, messages, path, thing):
    noun, own = CONFIGS[path]
    answer = client.post(f"/{path}", json=thing)
    assert (answer.status_code, answer.json()["ids"]) == (201, [thing["mRID"]]), answer.text
    url = answer.headers["location"]
    assert client.get(url).json() == {own: [thing]}
    assert client.get(f"/{path}/{thing['Names'][0]['name']}").json() == {own: [thing]}
    assert client.get(f"/{path}", params={"id": thing["mRID"]}).json() == {own: [thing]}

    def told():
        made = messages.message("get", header={"Noun": noun})
        request = etree.SubElement(made, f"{{{messages.MSG}}}Request")
        etree.SubElement(request, f"{{{messages.MSG}}}ID", objectType=own).text = thing["mRID"]
        return messages.plain(send(made).payload)[own]

    assert told()["mRID"] == thing["mRID"]
    again = client.post(f"/{path}", json={own: [thing]})
    assert again.status_code == 409
    answer = client.patch(url, json=CHANGE[path])
    assert answer.status_code == 200, answer.text
    assert answer.json() == {own: [{**thing, **CHANGE[path]}]} == client.get(url).json()
    ((name, value),) = CHANGE[path].items()
    assert told()[name] == str(value).lower()
    assert client.delete(url).status_code == 204
    assert [client.get(url).status_code, client.delete(url).status_code] == [404, 404]
    assert client.patch(url, json=CHANGE[path]).status_code == 404


def test_what_soap_wrote_rest_reads(client, send, messages, path, thing):
    noun, own = CONFIGS[path]
    profile = messages.element(
        f"http://iec.ch/TC57/2011/{noun}#", noun, {own: {"mRID": thing["mRID"], "Names": thing["Names"]}}
    )
    assert send(messages.message("create", header={"Noun": noun}, payload=profile)).result == "OK"
    assert client.get(f"/{path}/{thing['mRID']}").json() == {own: [thing]}
    headers = {"Accept": "application/xml"}
    document = etree.fromstring(client.get(f"/{path}/{thing['mRID']}", headers=headers).content)
    assert messages.plain(document) == messages.plain(profile)


@pytest.mark.parametrize("with_namespace", [True, False])
@pytest.mark.parametrize("alone", [True, False])
def test_xml(client, messages, path, thing, with_namespace, alone):
    noun, own = CONFIGS[path]
    root = messages.element(f"http://iec.ch/TC57/2011/{noun}#", noun, {own: thing})
    if alone:
        root = root[0]
    if not with_namespace:
        for element in root.iter():
            element.tag = etree.QName(element).localname
    answer = client.post(f"/{path}", content=etree.tostring(root), headers={"Content-Type": "application/xml"})
    assert answer.status_code == 201, answer.text
    assert client.get(f"/{path}/{thing['mRID']}").json() == {own: [thing]}


def test_definitions_travel_with_the_object(client, thing):
    body = {
        "Meter": [{**thing, "SimpleEndDeviceFunction": [{"ref": f"f {thing['mRID']}"}]}],
        "SimpleEndDeviceFunction": [{"mRID": f"f {thing['mRID']}", "enabled": True, "kind": "electricMetering"}],
    }
    assert client.post("/meter-config", json=body).status_code == 201
    assert client.get(f"/meter-config/{thing['mRID']}").json() == body


def test_pages(client):
    made = [{"mRID": str(uuid.uuid4()), "Names": [{"name": "paged"}]} for _ in range(5)]
    assert client.post("/com-module-config", json={"ComModule": made}).status_code == 201
    wanted = {item["mRID"] for item in made}
    found, url = [], "/com-module-config?limit=2"
    while url:
        page = client.get(url)
        assert len(page.json()["ComModule"]) <= 2
        found += [item["mRID"] for item in page.json()["ComModule"]]
        url = page.links.get("next", {}).get("url")
    assert len(found) == len(set(found))
    assert wanted <= set(found)


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({"Meter": [{"mRID": "x"}, {"mRID": "y", "initialLossOfLife": "much"}]}, "/Meter/1/initialLossOfLife"),
        ({"Meter": [{"mRID": "x", "colour": "red"}]}, "/Meter/0/colour"),
        ({"Meter": [{"mRID": "x", "isVirtual": "maybe"}]}, "/Meter/0/isVirtual"),
        ({"ReadingType": []}, ""),
    ],
)
def test_each_offending_member_is_pointed_at(client, body, pointer):
    answer = client.post("/meter-config", json=body)
    assert answer.status_code == 400, answer.text
    assert [error["pointer"] for error in answer.json()["errors"]] == [pointer]


def test_a_change_of_another_object_is_refused(client, thing):
    url = client.post("/meter-config", json=thing).headers["location"]
    answer = client.patch(url, json={"mRID": "another", "serialNumber": "1"})
    assert (answer.status_code, answer.json()["code"]) == (400, "2.15")
    answer = client.patch(url, json={"mRID": thing["mRID"], "serialNumber": "1"})
    assert answer.json()["Meter"][0]["serialNumber"] == "1"
