"""Every WSDL, as it is served, loaded in zeep; every operation of it called through zeep with its example message,
and answered OK.

Each call has a world of its own: the identifiers in its example, and in the message that goes before it,
get an ending that no other call has.
"""

from __future__ import annotations

from functools import cache

import pytest
import requests
import zeep
from lxml import etree

from cim_adapter.contract import ContractFiles, read_offer

FILES = ContractFiles.locate()
SERVICES = FILES.services()
OPERATIONS = [
    (service, operation) for service in SERVICES for operation in read_offer(FILES.description(service)).operations
]
BINDINGS = {"1.1": "Soap11Binding", "1.2": "Soap12Binding"}

pytestmark = pytest.mark.usefixtures("only_standing_sqlite")
versions = pytest.mark.parametrize("soap", BINDINGS)


@pytest.fixture(scope="module")
def client(standing_sqlite):
    """``client(service, soap)`` → a zeep client of it; each is loaded once."""
    with requests.Session() as session:
        session.trust_env = False
        session.headers["X-API-Key"] = standing_sqlite.key
        transport = zeep.Transport(session=session, timeout=20, operation_timeout=60)

        @cache
        def load(service, soap):
            path = f"/soap/{service}" if service else "/soap"
            query = "?wsdl=soap12" if soap == "1.2" and service else "?wsdl"
            return zeep.Client(f"{standing_sqlite.url}{path}{query}", transport=transport)

        yield load


@pytest.fixture(scope="module")
def call(client):
    """``call(service, message, soap)`` → what zeep makes of the answer; the message goes through its objects."""

    def send(service, message, soap):
        loaded = client(service, soap)
        parsed = loaded.wsdl.types.get_element(message.tag).parse(message, loaded.wsdl.types)
        parts = {name: parsed[name] for name in dir(parsed) if parsed[name] is not None}
        return loaded.service[etree.QName(message).localname](**parts)

    return send


@versions
@pytest.mark.parametrize("service", SERVICES)
def test_zeep_finds_every_operation(client, standing_sqlite, expected_operations, service, soap):
    (offered,) = client(service, soap).wsdl.services.values()
    (port,) = offered.ports.values()
    assert type(port.binding).__name__ == BINDINGS[soap]
    assert set(port.binding.all()) == expected_operations(service)
    assert port.binding_options["address"] == f"{standing_sqlite.url}/soap/{service}"


def test_zeep_finds_the_generic_service(client, standing_sqlite):
    (offered,) = client(None, "1.1").wsdl.services.values()
    assert [type(port.binding).__name__ for port in offered.ports.values()] == list(BINDINGS.values())
    for port in offered.ports.values():
        assert set(port.binding.all()) == {"Request", "Response", "PublishEvent"}
        assert port.binding_options["address"] == f"{standing_sqlite.url}/soap"


@versions
@pytest.mark.parametrize(("service", "operation"), OPERATIONS)
def test_an_operation_is_answered_ok(call, typed_example, service, operation, soap):
    messages = typed_example(service, operation, f" of {service} {operation} {soap}")
    for earlier, message in messages[:-1]:
        assert call(earlier, message, "1.1").Reply.Result == "OK"
    (_, message) = messages[-1]
    answer = call(service, message, soap)
    assert answer.Reply.Result == "OK", [error.reason for error in answer.Reply.Error]
    noun = message.findtext("{*}Header/{*}Noun")
    assert (answer.Header.Verb, answer.Header.Noun) == ("reply", noun)
    if service.startswith("Get"):
        assert answer.Payload[noun] is not None


@versions
@pytest.mark.parametrize("operation", ["Request", "PublishEvent", "Response"])
def test_an_operation_of_the_generic_service_is_answered_ok(client, messages, operation, soap):
    loaded = client(None, soap)
    (name,) = loaded.wsdl.services
    port = loaded.bind(name, "SOAP" if soap == "1.1" else "SOAP12")
    verb = {"Request": "create", "PublishEvent": "created", "Response": "reply"}[operation]
    parts = {"Reply": {"Result": "OK"}} if verb == "reply" else {}
    if verb != "reply":
        parts = {"Payload": {"_value_1": [messages.readings(messages.meter())]}}
    answer = port[operation](Header={"Verb": verb, "Noun": "MeterReadings"}, **parts)
    assert (answer.Reply.Result, answer.Header.Verb) == ("OK", "reply")
