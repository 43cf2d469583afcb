"""Who is let in, and who may do what: the same over every transport."""

from __future__ import annotations

import time
from collections.abc import Callable

import httpx
import jwt
import pytest
from lxml import etree

from cim_adapter import Adapter, Settings
from cim_adapter.transports.rest.examples import EXAMPLES, PATCHES
from tests.access.test_roles import CASES
from tests.inboxes import Drop
from tests.servers import Launcher

ROLES, *ROWS = [line.split() for line in CASES.strip().splitlines()]
SECRET = "the secret that issuer and adapter share"
TRANSPORTS = ("soap 1.1", "soap 1.2", "bare", "json", "xml")
EVERYWHERE = (*TRANSPORTS, "rest")
RESOURCES = {
    "MeterReadings": "meter-readings",
    "EndDeviceControls": "end-device-controls",
    "EndDeviceEvents": "end-device-events",
    "MeterConfig": "meter-config",
    "UsagePointConfig": "usage-point-config",
}


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    return tmp_path_factory.mktemp("everywhere")


@pytest.fixture(scope="module")
def server(home):
    launcher = Launcher(home)
    yield launcher.start(CIM_ADAPTER_JWT_SECRET=SECRET, CIM_ADAPTER_JWT_ISSUER="idp")
    launcher.close()


@pytest.fixture(scope="module")
def keys(server, home):
    """An API key for each role, without limit."""
    cli = Launcher(home).cli
    made = {role: cli("key", "create", f"{role}-holder", "--role", role, "--quota", "0") for role in ROLES}
    return {role: done.stdout.strip() for role, done in made.items()}


@pytest.fixture
def codes(server, messages) -> Callable[..., dict[str, tuple[int, str]]]:
    """HTTP status and reply code of a message without payload over each transport."""

    def ask(verb: str, noun: str, **headers: str) -> dict[str, tuple[int, str]]:
        message = messages.message(verb, header={"Noun": noun})
        xml = etree.tostring(message)
        envelopes = [
            etree.tostring(messages.envelope(message, soap)) for soap in (messages.SOAP11, messages.SOAP12)
        ]
        sent = (
            ("/soap", "text/xml", envelopes[0]),
            ("/soap", "application/soap+xml", envelopes[1]),
            ("/soap", "application/xml", xml),
            ("/messages", "application/json", f'{{"Header":{{"Verb":"{verb}","Noun":"{noun}"}}}}'.encode()),
            ("/messages", "application/xml", xml),
        )
        found = {}
        with httpx.Client(base_url=server.url, headers=headers, trust_env=False) as client:
            for transport, (path, media, content) in zip(TRANSPORTS, sent, strict=True):
                answer = client.post(path, content=content, headers={"Content-Type": media, "Accept": media})
                if media == "application/json":
                    (error,) = _errors(answer.json())
                    code = error["code"]
                else:
                    code = etree.fromstring(answer.content).findtext(".//{*}Error/{*}code")
                found[transport] = (answer.status_code, code)
            if (answer := over_rest(client, verb, noun)) is not None:
                problem = answer.json() if answer.is_error else {"code": "0.0"}
                found["rest"] = (answer.status_code, problem["code"])
        return found

    return ask


def over_rest(client: httpx.Client, verb: str, noun: str) -> httpx.Response | None:
    """The answer of the resource; None where REST has no such verb or noun."""
    path = RESOURCES.get(noun, "")
    match verb if path else "":
        case "get":
            return client.get(f"/{path}", params={"meter": "nobody"})
        case "create":
            return client.post(f"/{path}", json=EXAMPLES[path])
        case "change":
            return client.patch(f"/{path}/nobody", json=PATCHES[path])
        case "delete" if noun == "MeterReadings":
            return client.delete(f"/{path}", params={"meter": "nobody"})
        case "delete":
            return client.delete(f"/{path}/nobody")
    return None


