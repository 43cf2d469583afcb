"""What the JSON of a document looks like, form by form, and that each comes back."""

from __future__ import annotations

from decimal import Decimal

import pytest
from lxml import etree

from cim_adapter.schema import Budget, parse

BUDGET = Budget()
MESSAGE = "http://iec.ch/TC57/2011/schema/message"
READINGS = "http://iec.ch/TC57/2011/MeterReadings#"
XSI = "http://www.w3.org/2001/XMLSchema-instance"
FAULT = "{" + MESSAGE + "}FaultMessage"


@pytest.fixture
def both_ways(bridge, canonical):
    """The JSON text of an XML text, after that was made XML again and found to be the same."""

    def go(xml: str) -> str:
        document = parse(xml.encode(), BUDGET)
        text = bridge.write(document)
        assert canonical(bridge.read(text, document.tag, BUDGET)) == canonical(document)
        return text.decode()

    return go


def odd(content: str) -> str:
    return f'<o:Odd xmlns:o="urn:odd#" xmlns:x="urn:x" xmlns:xsi="{XSI}">{content}</o:Odd>'


@pytest.mark.parametrize(
    ("xml", "json"),
    [
        # Numbers and booleans are literals where both languages write them alike, text where not.
        ("<o:count>15</o:count>", '{"count":15}'),
        ("<o:count>+15</o:count>", '{"count":"+15"}'),
        ("<o:count> 15 </o:count>", '{"count":" 15 "}'),
        ("<o:count>007</o:count>", '{"count":"007"}'),
        ("<o:count>-0</o:count>", '{"count":"-0"}'),
        ("<o:count></o:count>", '{"count":""}'),
        ("<o:count>12345678901234567890123</o:count>", '{"count":12345678901234567890123}'),
        ("<o:money>1.50</o:money>", '{"money":[1.50]}'),
        ("<o:money>1</o:money><o:money>0.00000001</o:money>", '{"money":[1,"0.00000001"]}'),
        ("<o:money>0.10000000000000000555111512312</o:money>", '{"money":[0.10000000000000000555111512312]}'),
        ("<o:money>1E+3</o:money>", '{"money":["1E+3"]}'),
        ("<o:ratio>1e3</o:ratio>", '{"ratio":"1e3"}'),
        ("<o:ratio>1E+3</o:ratio>", '{"ratio":1E+3}'),
        ("<o:ratio>INF</o:ratio>", '{"ratio":"INF"}'),
        ("<o:ratio>NaN</o:ratio>", '{"ratio":"NaN"}'),
        ("<o:ratio>Infinity</o:ratio>", '{"ratio":"Infinity"}'),
        ("<o:ratio>1_0</o:ratio>", '{"ratio":"1_0"}'),
        ("<o:ratio>١</o:ratio>", '{"ratio":"١"}'),
        ("<o:flag>true</o:flag>", '{"flag":true}'),
        ("<o:flag>1</o:flag>", '{"flag":"1"}'),
        # Qualified names say their namespace; a prefix means nothing in JSON.
        ("<o:code>x:name</o:code>", '{"code":"{urn:x}name"}'),
        ("<o:code>name</o:code>", '{"code":"name"}'),
        # Attributes are members; the text beside them has a member of its own.
        ('<o:Amount exact="true" scale="2">1.50</o:Amount>', '{"Amount":{"exact":true,"scale":2,"$value":1.50}}'),
        ('<o:Amount exact="1" unit="x:V">1</o:Amount>', '{"Amount":{"exact":"1","unit":"{urn:x}V","$value":1}}'),
        ("<o:Amount>1</o:Amount>", '{"Amount":{"$value":1}}'),
        ("<o:Amount/>", '{"Amount":{}}'),
        ('<o:Clash name="a"><o:name>b</o:name></o:Clash>', '{"Clash":{"{}name":"a","name":"b"}}'),
        ('<o:Side id="1"/>', '{"Side":{"id":"1"}}'),
        # nil.
        ('<o:flag xsi:nil="true"/>', '{"flag":null}'),
        ('<o:flag xsi:nil="1"/>', f'{{"flag":{{"{{{XSI}}}nil":"1"}}}}'),
        ('<o:count xsi:nil="true"/>', f'{{"count":{{"{{{XSI}}}nil":"true"}}}}'),
        ('<o:Side xsi:type="x:T"/>', f'{{"Side":{{"{{{XSI}}}type":"{{urn:x}}T"}}}}'),
        # A repeated choice: arrays where the order is the XSD's, items one by one where it is not.
        ("<o:Left/><o:Left/><o:right>1</o:right>", '{"Left":[{},{}],"right":[1]}'),
        ("<o:right>1</o:right><o:Left/>", '{"$content":[{"right":1},{"Left":{}}]}'),
        (
            "<o:count>1</o:count><o:Left/><o:right>1</o:right><o:Left/>",
            '{"$content":[{"count":1},{"Left":{}},{"right":1},{"Left":{}}]}',
        ),
        (
            "<o:Twice><o:a>1</o:a><o:b>2</o:b><o:a>3</o:a></o:Twice>",
            '{"Twice":{"$content":[{"a":"1"},{"b":"2"},{"a":"3"}]}}',
        ),
        ("<o:All><o:x>1</o:x><o:y>2</o:y></o:All>", '{"All":{"x":"1","y":"2"}}'),
        ("<o:All><o:y>2</o:y><o:x>1</o:x></o:All>", '{"All":{"$content":[{"y":"2"},{"x":"1"}]}}'),
        (
            "<o:Mixed>so <o:bold>loud</o:bold> here</o:Mixed>",
            '{"Mixed":{"$content":["so ",{"bold":"loud"}," here"]}}',
        ),
        ("<o:Mixed>quiet</o:Mixed>", '{"Mixed":{"$content":["quiet"]}}'),
        # Elements that no XSD knows.
        ("<x:a>1.50</x:a>", '{"a":{"$value":"1.50","$namespace":"urn:x"}}'),
        ("<x:a/>", '{"a":{"$namespace":"urn:x"}}'),
        ("<x:a>1</x:a><x:a/>", '{"a":[{"$value":"1","$namespace":"urn:x"},{"$namespace":"urn:x"}]}'),
        (
            '<x:a k="v" x:k="w">t<x:b/><o:b> </o:b> u </x:a>',
            '{"a":{"k":"v","{urn:x}k":"w","$namespace":"urn:x","$content":["t",{"b":""},'
            '{"b":{"$value":" ","$namespace":"urn:odd#"}}," u "]}}',
        ),
        ("<x:a/><x:b/><x:a/>", '{"$content":[{"a":{"$namespace":"urn:x"}},{"b":{"$namespace":"urn:x"}},'
         '{"a":{"$namespace":"urn:x"}}]}'),
        # Extensions that are called like something that is known, and what is out of place, or repeated.
        ("<x:Side/>", '{"$content":[{"Side":{"$namespace":"urn:x"}}]}'),
        ("<o:Side/><o:Side/>", '{"$content":[{"Side":{}},{"Side":{}}]}'),
        ("<o:Side><x:a/></o:Side>", '{"Side":{"$content":[{"a":{"$namespace":"urn:x"}}]}}'),
        ("<o:Side>text</o:Side>", '{"Side":{"$content":["text"]}}'),
        ('<o:Side new="1"/>', '{"Side":{"{}new":"1"}}'),
        ("<o:count><x:a/></o:count>", '{"count":{"$content":[{"a":{"$namespace":"urn:x"}}]}}'),
    ],
)  # fmt: skip
def test_each_form(xml, json, both_ways):
    assert both_ways(odd(xml)) == json


