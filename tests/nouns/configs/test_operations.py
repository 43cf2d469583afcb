"""Master data in OperationSets: one operation sees what those before it did, and elements can be taken away."""

import pytest

from cim_adapter.envelope import MESSAGE_NS

BASE = "http://iec.ch/TC57/2011/"


def operation(number, verb, noun, payload, *, elements=False):
    flag = f"<elementOperation>{str(elements).lower()}</elementOperation>"
    return (
        f"<Operation><operationId>{number}</operationId><noun>{noun}</noun><verb>{verb}</verb>{flag}"
        f'<{noun} xmlns="{BASE}{noun}#">{payload}</{noun}></Operation>'
    )


def meter(content="", mrid="m-1", verb="create", number=1, **more):
    return operation(number, verb, "MeterConfig", f"<Meter><mRID>{mrid}</mRID>{content}</Meter>", **more)


@pytest.fixture
def execute(exchange):
    """``execute(operation, …)`` → (result, [(operationId, code, object)])."""

    def run(*operations, together=False, verb="execute"):
        flag = f"<enforceTransactionalIntegrity>{str(together).lower()}</enforceTransactionalIntegrity>"
        reply = exchange.take(
            f'<RequestMessage xmlns="{MESSAGE_NS}"><Header><Verb>{verb}</Verb><Noun>OperationSet</Noun></Header>'
            f"<Payload><OperationSet>{flag}{''.join(operations)}</OperationSet></Payload></RequestMessage>"
        ).reply
        return reply.result, [(e.operation_id, e.code, e.id.value if e.id else None) for e in reply.errors]

    return run


@pytest.fixture
def texts(exchange):
    """Local name → text of what is known of a meter."""

    def read(mrid="m-1", as_of=""):
        option = f"<Option><name>asOf</name><value>{as_of}</value></Option>" if as_of else ""
        query = (
            f'<GetMeterConfig xmlns="{BASE}GetMeterConfig#"><Meter><mRID>{mrid}</mRID></Meter></GetMeterConfig>'
        )
        body = f"<Header><Verb>get</Verb><Noun>MeterConfig</Noun></Header><Request>{option}{query}</Request>"
        reply = exchange.take(f'<RequestMessage xmlns="{MESSAGE_NS}">{body}</RequestMessage>')
        elements = reply.payload.elements if reply.payload else ()
        return {child.tag.rpartition("}")[2]: child.text for root in elements for child in root[-1]}

    return read


def test_one_operation_sees_what_another_did(execute, texts):
    done = execute(
        meter("<type>AMR</type>"),
        meter("<serialNumber>77</serialNumber>", verb="change", number=2),
        operation(3, "create", "UsagePointConfig", "<UsagePoint><mRID>u-1</mRID></UsagePoint>"),
    )
    assert done == ("OK", [(None, "0.0", None)])
    assert texts() == {"mRID": "m-1", "type": "AMR", "serialNumber": "77"}


def test_an_operation_that_fails_leaves_those_around_it(execute, texts):
    done = execute(
        meter("<type>AMR</type>"),
        meter("<type>AMI</type>", number=2),
        meter("<serialNumber>77</serialNumber>", verb="change", number=3),
    )
    assert done == ("PARTIAL", [(2, "2.4", "m-1")])
    assert texts() == {"mRID": "m-1", "type": "AMR", "serialNumber": "77"}


def test_all_or_nothing(execute, texts):
    done = execute(meter(), meter(number=2), meter(mrid="m-2", number=3), together=True)
    assert done == ("FAILED", [(2, "2.4", "m-1"), (1, "5.9", None), (3, "5.9", None)])
    assert (texts(), texts("m-2")) == ({}, {})


def test_an_object_of_an_operation_that_was_undone_is_new_again(execute, texts):
    assert execute(meter("<type>A</type>"), meter(number=2), together=True)[0] == "FAILED"
    assert execute(meter("<type>B</type>"))[0] == "OK"
    assert texts() == {"mRID": "m-1", "type": "B"}


def test_single_elements_are_taken_away(execute, texts):
    execute(meter("<serialNumber>77</serialNumber><type>AMR</type>"))
    assert execute(meter("<serialNumber>whatever</serialNumber>", verb="delete", elements=True))[0] == "OK"
    assert texts() == {"mRID": "m-1", "type": "AMR"}


def test_an_event_tells_that_elements_were_taken_away(execute, texts):
    execute(meter("<serialNumber>77</serialNumber><type>AMR</type>"))
    gone = meter("<type/>", verb="deleted", elements=True)
    other = meter("<type/>", mrid="m-2", verb="deleted", number=2, elements=True)
    assert execute(gone, other, verb="executed") == ("OK", [(None, "0.0", None)])
    assert texts() == {"mRID": "m-1", "serialNumber": "77"}


def test_elements_of_an_unknown_object(execute):
    done = execute(meter("<type/>", verb="delete", elements=True))
    assert done == ("FAILED", [(1, "2.4", "m-1")])


def test_two_operations_on_elements_of_one_object(execute, texts):
    execute(meter("<serialNumber>77</serialNumber><type>AMR</type>"))
    taken = [
        meter(f"<{name}/>", verb="delete", number=number, elements=True)
        for number, name in enumerate(("type", "serialNumber"))
    ]
    assert execute(*taken)[0] == "OK"
    assert texts() == {"mRID": "m-1"}


def test_a_delete_of_the_whole_object(execute, texts):
    execute(meter("<type>AMR</type>"))
    assert execute(meter("<type>AMR</type>", verb="delete"))[0] == "OK"
    assert texts() == {}
