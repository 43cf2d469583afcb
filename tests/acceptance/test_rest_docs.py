"""/openapi.json, /docs, /health and /status against the server."""

from __future__ import annotations

import re
import uuid
from collections.abc import Iterator

import pytest
from lxml import html


@pytest.fixture
def document(client):
    return client.get("/openapi.json").json()


PATHS = (
    *("meter-readings", "end-device-events", "end-device-controls", "end-device-config", "meter-config"),
    *("usage-point-config", "com-module-config"),
)


def references(value) -> Iterator[str]:
    if isinstance(value, dict):
        if isinstance(value.get("$ref"), str):
            yield value["$ref"]
        for item in value.values():
            yield from references(item)
    elif isinstance(value, list):
        for item in value:
            yield from references(item)


def test_the_document_names_every_path_and_every_reference_is_in_it(document, standing_server):
    assert document["openapi"] == "3.1.0"
    assert document["servers"] == [{"url": standing_server.url}]
    for path in PATHS:
        assert set(document["paths"][f"/{path}"]) >= {"get", "post"}
        assert set(document["paths"][f"/{path}/{{id}}"]) >= {"get", "patch", "delete"}
    assert {"/messages", "/health", "/status"} <= set(document["paths"])
    for reference in set(references(document)):
        found = document
        for step in reference.removeprefix("#/").split("/"):
            found = found[step]
    names = [
        operation["operationId"]
        for methods in document["paths"].values()
        for name, operation in methods.items()
        if name != "parameters"
    ]
    assert len(names) == len(set(names))


@pytest.mark.parametrize("path", PATHS)
def test_the_examples_work(client, document, path):
    mark = uuid.uuid4().hex[:6]
    operation = document["paths"][f"/{path}"]["post"]
    example = operation["requestBody"]["content"]["application/json"]["example"]
    text = client.build_request("POST", "/", json=example).content.decode()
    for name in set(re.findall(r'"(?:mRID|meterId|deviceId)":\s*"([^"]+)"', text)):
        text = text.replace(f'"{name}"', f'"{name}-{mark}"')
    answer = client.post(f"/{path}", content=text, headers={"Content-Type": "application/json"})
    assert answer.status_code == 201, answer.text
    if path == "meter-readings":
        found = client.get(f"/{path}", params={"meter": f"M-1001-{mark}"}).json()["readings"][0]
        url = f"/{path}/{found['id']}"
    else:
        url = answer.headers["location"]
    patch = document["paths"][f"/{path}/{{id}}"]["patch"]["requestBody"]["content"]
    for media, content in patch.items():
        answer = client.patch(url, json=content["example"], headers={"Content-Type": media})
        assert answer.status_code == 200, answer.text


def test_every_parameter_of_the_document_is_taken(client, document):
    values = {"array": "x", "integer": "5"}
    for path in PATHS:
        for parameter in document["paths"][f"/{path}"]["get"]["parameters"]:
            schema = parameter["schema"]
            item = schema.get("items", schema)
            value = (item.get("enum") or [values.get(item.get("type"), "x")])[0]
            if item.get("format") == "date-time":
                value = "2026-03-01T00:00:00Z"
            answer = client.get(f"/{path}", params={parameter["name"]: value})
            if answer.status_code == 400:
                (error,) = answer.json()["errors"]
                assert "no such parameter" not in error["detail"], parameter


def test_the_page_needs_nothing_from_elsewhere(client):
    answer = client.get("/docs")
    assert "default-src 'self'" in answer.headers["content-security-policy"]
    page = html.fromstring(answer.content)
    links = [*page.xpath("//script/@src"), *page.xpath("//link/@href")]
    assert len(links) == 4
    assert page.xpath("//script[not(@src)]") == []
    for link in links:
        assert "//" not in link
        found = client.get(f"/{link}")
        assert found.status_code == 200
        assert found.content
    assert b"3.1" in client.get("/docs/swagger-ui-bundle.js").content
    assert client.get("/docs/other.js").status_code == 404


def test_alive_and_able(client, standing_server):
    assert client.get("/health").json() == {"status": "ok"}
    client.get("/meter-readings", params={"meter": "nobody at all"})
    status = client.get("/status").json()
    assert (status["status"], status["database"]["ready"]) == ("ready", True)
    assert status["database"]["product"] in ("sqlite", "postgresql")
    assert status["queues"] == {"writer": 0}
    assert status["uptime"] > 0
    assert status["lastErrors"][0]["code"] == "2.4"
    assert (status["lastErrors"][0]["verb"], status["lastErrors"][0]["noun"]) == ("get", "MeterReadings")
    with standing_server.client("wrong") as stranger:
        assert stranger.get("/status").status_code == 401
        assert stranger.get("/health").status_code == 200
        assert stranger.get("/openapi.json").status_code == 200
