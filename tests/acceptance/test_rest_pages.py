"""Lists over REST that are longer than an answer may be: pages are made of as many parts as it takes."""

from __future__ import annotations

import uuid

import pytest

NUMBERS = range(25)


@pytest.fixture(scope="module")
def client(standing_on, tmp_path_factory):
    """Of a server whose answers have ten objects at most."""
    home = tmp_path_factory.mktemp("pages")
    with standing_on("sqlite", home, CIM_ADAPTER_MAX_OBJECTS="10") as server, server.client() as opened:
        yield opened


@pytest.fixture(scope="module")
def device(client):
    """The mRID of a meter with 25 events, each fifth of them severe, and 25 controls, each fifth canceled."""
    meter = str(uuid.uuid4())
    events = [
        {
            "id": f"e-{n}",
            "deviceId": meter,
            "eventType": "powerOutage",
            "severity": "high" if n % 5 == 4 else "low",
            "eventDateTime": f"2026-03-01T00:{n:02}:00Z",
        }
        for n in NUMBERS
    ]
    controls = [
        {
            "id": f"c-{n}",
            "deviceId": meter,
            "controlType": "remoteDisconnect",
            "effectiveDateTime": f"2126-03-01T00:{n:02}:00Z",
        }
        for n in NUMBERS
    ]
    for path, items in (("events", events), ("controls", controls)):
        response = client.post(f"/end-device-{path}", json={path: items})
        assert response.status_code == 201, response.text
    for n in NUMBERS[4::5]:
        assert client.delete(f"/end-device-controls/c-{n}").status_code == 204
    return meter


@pytest.fixture
def pages(client, device):
    """``pages(path, **parameters)`` → the ids on every page of a list about the device."""

    def ids(path, **parameters):
        member, found = path.rpartition("-")[2], []
        response = client.get(path, params={"meter": device, **parameters})
        while True:
            assert response.status_code == 200, response.text
            found.append([item["id"] for item in response.json()[member]])
            following = response.links.get("next")
            if following is None:
                return found
            response = client.get(following["url"])

    return ids


LISTS = pytest.mark.parametrize(("path", "letter"), [("/end-device-events", "e"), ("/end-device-controls", "c")])


@LISTS
def test_one_page_is_made_of_several_parts(pages, path, letter):
    assert pages(path) == [[f"{letter}-{n}" for n in NUMBERS]]


@LISTS
@pytest.mark.parametrize(("limit", "sizes"), [(4, [4] * 6 + [1]), (12, [12, 12, 1]), (25, [25])])
def test_pages_have_their_limit(pages, path, letter, limit, sizes):
    found = pages(path, limit=limit)
    assert [len(page) for page in found] == sizes
    assert [name for page in found for name in page] == [f"{letter}-{n}" for n in NUMBERS]


@pytest.mark.parametrize("limit", [1, 2, 3, 5, 100])
def test_what_a_word_chooses(pages, limit):
    severe = [name for page in pages("/end-device-events", severity="high", limit=limit) for name in page]
    assert severe == [f"e-{n}" for n in NUMBERS[4::5]]
    gone = pages("/end-device-controls", status="canceled", limit=limit)
    assert [name for page in gone for name in page] == [f"c-{n}" for n in NUMBERS[4::5]]
    assert max(len(page) for page in gone) <= limit


def test_an_event_that_comes_between_pages_moves_none(client, device):
    first = client.get("/end-device-events", params={"meter": device, "severity": "low", "limit": 3})
    early = {"deviceId": device, "eventType": "powerOutage", "severity": "low"}
    made = client.post("/end-device-events", json={**early, "id": "e", "eventDateTime": "2026-02-01T00:00:00Z"})
    assert made.status_code == 201
    second = client.get(first.links["next"]["url"]).json()["events"]
    assert [item["id"] for item in second] == ["e-3", "e-5", "e-6"]
    assert client.delete("/end-device-events/e").status_code == 204


def test_configurations(client):
    made = [{"mRID": str(uuid.uuid4())} for _ in NUMBERS]
    assert client.post("/meter-config", json={"Meter": made}).status_code == 201
    for limit, sizes in ((4, [4] * 6 + [1]), (100, [10, 10, 5])):
        found, url = [], f"/meter-config?limit={limit}"
        while url:
            response = client.get(url)
            found.append([item["mRID"] for item in response.json()["Meter"]])
            url = response.links.get("next", {}).get("url")
        assert [len(page) for page in found] == sizes
        assert [name for page in found for name in page] == [item["mRID"] for item in made]


def test_a_cursor_of_another_list_is_refused(client, device):
    first = client.get("/end-device-events", params={"meter": device, "limit": 3})
    cursor = first.json()["nextCursor"]
    other = client.get("/end-device-events", params={"limit": 3, "cursor": cursor})
    assert (other.status_code, other.json()["code"]) == (404, "2.15")
