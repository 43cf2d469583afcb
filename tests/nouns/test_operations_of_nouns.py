"""Every noun's operations may stand in one set, several times: what they store is told apart."""

from __future__ import annotations

from copy import deepcopy
from pathlib import Path

import pytest
from lxml import etree

from cim_adapter.envelope import MESSAGE_NS

EXAMPLES = Path(__file__).parents[2] / "examples"
MESSAGES = sorted(path for path in EXAMPLES.glob("*/*.xml") if path.stem.lower().startswith("create"))


@pytest.mark.parametrize("noun", sorted({path.parent.name for path in MESSAGES}))
def test_a_noun_stands_twice_in_a_set(exchange, noun):
    path = next(path for path in MESSAGES if path.parent.name == noun)
    (document,) = next(etree.parse(path).getroot().iter("{*}Payload"))
    identities = {identity.text for identity in document.iter("{*}mRID")}
    body = etree.fromstring(
        f'<RequestMessage xmlns="{MESSAGE_NS}"><Header><Verb>execute</Verb><Noun>OperationSet</Noun></Header>'
        "<Payload><OperationSet/></Payload></RequestMessage>"
    )
    (operations,) = body.iter("{*}OperationSet")
    for number in (1, 2):
        operation = etree.SubElement(operations, f"{{{MESSAGE_NS}}}Operation")
        for name, text in (("operationId", str(number)), ("noun", noun), ("verb", "create")):
            etree.SubElement(operation, f"{{{MESSAGE_NS}}}{name}").text = text
        own = deepcopy(document)
        for element in own.iter(etree.Element):  # other objects, and what refers to them
            if etree.QName(element).localname == "mRID":
                element.text += f"-{number}"
            elif element.get("ref") in identities:
                element.set("ref", f"{element.get('ref')}-{number}")
        operation.append(own)
    reply = exchange.take(etree.tostring(body).decode()).reply
    assert reply.result == "OK", [(e.operation_id, e.code, e.reason) for e in reply.errors]
