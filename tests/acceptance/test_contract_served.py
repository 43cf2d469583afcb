"""The contract as it is served: the files, with our address in them, closed in itself."""

from __future__ import annotations

from urllib.parse import urljoin

import httpx
import pytest
from lxml import etree, html

from cim_adapter.contract import ContractFiles

FILES = ContractFiles.locate()
SERVED = [name for name in FILES.services() if name.endswith("MeterReadings")]  # the nouns with handlers
DESCRIPTIONS = [
    (f"/soap/{name}" if name else "/soap", query, FILES.description(name, soap12=query.endswith("soap12")))
    for name in (None, *SERVED)
    for query in ("?wsdl", "?wsdl=soap12")
]
each = pytest.mark.parametrize(("path", "query", "file"), DESCRIPTIONS)


@pytest.fixture
def anyone(standing_sqlite):
    with httpx.Client(base_url=standing_sqlite.url, trust_env=False) as opened:
        yield opened


def addresses(wsdl: bytes) -> set[str]:
    return {item.get("location") for item in etree.fromstring(wsdl).iter("{*}address")}


@each
def test_only_the_address_differs_from_the_file(anyone, standing_sqlite, path, query, file):
    served = anyone.get(path + query)
    assert served.status_code == 200
    assert served.headers["content-type"] == "text/xml; charset=utf-8"
    ours, theirs = f"{standing_sqlite.url}{path}".encode(), f"http://localhost:8080{path}".encode()
    assert ours in served.content
    assert served.content.replace(ours, theirs) == file.read_bytes()
    assert addresses(served.content) == {ours.decode()}


@each
def test_every_import_resolves_on_our_own_host(anyone, standing_sqlite, path, query, file):
    waiting, seen = [f"{standing_sqlite.url}{path}{query}"], set()
    while waiting:
        url = waiting.pop()
        if url in seen:
            continue
        seen.add(url)
        assert url.startswith(standing_sqlite.url)
        response = anyone.get(url)
        assert response.status_code == 200, url
        root = etree.fromstring(response.content)
        for element in root.iter("{*}import", "{*}include"):
            for name in ("schemaLocation", "location"):
                if element.get(name):
                    waiting.append(urljoin(url, element.get(name)))
    assert len(seen) > 1 or path == "/soap"


@pytest.mark.parametrize("query", ["?WSDL", "?wsdl=", "?Wsdl=1", "?singleWsdl&wsdl"])
def test_query_in_other_spellings(anyone, query):
    assert (
        anyone.get(f"/soap/GetMeterReadings{query}").content == anyone.get("/soap/GetMeterReadings?wsdl").content
    )


@pytest.mark.parametrize("name", sorted(path.name for path in FILES.xsd.glob("*.xsd")))
def test_schema_is_served_as_it_is(anyone, name):
    served = anyone.get(f"/xsd/{name}")
    assert served.content == (FILES.xsd / name).read_bytes()
    assert served.headers["content-type"] == "text/xml; charset=utf-8"


@pytest.mark.parametrize(
    "path",
    [
        "/xsd/No.xsd",
        "/xsd/..%2f..%2fpyproject.toml",
        "/xsd/",
        "/xsd/%00",
        "/soap/No?wsdl",
        "/soap/..%2f?wsdl",
        "/no",
    ],
)
def test_what_is_not_there_is_not_found(anyone, path):
    response = anyone.get(path)
    assert response.status_code == 404
    assert "Traceback" not in response.text


@pytest.mark.parametrize("path", ["/soap", *(f"/soap/{name}" for name in SERVED)])
def test_page_for_people_links_to_the_contract(anyone, path):
    response = anyone.get(path)
    assert response.headers["content-type"].startswith("text/html")
    page = html.fromstring(response.content)
    page.make_links_absolute(str(response.url))
    links = {link for _, _, link, _ in page.iterlinks() if link.startswith("http")}
    assert f"{response.url}?wsdl" in links
    for link in links:
        assert anyone.get(link).status_code == 200, link


@pytest.mark.parametrize(
    "path", ["/soap", "/soap?wsdl", "/soap/GetMeterReadings?wsdl", "/xsd/Message.xsd", "/health"]
)
def test_head_is_get_without_the_body(anyone, path):
    head, get = anyone.head(path), anyone.get(path)
    assert (head.status_code, head.content) == (200, b"")
    assert head.headers["content-type"] == get.headers["content-type"]
    assert head.headers["content-length"] == str(len(get.content))


@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH", "OPTIONS"])
def test_other_methods_are_not_allowed(anyone, method):
    response = anyone.request(method, "/soap")
    assert response.status_code == 405
    assert "POST" in response.headers["allow"]


FORWARDED = {
    "X-Forwarded-Proto": "https",
    "X-Forwarded-Host": "bus.example.org",
    "X-Forwarded-Prefix": "/metering/",
}


@pytest.fixture
def serve(tmp_path, launch_sqlite):
    """A server on SQLite with the given settings; a function that fetches its WSDL's addresses."""

    def start(**environment):
        server = launch_sqlite(tmp_path, **environment)

        def fetch(**headers):
            wsdl = httpx.get(f"{server.url}/soap/GetMeterReadings?wsdl", headers=headers, trust_env=False)
            return addresses(wsdl.content)

        return server, fetch

    return start


def test_behind_a_trusted_proxy(serve):
    _, fetch = serve(CIM_ADAPTER_TRUSTED_PROXIES="192.0.2.0/24, 127.0.0.1")
    assert fetch(**FORWARDED) == {"https://bus.example.org/metering/soap/GetMeterReadings"}
    assert fetch(**FORWARDED, **{"X-Forwarded-Port": "8443"}) == {
        "https://bus.example.org:8443/metering/soap/GetMeterReadings"
    }
    chain = {**FORWARDED, "X-Forwarded-Host": "bus.example.org, inner", "X-Forwarded-Proto": "https,http"}
    assert fetch(**chain) == {"https://bus.example.org/metering/soap/GetMeterReadings"}


def test_behind_a_proxy_that_is_not_trusted(serve):
    server, fetch = serve(CIM_ADAPTER_TRUSTED_PROXIES="192.0.2.0/24")
    assert fetch(**FORWARDED) == {f"{server.url}/soap/GetMeterReadings"}


@pytest.mark.parametrize("evil", ['x"/>', "a b", "javascript:alert(1)//", "x/../y"])
def test_trusted_proxy_that_was_fooled(serve, evil):
    _, fetch = serve(CIM_ADAPTER_TRUSTED_PROXIES="127.0.0.1")
    (found,) = fetch(**{"X-Forwarded-Host": evil, "X-Forwarded-Proto": evil, "X-Forwarded-Prefix": evil})
    assert evil not in found
    assert found.startswith("http://")


def test_public_url_wins(serve):
    _, fetch = serve(
        CIM_ADAPTER_PUBLIC_URL="https://bus.example.org/cim/", CIM_ADAPTER_TRUSTED_PROXIES="127.0.0.1"
    )
    assert fetch() == {"https://bus.example.org/cim/soap/GetMeterReadings"}
    assert fetch(**{**FORWARDED, "X-Forwarded-Host": "other"}) == {
        "https://bus.example.org/cim/soap/GetMeterReadings"
    }


def test_a_service_nobody_wrote_is_not_offered(anyone):
    assert anyone.get("/soap/ExecutePumps?wsdl").status_code == 404
    assert anyone.get("/xsd/MeterConfig.xsd").status_code == 200