def _errors(value: object) -> list[dict]:
    """The Errors of an answer in JSON, wherever its Reply stands."""
    if isinstance(value, dict):
        if isinstance(value.get("Error"), list):
            return value["Error"]
        return [error for inner in value.values() for error in _errors(inner)]
    return []


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize(
    "row", [row for row in ROWS if row[1] != "OperationSet"], ids=lambda row: "-".join(row[:2])
)
def test_each_role_verb_and_noun_over_each_transport(codes, keys, role, row):
    verb, noun, *marks = row
    allowed = dict(zip(ROLES, marks, strict=True))[role] == "x"
    found = codes(verb, noun, **{"X-API-Key": keys[role]})
    assert {code == "7.5" for _, code in found.values()} == {not allowed}, found
    if not allowed:
        assert [found[transport][0] for transport in TRANSPORTS] == [200, 200, 200, 403, 403]
        assert found.get("rest", (403,))[0] == 403
    served = noun in RESOURCES and verb in ("get", "create", "change", "delete")
    assert ("rest" in found) is served


@pytest.mark.parametrize("role", ROLES)
def test_each_role_verb_and_noun_in_files(role, messages, tmp_path):
    """The owner of a folder may what its role may: no more, and no less."""
    settings = Settings(data=tmp_path / "data")
    allowed = {
        f"{verb}-{noun}.xml": dict(zip(ROLES, marks, strict=True))[role] == "x"
        for verb, noun, *marks in ROWS
        if noun != "OperationSet"
    }
    with Adapter.prepared(settings) as adapter:
        drop = Drop(adapter, tmp_path / "inbox", role=role, partner=f"{role}-holder")
        for name in allowed:
            verb, noun = name.removesuffix(".xml").split("-")
            drop.put(name, messages.message(verb, header={"Noun": noun}))
        reports = drop.take()
    codes = {report.file: report.messages[0].errors[0].code for report in reports}
    assert {name: code != "7.5" for name, code in codes.items()} == allowed


def bearer(secret: str = SECRET, algorithm: str = "HS256", **changed: object) -> dict[str, str]:
    claims = {"sub": "hes", "role": "admin", "iss": "idp", "aud": "cim_adapter", "exp": int(time.time()) + 300}
    token = jwt.encode({**claims, **changed}, secret if algorithm != "none" else None, algorithm=algorithm)
    return {"Authorization": f"Bearer {token}"}


@pytest.mark.parametrize(
    ("headers", "code"),
    [
        (dict, "7.2"),
        (lambda: bearer(exp=1), "7.4"),
        (lambda: bearer(algorithm="none"), "7.4"),
        (lambda: bearer(aud="another"), "7.4"),
        (lambda: bearer(iss="another"), "7.4"),
        (lambda: bearer(secret=SECRET * 2, algorithm="HS512"), "7.4"),
        (lambda: bearer(secret="another secret, which is as long"), "7.4"),
        (lambda: bearer(role="emperor"), "7.4"),
        (lambda: {"X-API-Key": "cim_000000000000_x"}, "7.4"),
        (lambda: {"Authorization": "Basic eDp5"}, "7.4"),
        (lambda: {"Authorization": "Digest x"}, "7.4"),
    ],
    ids=[
        "none",
        "expired",
        "unsigned",
        "audience",
        "issuer",
        "algorithm",
        "secret",
        "role",
        "key",
        "basic",
        "digest",
    ],
)
def test_a_credential_that_is_not_good_is_refused_everywhere(codes, headers, code):
    assert codes("get", "MeterReadings", **headers()) == dict.fromkeys(EVERYWHERE, (401, code))
    assert codes("create", "EndDeviceControls", **headers()) == dict.fromkeys(EVERYWHERE, (401, code))


def test_a_good_token_is_taken_everywhere(codes):
    assert {status for status, _ in codes("get", "MeterReadings", **bearer()).values()} != {401}


def test_a_revoked_key_is_refused_everywhere(codes, home):
    cli = Launcher(home).cli
    key = cli("key", "create", "leaver", "--role", "reader", "--quota", "0").stdout.strip()
    assert 401 not in {status for status, _ in codes("get", "MeterReadings", **{"X-API-Key": key}).values()}
    assert cli("key", "revoke", "leaver").returncode == 0
    refused = dict.fromkeys(EVERYWHERE, (401, "7.4"))
    deadline = time.monotonic() + 10
    while codes("get", "MeterReadings", **{"X-API-Key": key}) != refused:
        assert time.monotonic() < deadline
