import asyncio
from types import ModuleType

import pytest
from lxml import etree

from cim_adapter import Adapter, Reply, Settings, handles
from cim_adapter.access import Credentials
from cim_adapter.envelope import Header, Message, Payload, Verb
from cim_adapter.errors import Incomplete, UnknownNoun, UnknownVerb
from cim_adapter.nouns.registry import Call, Registry, built_in_modules
from cim_adapter.wire import Answer, Arrival


@pytest.fixture
def module():
    """A module with these functions."""

    def make(**members):
        made = ModuleType("users")
        vars(made).update(members)
        return made

    return make


def test_ours_are_found():
    registry = Registry(built_in_modules(), ["MeterReadings", "MeterConfig"])
    for noun in ("MeterReadings", "MeterConfig"):
        assert set(registry.nouns[noun]) == set(Verb) - {"execute", "executed"}


def test_a_function_may_serve_several(module):
    def serve(call, prepared, transaction):
        return Reply()

    marked = handles("create", "Pumps")(handles("change", "Pumps", prepare=str)(serve))
    assert marked is serve
    registry = Registry([module(serve=marked, other=5, text="x")])
    create, change = (registry.find(verb, "Pumps") for verb in ("create", "change"))
    assert (create.run, change.run) == (serve, serve)
    assert change.prepare is str


def test_a_later_module_wins(module):
    one, other = (handles("get", "Pumps")(lambda *_, n=n: Reply()) for n in range(2))
    assert Registry([module(a=one), module(a=other)]).find("get", "Pumps").run is other


def test_an_unknown_noun_is_told_the_nouns(module):
    registry = Registry(
        [module(a=handles("get", "Pumps")(lambda *_: Reply()), b=handles("get", "Doors")(lambda *_: Reply()))]
    )
    with pytest.raises(UnknownNoun, match="'Windows' is no noun served here; these are: Doors, Pumps"):
        registry.find("get", "Windows")


def test_an_unknown_verb_is_told_the_verbs(module):
    function = handles("get", "Pumps")(handles("create", "Pumps")(lambda *_: Reply()))
    with pytest.raises(UnknownVerb, match="Pumps has no verb 'delete'; it has: create, get"):
        Registry([module(a=function)]).find("delete", "Pumps")


def test_a_users_module_wins_over_ours(module, tmp_path):
    class Wire:
        name = "bare"
        open = staticmethod(lambda document: document)
        close = fault = staticmethod(lambda message, *_: Answer(body=etree.tostring(message)))

    mine = handles("delete", "MeterReadings")(lambda call, prepared, tx: Reply(errors=()))
    body = (
        b'<RequestMessage xmlns="http://iec.ch/TC57/2011/schema/message"><Header><Verb>delete</Verb>'
        b"<Noun>MeterReadings</Noun></Header></RequestMessage>"
    )
    with Adapter.prepared(Settings(data=tmp_path, open=True), [module(mine=mine)]) as adapter:
        arrival = Arrival(body=body, credentials=Credentials(), remote=None, wire=Wire())
        reply = etree.fromstring(asyncio.run(adapter.pipeline.take(arrival)).body)
    assert reply.findtext(".//{*}Result") == "OK"


# -------------------------------------------------------------------------------------------- calls


@pytest.fixture
def call():
    def make(*elements):
        message = Message(
            header=Header(verb="create", noun="Pumps"), payload=Payload(elements=elements) if elements else None
        )
        return Call(
            uid="u", partner="p", message=message, vault=None, settings=Settings(), codes=None, catalogue=None
        )

    return make


def test_the_payload_is_that_of_the_noun(call):
    element = etree.Element("{urn:x}Pumps")
    assert call(element).payload is element


def test_no_payload(call):
    with pytest.raises(Incomplete, match="Payload must hold a Pumps element for the verb create") as caught:
        _ = call().payload
    assert caught.value.code == "1.7"


def test_a_payload_of_another_noun(call):
    with pytest.raises(UnknownNoun, match="Header/Noun is Pumps, but Payload holds Doors"):
        _ = call(etree.Element("{urn:x}Doors")).payload
