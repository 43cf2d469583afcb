"""IEC 61968-100: the message model, its verbs, its XML and the shapes it travels in. No I/O."""

from cim_adapter.envelope.compression import (
    COMPRESSED,
    inflated,
    packed,
    put_in_place,
    unpack,
    wants_compressed,
)
from cim_adapter.envelope.decode import read_message, read_reply
from cim_adapter.envelope.dialect import ABSTRACT_NS, MESSAGE, MESSAGE_NS, Dialect
from cim_adapter.envelope.encode import ReplyWriter, write_fault, write_reply
from cim_adapter.envelope.message import (
    ID,
    Error,
    Header,
    Message,
    Payload,
    Piece,
    Reply,
    Request,
    Result,
)
from cim_adapter.envelope.operation_set import OPERATION_SET, Operation, OperationSet, read_operation_set
from cim_adapter.envelope.pieces import PieceWriter
from cim_adapter.envelope.recognition import ShapeReader
from cim_adapter.envelope.shapes import (
    Kind,
    Shape,
    as_message,
    carrier_of,
    same_content,
)
from cim_adapter.envelope.verbs import Verb
from cim_adapter.envelope.words import ReplyWords

__all__ = [
    "ABSTRACT_NS",
    "COMPRESSED",
    "ID",
    "MESSAGE",
    "MESSAGE_NS",
    "OPERATION_SET",
    "Dialect",
    "Error",
    "Header",
    "Kind",
    "Message",
    "Operation",
    "OperationSet",
    "Payload",
    "Piece",
    "PieceWriter",
    "Reply",
    "ReplyWords",
    "ReplyWriter",
    "Request",
    "Result",
    "Shape",
    "ShapeReader",
    "Verb",
    "as_message",
    "carrier_of",
    "inflated",
    "packed",
    "put_in_place",
    "read_message",
    "read_operation_set",
    "read_reply",
    "same_content",
    "unpack",
    "wants_compressed",
    "write_fault",
    "write_reply",
]
