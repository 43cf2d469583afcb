"""Files of the contract are found by name, and nothing else is."""

from __future__ import annotations

import pytest

from cim_adapter.contract import ContractFiles


def test_the_contract_of_a_checkout_is_found(files):
    assert files.schema("Message.xsd").read_bytes().startswith(b"<?xml")
    assert files.description().name == "Service.wsdl"


def test_a_typed_service_has_two_descriptions(files):
    assert files.description("GetMeterReadings").name == "GetMeterReadings.wsdl"
    assert files.description("GetMeterReadings", soap12=True).name == "GetMeterReadings.soap12.wsdl"


def test_the_generic_description_serves_both_versions(files):
    assert files.description(soap12=True) == files.description()


def test_services_are_the_typed_ones(files):
    assert {"ExecuteMeterReadings", "GetMeterReadings", "ReceiveMeterReadings"} <= set(files.services())
    assert "Service" not in files.services()


@pytest.mark.parametrize(
    "name",
    [
        "",
        ".",
        "..",
        "../Message.xsd",
        "../../pyproject.toml",
        "/etc/passwd",
        "./Message.xsd",
        "message.xsd",
        "Message.xsd\0",
        "Message.xsd/",
        "..\\Message.xsd",
        "secret.key",
        "folder.xsd",
        "Service",
    ],
)
def test_no_other_name_finds_anything(tmp_path, name):
    xsd = tmp_path / "xsd"
    (xsd / "folder.xsd").mkdir(parents=True)
    for path in (xsd / "Message.xsd", xsd / "secret.key", tmp_path / "Message.xsd", xsd / "Service.wsdl"):
        path.touch()
    files = ContractFiles(xsd, xsd)
    assert files.schema(name) is None
    if name:
        assert files.description(name) is None
