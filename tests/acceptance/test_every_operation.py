"""Every operation of every WSDL, called once through zeep with its example message, and answered OK.

Each call has a world of its own: the identifiers in its example, and in the message that goes before it,
get an ending that no other call has.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path

import pytest
import requests
import zeep
from lxml import etree

from cim_adapter.contract import ContractFiles, read_offer

EXAMPLES = Path(__file__).parents[2] / "examples"
FILES = ContractFiles.locate()
OPERATIONS = [
    (service, operation)
    for service in FILES.services()
    for operation in read_offer(FILES.description(service)).operations
]
MSG = "{http://iec.ch/TC57/2011/schema/message}"


def verb_and_noun(service: str, operation: str) -> tuple[str, str]:
    noun = service.removeprefix("Get")
    for pattern in ("Execute", "Receive", "Reply"):
        noun = noun.removeprefix(pattern) if service.startswith(pattern) else noun
    return operation.removesuffix(noun).lower(), noun


def example(noun: str, verb: str, ending: str) -> etree._Element:
    """The typed message of an example, about objects whose identifiers have ``ending``."""
    ((message,),) = etree.parse(EXAMPLES / noun / f"{verb}.xml").getroot()
    own = [element for element in message.iter("{*}mRID", "{*}issuerTrackingID", f"{MSG}MessageID", f"{MSG}ID")]
    own += [element for element in message.iter(f"{MSG}CorrelationID", "{*}ID")]
    own += message.xpath("//*[local-name()='Names']/*[local-name()='name'][not(contains(., '.0.'))]")
    names = {element.text for element in own}
    for element in dict.fromkeys(own):
        if element.text and not is_code(element.text):
            element.text += ending
    for element in message.xpath("//*[@ref]"):
        if element.get("ref") in names and not is_code(element.get("ref")):
            element.set("ref", element.get("ref") + ending)
    return message


def is_code(text: str) -> bool:
    return text.replace(".", "").isdigit() and "." in text


@pytest.fixture(scope="module")
def call(standing_sqlite):
    """``call(service, message)`` → what zeep makes of the answer; the message goes through its objects."""
    with requests.Session() as session:
        session.trust_env = False
        session.headers["X-API-Key"] = standing_sqlite.key
        transport = zeep.Transport(session=session, timeout=20, operation_timeout=60)

        @cache
        def client(service):
            return zeep.Client(f"{standing_sqlite.url}/soap/{service}?wsdl", transport=transport)

        def send(service, message):
            loaded = client(service)
            parsed = loaded.wsdl.types.get_element(message.tag).parse(message, loaded.wsdl.types)
            parts = {name: parsed[name] for name in dir(parsed) if parsed[name] is not None}
            return loaded.service[etree.QName(message).localname](**parts)

        yield send


def before(verb: str, noun: str) -> str | None:
    """The verb that must have come before, so that there is something to change, end or get."""
    if verb in ("create", "created"):
        return None
    return "created" if verb.endswith("ed") and noun != "MeterReadSchedule" else "create"


@pytest.mark.parametrize(("service", "operation"), OPERATIONS)
def test_an_operation_is_answered_ok(call, service, operation):
    verb, noun = verb_and_noun(service, operation)
    verb = verb or "get"
    ending = f" of {service} {verb}"
    earlier = before(verb, noun)
    if earlier:
        first = f"{'Receive' if earlier.endswith('ed') else 'Execute'}{noun}"
        assert call(first, example(noun, earlier, ending)).Reply.Result == "OK"
    message = example(noun, verb, ending)
    if service.startswith("Reply"):
        reply = etree.Element(message[0].tag.replace("Header", "Reply"))
        etree.SubElement(reply, f"{MSG}Result").text = "OK"
        message.insert(1, reply)
    answer = call(service, message)
    assert answer.Reply.Result == "OK", [error.reason for error in answer.Reply.Error]
    assert (answer.Header.Verb, answer.Header.Noun) == ("reply", noun)
    if verb == "get":
        assert answer.Payload[noun] is not None
