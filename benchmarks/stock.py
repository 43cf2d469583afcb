"""The peer: what one builds in an afternoon from spyne and SQLAlchemy, as their manuals say.

spyne's own WSGI application with typed models and `validator="lxml"`; SQLAlchemy ORM objects, one session
and one commit per message; SQLite with WAL and synchronous=FULL. No authentication, no encryption, no
journal of the message itself, no duplicate check beyond a unique MessageID: less than our side does.
"""

# mypy: disable-error-code="attr-defined, misc, no-untyped-call, untyped-decorator"

import argparse
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from importlib.machinery import ModuleSpec
from importlib.util import spec_from_loader
from pathlib import Path
from threading import Lock, Thread
from time import sleep
from types import ModuleType
from typing import Any, ClassVar
from urllib.request import urlopen

from granian import Granian
from granian.constants import Interfaces
from sqlalchemy import Engine, ForeignKey, Index, create_engine, event
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column, sessionmaker

from benchmarks.messages import Dialect


class _SixMoves:
    """spyne 2.14 bundles a `six` whose importer has no `find_spec`, which Python 3.12 wants: here it is."""

    def find_spec(
        self, name: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        six: Any = sys.modules.get("spyne.util.six")
        known = six is not None and name in six._importer.known_modules
        return spec_from_loader(name, self, is_package=name.endswith(".moves")) if known else None  # type: ignore[arg-type]

    def create_module(self, spec: ModuleSpec) -> ModuleType:
        return sys.modules["spyne.util.six"]._importer.load_module(spec.name)  # type: ignore[no-any-return]

    def exec_module(self, module: ModuleType) -> None:
        pass


if sys.version_info >= (3, 12):
    sys.meta_path.append(_SixMoves())  # type: ignore[arg-type]

from spyne import Application, ComplexModel, DateTime, ServiceBase, Unicode, XmlAttribute, rpc  # noqa: E402
from spyne.protocol.soap import Soap11  # noqa: E402
from spyne.server.wsgi import WsgiApplication  # noqa: E402

NAMESPACE = "http://example.org/metering"
DIALECT = Dialect(operation=NAMESPACE, header=NAMESPACE, payload=NAMESPACE)


def fastest_threads(readings: int) -> int:
    """Blocking threads that served best when 1, 2, 4 and 16 were tried at each size.

    The work is Python under one interpreter lock: more threads only pass it around (1: 474 messages/s,
    2: 366, 4: 408, 16: 411), except for large messages, where lxml parses and validates outside the lock.
    A second worker process gave nothing either: both wait for SQLite's one writer. `--workers` tries it.
    """
    return 4 if readings >= 1_000 else 1


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


class IntervalReading(ComplexModel):
    __namespace__ = NAMESPACE
    _type_info: ClassVar = [("timeStamp", DateTime(min_occurs=1)), ("value", Unicode(min_occurs=1))]


class ReadingType(ComplexModel):
    __namespace__ = NAMESPACE
    _type_info: ClassVar = [("ref", XmlAttribute(Unicode, use="required"))]


class IntervalBlock(ComplexModel):
    __namespace__ = NAMESPACE
    _type_info: ClassVar = [
        ("IntervalReadings", IntervalReading.customize(max_occurs="unbounded")),
        ("ReadingType", ReadingType.customize(min_occurs=1)),
    ]


class Meter(ComplexModel):
    __namespace__ = NAMESPACE
    _type_info: ClassVar = [("mRID", Unicode(min_occurs=1))]


class MeterReading(ComplexModel):
    __namespace__ = NAMESPACE
    _type_info: ClassVar = [
        ("IntervalBlocks", IntervalBlock.customize(max_occurs="unbounded")),
        ("Meter", Meter.customize(min_occurs=1)),
    ]


class MeterReadings(ComplexModel):
    __namespace__ = NAMESPACE
    _type_info: ClassVar = [("MeterReading", MeterReading.customize(max_occurs="unbounded"))]


class Payload(ComplexModel):
    __namespace__ = NAMESPACE
    _type_info: ClassVar = [("MeterReadings", MeterReadings.customize(min_occurs=1))]


class Reply(ComplexModel):
    __namespace__ = NAMESPACE
    _type_info: ClassVar = [("Result", Unicode)]


class ResponseMessage(ComplexModel):
    __namespace__ = NAMESPACE
    _type_info: ClassVar = [("Header", Header), ("Reply", Reply)]


class Base(DeclarativeBase):
    pass


class MessageRow(Base):
    """One message received."""

    __tablename__ = "message"
    message_id: Mapped[str] = mapped_column(primary_key=True)
    verb: Mapped[str]
    noun: Mapped[str]
    source: Mapped[str | None]
    received: Mapped[datetime]


class ReadingRow(Base):
    """One reading. Its key is made by the client, which lets the ORM use executemany without RETURNING."""

    __tablename__ = "reading"
    __table_args__ = (Index("reading_of_meter", "meter", "reading_type", "timestamp"),)
    message_id: Mapped[str] = mapped_column(ForeignKey("message.message_id"), primary_key=True)
    position: Mapped[int] = mapped_column(primary_key=True)
    meter: Mapped[str]
    reading_type: Mapped[str]
    timestamp: Mapped[datetime]
    value: Mapped[str]


def rows(header: Any, payload: Any) -> list[Base]:
    """The ORM objects of one message."""
    found: list[Base] = [
        MessageRow(
            message_id=header.MessageID,
            verb=header.Verb,
            noun=header.Noun,
            source=header.Source,
            received=datetime.now(UTC),
        )
    ]
    for meter_reading in payload.MeterReadings.MeterReading:
        for block in meter_reading.IntervalBlocks:
            for reading in block.IntervalReadings:
                found.append(
                    ReadingRow(
                        message_id=header.MessageID,
                        position=len(found),
                        meter=meter_reading.Meter.mRID,
                        reading_type=block.ReadingType.ref,
                        timestamp=reading.timeStamp,
                        value=reading.value,
                    )
                )
    return found


def database(path: Path) -> Engine:
    """SQLite with the durability our side has: WAL, every commit fsynced."""
    engine = create_engine(f"sqlite:///{path}", connect_args={"timeout": 60})

    @event.listens_for(engine, "connect")
    def pragmas(connection: Any, _: Any) -> None:
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("PRAGMA synchronous=FULL")

    Base.metadata.create_all(engine)
    return engine


def service(sessions: sessionmaker[Session]) -> type[ServiceBase]:
    """The one operation, on a database."""
    writing = Lock()  # SQLite has one writer: waiting here is faster than its busy handler's sleeps

    class MeterReadingsService(ServiceBase):
        @rpc(
            Header.customize(min_occurs=1),
            Payload.customize(min_occurs=1),
            _operation_name="CreateMeterReadings",
            _in_variable_names={"header": "Header", "payload": "Payload"},
            _returns=ResponseMessage,
            _out_variable_name="ResponseMessage",
        )
        def create(ctx: Any, header: Any, payload: Any) -> ResponseMessage:  # noqa: N805
            objects = rows(header, payload)
            with writing, sessions() as session:
                session.add_all(objects)
                session.commit()
            answer = Header(
                Verb="reply", Noun=header.Noun, Timestamp=datetime.now(UTC), CorrelationID=header.MessageID
            )
            answer.MessageID = header.MessageID[::-1]
            return ResponseMessage(Header=answer, Reply=Reply(Result="OK"))

    return MeterReadingsService


def application(path: Path) -> WsgiApplication:
    """The WSGI application on a database file."""
    sessions = sessionmaker(database(path), expire_on_commit=False)
    built = Application(
        [service(sessions)], tns=NAMESPACE, in_protocol=Soap11(validator="lxml"), out_protocol=Soap11()
    )
    return WsgiApplication(built, max_content_length=64 * 1024 * 1024)


def serve(port: int, data: Path, threads: int, workers: int) -> None:
    """Granian's WSGI interface: one process, as our side has, unless told otherwise."""

    def announce() -> None:
        while True:
            try:
                with urlopen(f"http://127.0.0.1:{port}/?wsdl", timeout=5):
                    break
            except OSError:
                sleep(0.05)
        print(f"ready http://127.0.0.1:{port}", flush=True)

    Thread(target=announce, daemon=True).start()
    Granian(
        target="stock",
        address="127.0.0.1",
        port=port,
        interface=Interfaces.WSGI,
        blocking_threads=threads,
        workers=workers,
    ).serve(target_loader=lambda: application(data / "stock.db"), wrap_loader=False)


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--workers", type=int, default=1)
    arguments = parser.parse_args()
    serve(arguments.port, arguments.data, arguments.threads, arguments.workers)
