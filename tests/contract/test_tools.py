"""zeep and suds load every description from a server on which nothing else can be reached."""

from __future__ import annotations

import pytest
import suds.client
import zeep
from lxml import etree

from cim_adapter.contract import ContractFiles

SERVICES = ContractFiles.locate().services()
DESCRIPTIONS = [(None, False), *((service, soap12) for service in SERVICES for soap12 in (False, True))]
PAST = {
    "Create": "Created",
    "Change": "Changed",
    "Cancel": "Canceled",
    "Close": "Closed",
    "Delete": "Deleted",
}

# All of them at the root. Behind a prefix one noun stands for the others: addresses are all that differs there.
PREFIX = "/metering/adapter"
PLACES = [("", *described) for described in DESCRIPTIONS] + [
    (PREFIX, service, soap12)
    for service, soap12 in DESCRIPTIONS
    if service is None or service.endswith("MeterReadings")
]

each_description = pytest.mark.parametrize(
    ("site", "service", "soap12"),
    PLACES,
    ids=[
        f"{service or 'Service'}{' 1.2' if soap12 else ''}{' behind a prefix' if prefix else ''}"
        for prefix, service, soap12 in PLACES
    ],
    indirect=["site"],
)


def expected_operations(service):
    """What envelope facts §4.1 and §4.3 say a service offers."""
    if service is None:
        return {"Request", "Response", "PublishEvent"}
    if service.startswith("Get"):
        return {service}
    noun = service.removeprefix("Execute").removeprefix("Receive").removeprefix("Reply")
    return {f"{verb}{noun}" for verb in (PAST if service.startswith("Execute") else PAST.values())}


@pytest.fixture
def zeep_client(site):
    """Makes zeep clients, and closes their connections."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("NO_PROXY", "*")
        transport = zeep.Transport(timeout=5)
        yield lambda service, soap12=False: zeep.Client(site.url(service, soap12=soap12), transport=transport)
        transport.session.close()


@each_description
def test_zeep_finds_every_operation(site, zeep_client, service, soap12):
    client = zeep_client(service, soap12)
    ports = [port for offered in client.wsdl.services.values() for port in offered.ports.values()]
    versions = [type(port.binding).__name__ for port in ports]
    if service is None:
        assert versions == ["Soap11Binding", "Soap12Binding"]
    else:
        assert versions == ["Soap12Binding" if soap12 else "Soap11Binding"]
    for port in ports:
        assert set(port.binding.all()) == expected_operations(service)
        assert port.binding_options["address"] == site.url(service).partition("?")[0]


@each_description
def test_suds_finds_every_operation(site, service, soap12):
    client = suds.client.Client(site.url(service, soap12=soap12), cache=None, timeout=5, proxy={})
    (definition,) = client.sd
    for _, methods in definition.ports:
        assert {name for name, _ in methods} == expected_operations(service)
    assert len(definition.ports) == (2 if service is None else 1)


def test_zeep_writes_what_the_schema_takes(zeep_client, files):
    client = zeep_client("ExecuteMeterReadings")
    message = client.create_message(
        client.service,
        "CreateMeterReadings",
        Header={"Verb": "create", "Noun": "MeterReadings"},
        Payload={
            "MeterReadings": {
                "MeterReading": [
                    {
                        "Meter": {"mRID": "M-1001"},
                        "Readings": [
                            {"value": "1.50", "ReadingType": {"ref": "0.0.0.1.1.1.12.0.0.0.0.0.0.0.0.3.72.0"}}
                        ],
                    }
                ]
            }
        },
    )
    body = message.find("{http://schemas.xmlsoap.org/soap/envelope/}Body")[0]
    etree.XMLSchema(etree.parse(files.schema("MeterReadingsMessage.xsd"))).assertValid(body)


def test_suds_writes_what_the_schema_takes(site, files):
    sent = []

    class Keep(suds.plugin.MessagePlugin):
        def sending(self, context):
            sent.append(context.envelope)

    client = suds.client.Client(
        site.url("GetMeterReadings"), cache=None, timeout=5, proxy={}, nosend=True, plugins=[Keep()]
    )
    query = client.factory.create("{http://iec.ch/TC57/2011/GetMeterReadings#}GetMeterReadings")
    query.EndDevice = [{"mRID": "M-1001"}]
    client.service.GetMeterReadings({"Verb": "get", "Noun": "MeterReadings"}, {"GetMeterReadings": query})
    (envelope,) = sent
    body = etree.fromstring(envelope).find("{http://schemas.xmlsoap.org/soap/envelope/}Body")[0]
    etree.XMLSchema(etree.parse(files.schema("GetMeterReadingsMessage.xsd"))).assertValid(body)