@pytest.mark.parametrize(
    ("text", "json", "back"),
    [(" x:name\n", " {urn:x}name\n", " ns1:name\n"), ("no:name", "no:name", "no:name"), (":", ":", ":")],
)
def test_qualified_names_beyond_canonical_xml(text, json, back, bridge):
    document = parse(odd(f"<o:code>{text}</o:code>").encode(), BUDGET)
    assert bridge.to_json(document) == {"code": json}
    assert bridge.from_json({"code": json}, document.tag)[0].text == back


def test_a_profile_needs_no_namespace_where_its_name_says_enough(both_ways):
    def message(namespace: str) -> str:
        return both_ways(
            f'<RequestMessage xmlns="{MESSAGE}"><Header><Verb>create</Verb><Noun>MeterReadings</Noun></Header>'
            f'<Payload><r:MeterReadings xmlns:r="{namespace}"/></Payload></RequestMessage>'
        )

    header = '{"Header":{"Verb":"create","Noun":"MeterReadings"},"Payload":'
    assert message(READINGS) == header + '{"MeterReadings":{}}}'
    other = "http://iec.ch/TC57/2017/MeterReadings#"
    assert message(other) == header + f'{{"MeterReadings":{{"$namespace":"{other}"}}}}}}'


def test_a_query_is_the_profile_and_not_the_message_of_the_same_name(bridge):
    root = bridge.from_json({"Request": {"GetMeterReadings": {"Reading": []}}}, f"{{{MESSAGE}}}RequestMessage")
    assert root[0][0].tag == "{http://iec.ch/TC57/2011/GetMeterReadings#}GetMeterReadings"


