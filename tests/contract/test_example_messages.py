"""The example messages are what their script makes, and each is what the contract says of its operation."""

from __future__ import annotations

import importlib.util
import sys
from copy import deepcopy
from functools import cache
from pathlib import Path

import pytest
from lxml import etree

from cim_adapter.contract import ContractFiles, read_offer

FILES = ContractFiles.locate()
EXAMPLES = Path(__file__).parents[2] / "examples"
PLACES = sorted(path.relative_to(EXAMPLES).as_posix() for path in EXAMPLES.glob("*/*.xml"))
NOUNS = sorted(
    path.stem
    for path in FILES.xsd.glob("*.xsd")
    if not path.stem.endswith("Message") and not path.stem.startswith("Get")
)
ENVELOPE = "{http://schemas.xmlsoap.org/soap/envelope/}"
MESSAGE = "{http://iec.ch/TC57/2011/schema/message}"


@pytest.fixture(scope="module")
def script():
    """``make_examples.py`` as a module."""
    spec = importlib.util.spec_from_file_location("make_examples", EXAMPLES / "make_examples.py")
    sys.modules[spec.name] = module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    yield module
    del sys.modules[spec.name]


@cache
def schema(namespace):
    """The schema of typed messages in this namespace."""
    return etree.XMLSchema(etree.parse(FILES.schema(f"{namespace.rpartition('/')[2]}.xsd")))


@cache
def offered(service):
    return read_offer(FILES.description(service)).roots


def message(place):
    """The typed message in an example."""
    envelope = etree.parse(EXAMPLES / place).getroot()
    assert envelope.tag == f"{ENVELOPE}Envelope"
    ((typed,),) = envelope
    return typed


def test_the_files_are_what_the_script_makes(script):
    made = dict(script.examples())
    assert sorted(made) == PLACES, "run `python examples/make_examples.py`"
    assert [place for place in PLACES if made[place] != (EXAMPLES / place).read_bytes()] == []


@pytest.mark.parametrize("noun", NOUNS)
def test_every_noun_is_created_asked_for_and_told_of(noun):
    assert {f"{noun}/{verb}.xml" for verb in ("create", "get", "created", "execute", "executed")} <= set(PLACES)


@pytest.mark.parametrize("place", PLACES)
def test_an_example_is_valid(place):
    typed = message(place)
    schema(etree.QName(typed).namespace).assertValid(typed)


@pytest.mark.parametrize("place", PLACES)
def test_an_example_is_of_the_verb_and_noun_of_its_place(place):
    noun, _, file = place.partition("/")
    late, verb = file.startswith("reply-"), file.removeprefix("reply-").removesuffix(".xml")
    of_set = verb.startswith("execute")
    about = f"{noun}OperationSet" if of_set else noun
    typed = message(place)
    assert etree.QName(typed).localname == f"{verb.capitalize()}{about}"
    header = {etree.QName(part).localname: part.text for part in typed[0]}
    assert (header["Verb"], header["Noun"]) == (verb, "OperationSet" if of_set else noun)
    assert (typed.find("{*}Reply") is not None) == late
    service = "Reply" if late else "Get" if verb == "get" else "Receive" if verb.endswith("ed") else "Execute"
    assert typed.tag in offered(f"{service}{about}")


@pytest.mark.parametrize("place", [place for place in PLACES if not place.endswith("/get.xml")])
def test_an_example_says_what_it_is_about(place):
    """In Payload or, where the verb needs no more than that, in Request/ID."""
    typed = message(place)
    failed = typed.findtext(f"{{*}}Reply/{MESSAGE}Result") == "FAILED"
    about = [*typed.iterfind("{*}Payload/*/*"), *typed.iterfind(f"{{*}}Request/{MESSAGE}ID")]
    assert about or failed


@pytest.mark.parametrize("place", [place for place in PLACES if "/execute" in place])
def test_what_an_operation_carries_is_valid(place):
    """The XSD of the set does not look at it."""
    (operation,) = message(place).iter(f"{MESSAGE}Operation")
    (profile,) = (part for part in operation if not part.tag.startswith(MESSAGE))
    assert operation.findtext(f"{MESSAGE}noun") == etree.QName(profile).localname == place.partition("/")[0]
    file = f"{etree.QName(profile).localname}.xsd"
    etree.XMLSchema(etree.parse(FILES.schema(file))).assertValid(deepcopy(profile))


def test_every_ref_of_a_device_is_declared_beside_it():
    """Functions and programmes stand at the root; codes are known to both sides."""
    for place in PLACES:
        typed = message(place)
        declared = {element.text for element in typed.iter("{*}mRID")}
        for element in typed.iter("{*}ComFunction", "{*}ConnectDisconnectFunction", "{*}DemandResponsePrograms"):
            if element.get("ref") is not None:
                assert element.get("ref") in declared, place


def test_no_message_has_the_id_of_another():
    ids = [message(place).findtext(f"{{*}}Header/{MESSAGE}MessageID") for place in PLACES]
    assert len(set(ids)) == len(ids)


def test_check_finds_what_differs(script, monkeypatch, tmp_path, capsys):
    monkeypatch.setattr(script, "HERE", tmp_path)
    monkeypatch.setattr(sys, "argv", ["make_examples.py", "--check"])
    assert script.main() == 1
    assert list(tmp_path.iterdir()) == []
    monkeypatch.setattr(sys, "argv", ["make_examples.py"])
    assert script.main() == 0
    capsys.readouterr()
    monkeypatch.setattr(sys, "argv", ["make_examples.py", "--check"])
    assert (script.main(), capsys.readouterr().out) == (0, "")
