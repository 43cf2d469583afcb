"""zeep and suds load descriptions behind a prefix, where nothing else can be reached.

All descriptions, as a server serves them, are loaded in ``tests/acceptance``. Behind a prefix one noun stands for
the others: addresses are all that differs there.
"""

from __future__ import annotations

import pytest
import suds.client
import zeep
from lxml import etree

from cim_adapter.contract import ContractFiles, noun_of, read_offer

FILES = ContractFiles.locate()
SERVICES = [name for name in FILES.services() if noun_of(name) == "MeterReadings"]

behind_a_prefix = pytest.mark.parametrize("site", ["/metering/adapter"], ids=["behind a prefix"], indirect=True)
each_description = pytest.mark.parametrize(
    ("service", "soap12"),
    [(None, False), *((service, soap12) for service in SERVICES for soap12 in (False, True))],
    ids=lambda value: str(value),
)


@pytest.fixture
def zeep_client(site):
    """Makes zeep clients, and closes their connections."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("NO_PROXY", "*")
        transport = zeep.Transport(timeout=5)
        yield lambda service, soap12=False: zeep.Client(site.url(service, soap12=soap12), transport=transport)
        transport.session.close()


@behind_a_prefix
@each_description
def test_zeep_finds_every_operation(site, zeep_client, service, soap12):
    client = zeep_client(service, soap12)
    for port in [port for offered in client.wsdl.services.values() for port in offered.ports.values()]:
        assert set(port.binding.all()) == set(read_offer(FILES.description(service)).operations)
        assert port.binding_options["address"] == site.url(service).partition("?")[0]


@behind_a_prefix
@each_description
def test_suds_finds_every_operation(site, service, soap12):
    client = suds.client.Client(site.url(service, soap12=soap12), cache=None, timeout=5, proxy={})
    (definition,) = client.sd
    for _, methods in definition.ports:
        assert {name for name, _ in methods} == set(read_offer(FILES.description(service)).operations)


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
