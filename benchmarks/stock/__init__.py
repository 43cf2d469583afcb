"""The peer: what one builds in an afternoon from spyne and SQLAlchemy, as their manuals say.

spyne's own WSGI application with typed models and `validator="lxml"`; SQLAlchemy ORM objects, one session
and one commit per message; SQLite with WAL and synchronous=FULL. No authentication, no encryption, no
journal of the message itself, no duplicate check beyond what is unique: less than our side does.

    six_moves   lets spyne be imported on Python 3.12
    database    SQLite, and the rows that all nouns have
    operation   the envelope, and an operation of the service from a payload and what makes rows of it
    readings    MeterReadings: models and rows
    events      EndDeviceEvents
    controls    EndDeviceControls
    __main__    the application, served
"""

from benchmarks.messages.requests import Dialect
from benchmarks.stock import six_moves

NAMESPACE = "http://example.org/metering"
DIALECT = Dialect(operation=NAMESPACE, header=NAMESPACE, payload=NAMESPACE)

six_moves.install()


def fastest_threads(size: int) -> int:
    """Blocking threads that served best when 1, 2, 4 and 16 were tried at each size of CreateMeterReadings.

    The work is Python under one interpreter lock: more threads only pass it around (1: 474 messages/s,
    2: 366, 4: 408, 16: 411), except for large messages, where lxml parses and validates outside the lock.
    A second worker process gave nothing either: both wait for SQLite's one writer. `--workers` tries it.
    """
    return 4 if size >= 1_000 else 1
