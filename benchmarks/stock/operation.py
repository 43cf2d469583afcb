"""An operation of the service: the envelope around a payload, and one commit of the rows made from it."""

# mypy: disable-error-code="attr-defined, misc, no-untyped-call, untyped-decorator"

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from threading import Lock
from typing import Any, ClassVar

from spyne import ComplexModel, DateTime, ServiceBase, Unicode, rpc
from sqlalchemy.orm import Session, sessionmaker

from benchmarks.stock import NAMESPACE
from benchmarks.stock.database import Base, MessageRow, admit


class Header(ComplexModel):
    """The message header, as far as the bench fills it."""

    __namespace__ = NAMESPACE
    _type_info: ClassVar = [
        ("Verb", Unicode(min_occurs=1)),
        ("Noun", Unicode(min_occurs=1)),
        ("Timestamp", DateTime),
        ("Source", Unicode),
        ("MessageID", Unicode(min_occurs=1)),
        ("CorrelationID", Unicode),
    ]


class Reply(ComplexModel):
    __namespace__ = NAMESPACE
    _type_info: ClassVar = [("Result", Unicode)]


class ResponseMessage(ComplexModel):
    __namespace__ = NAMESPACE
    _type_info: ClassVar = [("Header", Header), ("Reply", Reply)]


@dataclass(frozen=True)
class Stored:
    """What is to be stored of a payload: rows, and the meters they point to."""

    rows: list[Base]
    meters: set[str]


@dataclass(frozen=True)
class Operation:
    """`store` gets the MessageID and the payload."""

    name: str
    payload: type[ComplexModel]
    store: Callable[[str, Any], Stored]


def service(operation: Operation, sessions: sessionmaker[Session], writing: Lock) -> type[ServiceBase]:
    """An operation on a database."""

    def create(ctx: Any, header: Any, payload: Any) -> ResponseMessage:
        stored = operation.store(header.MessageID, payload)
        with writing, sessions() as session:
            if stored.meters:
                admit(session, stored.meters)
            session.add_all([_message(header), *stored.rows])
            session.commit()
        answer = Header(
            Verb="reply", Noun=header.Noun, Timestamp=datetime.now(UTC), CorrelationID=header.MessageID
        )
        answer.MessageID = header.MessageID[::-1]
        return ResponseMessage(Header=answer, Reply=Reply(Result="OK"))

    create.__name__ = operation.name  # spyne names everything after it
    exposed = rpc(
        Header.customize(min_occurs=1),
        operation.payload.customize(min_occurs=1),
        _in_variable_names={"header": "Header", "payload": "Payload"},
        _returns=ResponseMessage,
        _out_variable_name="ResponseMessage",
    )(create)
    return type(operation.name, (ServiceBase,), {operation.name: exposed})


def _message(header: Any) -> MessageRow:
    return MessageRow(
        message_id=header.MessageID,
        verb=header.Verb,
        noun=header.Noun,
        source=header.Source,
        received=datetime.now(UTC),
    )
