"""The checked-in contract is what the generator makes of the schema folder."""

from __future__ import annotations

import shutil

import pytest
from lxml import etree

from cim_adapter.contract import ContractError, ContractFiles, build, outdated, write

WSDL = "{http://schemas.xmlsoap.org/wsdl/}"

PROFILE = """<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema" elementFormDefault="qualified"
    targetNamespace="http://iec.ch/TC57/2011/{noun}#"><xs:element name="{element}"/></xs:schema>"""


@pytest.fixture
def folder(files, tmp_path):
    """A schema folder of one's own, with the envelope in it."""
    shutil.copy(files.xsd / "Message.xsd", tmp_path)
    return tmp_path


def add_profile(folder, noun, element=None, name=None):
    (folder / (name or f"{noun}.xsd")).write_text(PROFILE.format(noun=noun, element=element or noun))


def test_the_checked_in_files_are_what_the_generator_makes(files):
    stale = sorted(path.name for path in outdated(files))
    assert stale == [], "run `cim-adapter wsdl build`"


def test_no_wsdl_is_checked_in_that_the_generator_does_not_make(files):
    made = {place.removeprefix("wsdl/") for place in build(files.xsd)}
    assert {path.name for path in files.wsdl.iterdir()} <= made


def test_the_same_folder_gives_the_same_bytes(files):
    assert build(files.xsd) == build(files.xsd)


def test_meter_readings_have_their_whole_contract(files):
    assert set(build(files.xsd)) >= {
        "xsd/MeterReadingsMessage.xsd",
        "xsd/GetMeterReadingsMessage.xsd",
        "wsdl/Service.wsdl",
        *(
            f"wsdl/{service}MeterReadings{twin}.wsdl"
            for service in ("Execute", "Receive", "Reply", "Get")
            for twin in ("", ".soap12")
        ),
        "xsd/MeterReadingsOperationSetMessage.xsd",
        *(
            f"wsdl/{service}MeterReadingsOperationSet{twin}.wsdl"
            for service in ("Execute", "Receive")
            for twin in ("", ".soap12")
        ),
    }


def test_every_generated_file_is_pretty_and_says_where_it_comes_from(files):
    for place, content in build(files.xsd).items():
        assert content.startswith(b"<?xml version='1.0' encoding='UTF-8'?>\n<"), place
        assert content.endswith(b">\n"), place
        note = etree.fromstring(content)[0]
        assert note.tag is etree.Comment, place
        assert "cim-adapter wsdl build" in note.text, place


def test_another_noun_needs_only_its_schema(folder):
    add_profile(folder, "EndDeviceControls")
    made = build(folder)
    assert set(made) == {
        "wsdl/Service.wsdl",
        "xsd/EndDeviceControlsMessage.xsd",
        "wsdl/ExecuteEndDeviceControls.wsdl",
        "wsdl/ExecuteEndDeviceControls.soap12.wsdl",
        "wsdl/ReceiveEndDeviceControls.wsdl",
        "wsdl/ReceiveEndDeviceControls.soap12.wsdl",
        "wsdl/ReplyEndDeviceControls.wsdl",
        "wsdl/ReplyEndDeviceControls.soap12.wsdl",
        "xsd/EndDeviceControlsOperationSetMessage.xsd",
        "wsdl/ExecuteEndDeviceControlsOperationSet.wsdl",
        "wsdl/ExecuteEndDeviceControlsOperationSet.soap12.wsdl",
        "wsdl/ReceiveEndDeviceControlsOperationSet.wsdl",
        "wsdl/ReceiveEndDeviceControlsOperationSet.soap12.wsdl",
    }
    definitions = etree.fromstring(made["wsdl/ExecuteEndDeviceControls.wsdl"])
    assert definitions.get("targetNamespace") == "http://iec.ch/TC57/2011/ExecuteEndDeviceControls"


