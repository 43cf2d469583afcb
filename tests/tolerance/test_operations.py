"""What a partner's profile lets pass in a message, it lets pass in the operations of a set."""

from __future__ import annotations

import pytest
from lxml import etree

READINGS = "http://iec.ch/TC57/2011/MeterReadings#"
VENDOR = f'<vendor xmlns="{READINGS}">x</vendor>'


def of_set(messages, *operations, **flags):
    made = [messages.operation(n, verb, document) for n, (verb, document) in enumerate(operations, 1)]
    return messages.operation_set(*made, **flags)


@pytest.fixture
def document(messages):
    """A MeterReadings document with a vendor's element in it."""

    def make(vendor=True):
        made = messages.readings(messages.meter())
        if vendor:
            made[0].append(etree.fromstring(VENDOR))
        return made

    return make


def test_a_vendor_element_in_an_operation(partner_with, messages, document):
    body = of_set(messages, ("create", document(vendor=False)), ("create", document()))
    partner = partner_with(tolerate=["vendor elements"])
    taken = partner.send(body)
    assert (taken.result, taken.codes, taken.switches) == ("OK", ["0.0"], ["vendor elements"])
    assert taken.warnings[0]["place"] == "Payload/OperationSet/Operation/MeterReadings/MeterReading/vendor"
    assert partner.tolerated == {"vendor elements": 1}


def test_it_fails_alone_where_that_is_off(partner_with, messages, document):
    body = of_set(messages, ("create", document(vendor=False)), ("create", document()))
    taken = partner_with(strict=True).send(body)
    assert (taken.result, taken.codes, taken.warnings) == ("PARTIAL", ["1.8"], None)
    assert "vendor" in taken.said


@pytest.mark.parametrize(
    ("verb", "switches"), [("Create", ["verb case"]), ("updated", ["verb spelling"]), ("erase", [])]
)
def test_the_verb_of_an_operation(partner_with, messages, document, verb, switches):
    body = of_set(messages, (verb, document(vendor=False)))
    taken = partner_with(tolerate=["verb case", "verb spelling"]).send(body)
    assert (taken.result, taken.switches) == ("OK" if switches else "FAILED", switches)
    strict = partner_with(strict=True).send(of_set(messages, (verb, document(vendor=False))))
    assert (strict.result, strict.codes) == ("FAILED", ["2.9"])


def test_what_cannot_be_mended_fails_beside_what_can(partner_with, messages, document):
    broken = document(vendor=False)
    next(broken.iter("{*}timeStamp")).text = "never"
    body = of_set(messages, ("create", document()), ("create", broken))
    taken = partner_with(tolerate=["vendor elements"]).send(body)
    assert (taken.result, taken.codes, taken.switches) == ("PARTIAL", ["1.8"], ["vendor elements"])
