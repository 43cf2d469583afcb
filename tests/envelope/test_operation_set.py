from lxml import etree

from cim_adapter.envelope import MESSAGE_NS, Operation, OperationSet, read_operation_set

TYPED = "http://iec.ch/TC57/2011/MeterReadingsMessage"


def read(content: str, root: str = "OperationSet", namespace: str = MESSAGE_NS) -> OperationSet:
    return read_operation_set(
        etree.fromstring(f'<t:{root} xmlns:t="{namespace}" xmlns="{MESSAGE_NS}">{content}</t:{root}>')
    )


def test_an_empty_set_enforces_nothing():
    assert read("") == OperationSet()


def test_all_parts_of_an_operation():
    found = read(
        "<enforceMsgSequence>true</enforceMsgSequence>"
        "<enforceTransactionalIntegrity> 1 </enforceTransactionalIntegrity>"
        "<Operation><operationId> +07 </operationId><noun>MeterConfig</noun><verb>delete</verb>"
        '<elementOperation>true</elementOperation><MeterConfig xmlns="urn:m"/></Operation>'
    )
    (operation,) = found.operations
    assert (found.in_sequence, found.all_or_nothing) == (True, True)
    assert (operation.id, operation.noun, operation.verb) == (7, "MeterConfig", "delete")
    assert operation.element_operation
    assert operation.element is not None
    assert operation.element.tag == "{urn:m}MeterConfig"


def test_what_is_left_out():
    assert read("<Operation><operationId>1</operationId></Operation>").operations == (Operation(id=1),)
    assert read("<Operation><operationId>1</operationId><verb> </verb><noun/></Operation>").operations == (
        Operation(id=1),
    )


def test_a_document_may_be_called_like_a_part_of_the_operation():
    (operation,) = read(
        '<Operation><operationId>1</operationId><verb>create</verb><verb xmlns="urn:m">x</verb></Operation>'
    ).operations
    assert operation.verb == "create"
    assert operation.element is not None


def test_a_typed_set_has_the_parts_of_the_message_namespace():
    found = read("<Operation><operationId>1</operationId></Operation>", namespace=TYPED)
    assert found.operations == (Operation(id=1),)


def test_operations_are_ordered_only_where_it_is_asked():
    numbers = "".join(f"<Operation><operationId>{n}</operationId></Operation>" for n in (10, 9, -1))
    assert [operation.id for operation in read(numbers).ordered] == [10, 9, -1]
    asked = read(f"<enforceMsgSequence>true</enforceMsgSequence>{numbers}")
    assert [operation.id for operation in asked.ordered] == [-1, 9, 10]