@pytest.mark.parametrize("noun", ["CustomerConfig", "MeterConfig"], ids=["before Get", "after Get"])
def test_a_query_adds_its_message_and_its_service(folder, noun):
    add_profile(folder, noun)
    before = set(build(folder))
    add_profile(folder, f"Get{noun}")
    assert set(build(folder)) - before == {
        f"xsd/Get{noun}Message.xsd",
        f"wsdl/Get{noun}.wsdl",
        f"wsdl/Get{noun}.soap12.wsdl",
    }


def test_generated_schemas_of_another_noun_compile(folder):
    add_profile(folder, "MeterConfig")
    add_profile(folder, "GetMeterConfig")
    write(ContractFiles(folder, folder / "wsdl"))
    for path in folder.glob("*Message.xsd"):
        etree.XMLSchema(etree.parse(path))


def test_write_brings_files_up_to_date_and_touches_no_other(folder):
    add_profile(folder, "MeterConfig")
    files = ContractFiles(folder, folder / "wsdl")
    assert len(write(files)) == 13
    assert write(files) == ()
    (folder / "wsdl" / "Service.wsdl").write_bytes(b"stale")
    assert write(files) == (folder / "wsdl" / "Service.wsdl",)


def test_names_of_the_typed_services(files):
    """The table of envelope facts §4.1, for the four patterns of one noun."""
    for service, noun, kind in (
        ("ExecuteMeterReadings", "MeterReadings", "Request"),
        ("ReceiveMeterReadings", "MeterReadings", "Event"),
        ("ReplyMeterReadings", "MeterReadings", "Event"),
        ("GetMeterReadings", "GetMeterReadings", "Request"),
    ):
        root = etree.parse(files.description(service)).getroot()
        base = "http://iec.ch/TC57/2011"
        assert root.get("targetNamespace") == f"{base}/{service}"
        assert [port.get("name") for port in root.iter(f"{WSDL}portType", f"{WSDL}port")] == [f"{noun}_Port"] * 2
        assert root.find(f"{WSDL}binding").get("name") == f"{noun}_Binding"
        assert root.find(f"{WSDL}service").get("name") == service
        parts = {message.get("name"): message[0].get("name") for message in root.iter(f"{WSDL}message")}
        for operation in root.iter(f"{WSDL}portType").__next__().iter(f"{WSDL}operation"):
            name = operation.get("name")
            ends = [(end.tag.removeprefix(WSDL), end.get("name"), end.get("message")) for end in operation[1:]]
            assert ends == [
                ("input", f"{name}{kind}", f"tns:{name}{kind}Message"),
                ("output", f"{name}Response", "tns:ResponseMessage"),
                ("fault", f"{name}Fault", "tns:FaultMessage"),
            ]
            assert parts[f"{name}{kind}Message"] == f"{name}{kind}Message"
        actions = {
            operation.get("name"): operation[0].get("soapAction")
            for operation in root.find(f"{WSDL}binding").iter(f"{WSDL}operation")
        }
        assert actions == {name: f"{base}/{noun}/{name}" for name in actions}


@pytest.mark.parametrize(
    ("prepare", "said"),
    [
        (lambda folder: (folder / "Message.xsd").unlink(), "Message.xsd is missing"),
        (lambda folder: add_profile(folder, "GetMeterConfig"), "MeterConfig, which has no profile"),
        (lambda folder: add_profile(folder, "MeterConfig", element="Other"), "no element MeterConfig"),
        (
            lambda folder: (folder / "MeterConfig.xsd").write_text("<open>"),
            "MeterConfig.xsd is not well-formed",
        ),
        (lambda folder: (folder / "MeterConfig.xsd").write_text("<other/>"), "is not an XML Schema"),
        (
            lambda folder: [add_profile(folder, "MeterConfig", name=name) for name in ("a.xsd", "b.xsd")],
            "MeterConfig is given twice: a.xsd and b.xsd",
        ),
    ],
    ids=["no envelope", "query without noun", "no such element", "no XML", "no schema", "noun twice"],
)
def test_an_unusable_folder_is_refused_by_name(folder, prepare, said):
    prepare(folder)
    with pytest.raises(ContractError, match=said):
        build(folder)