def test_the_day_in_a_life(bridge):
    message = parse(
        f"""<RequestMessage xmlns="{MESSAGE}">
          <Header><Verb>create</Verb><Noun>MeterReadings</Noun><AsyncReplyFlag>true</AsyncReplyFlag></Header>
          <Payload><MeterReadings xmlns="{READINGS}"><MeterReading><Meter><mRID>M-1</mRID></Meter><Readings>
            <value>1.50</value><ReadingType ref="0.0.0"/></Readings></MeterReading></MeterReadings></Payload>
        </RequestMessage>""".encode(),
        BUDGET,
    )
    assert bridge.to_json(message) == {
        "Header": {"Verb": "create", "Noun": "MeterReadings", "AsyncReplyFlag": True},
        "Payload": {
            "MeterReadings": {
                "MeterReading": [
                    {"Meter": {"mRID": "M-1"}, "Readings": [{"value": "1.50", "ReadingType": {"ref": "0.0.0"}}]}
                ]
            }
        },
    }


@pytest.mark.parametrize(
    ("value", "xml"),
    [
        ({"money": [Decimal("1E+3"), Decimal("1E-8"), 7]}, ["1000", "0.00000001", "7"]),
        ({"ratio": Decimal("1E+3")}, ["1E+3"]),
        ({"count": "+1"}, ["+1"]),
        ({"flag": False}, ["false"]),
        ({"Amount": "1.50"}, ["1.50"]),
        ({"Left": []}, []),
        ({"x": {"$namespace": "urn:x", "$content": ["a", "b", {"c": "d"}, "e", "f"]}}, ["ab", "d"]),
    ],
)
def test_what_else_is_taken(value, xml, bridge):
    root = bridge.from_json(value, "{urn:odd#}Odd")
    assert [element.text for element in root.iter() if element.text] == xml


def test_a_known_element_under_another_name(bridge):
    """The parts of a message come in elements of other names, too."""
    response = etree.fromstring(
        f'<m:message xmlns:m="{MESSAGE}"><m:Header><m:Verb>reply</m:Verb><m:Noun>N</m:Noun></m:Header></m:message>'
    )
    assert bridge.to_json(response, f"{{{MESSAGE}}}Message") == {"Header": {"Verb": "reply", "Noun": "N"}}
