"""The FastAPI application. Plain functions, as FastAPI advises for drivers that block: it runs them in threads."""

import base64
import hashlib
from collections.abc import Iterator
from datetime import UTC, datetime
from threading import Lock
from typing import Annotated, Any
from uuid import uuid4

from fastapi import Depends, FastAPI, Header, HTTPException, Query, Response
from pydantic import AwareDatetime
from sqlalchemy import Engine, insert, select, tuple_
from sqlalchemy.orm import Session, sessionmaker

from benchmarks.rest.stock import models
from benchmarks.rest.stock.database import ApiKey, Message, Meter, Reading, meters


def application(engine: Engine, *, bulk: bool) -> FastAPI:
    """The application on a database. `bulk`: readings do not become ORM objects on their way in, but rows of one
    INSERT, which is what the manual of SQLAlchemy advises for many.
    """
    app = FastAPI(title="meter readings")
    sessions = sessionmaker(engine)
    writing = Lock()  # SQLite has one writer: waiting here is faster than its busy handler's sleeps

    def opened() -> Iterator[Session]:
        with sessions() as session:
            yield session

    Database = Annotated[Session, Depends(opened)]  # noqa: N806

    def caller(session: Database, x_api_key: Annotated[str, Header()]) -> str:
        key = session.get(ApiKey, hashlib.sha256(x_api_key.encode()).hexdigest())
        if key is None:
            raise HTTPException(401, "no such key")
        return key.name

    @app.post("/meter-readings", status_code=201, dependencies=[Depends(caller)])
    def create(
        body: models.Readings, session: Database, idempotency_key: Annotated[str | None, Header()] = None
    ) -> models.Receipt:
        key = idempotency_key or str(uuid4())
        with writing:
            session.rollback()  # read what others wrote meanwhile
            known = session.get(Message, key)
            if known is None:
                known = Message(id=key, count=len(body.readings))
                ids = meters(session, {reading.meter_id for reading in body.readings})
                session.add(known)
                session.flush()
                rows = [_row(reading, key, ids[reading.meter_id]) for reading in body.readings]
                if bulk:
                    session.execute(insert(Reading), rows)
                else:
                    session.add_all(Reading(**row) for row in rows)
                session.commit()
        return models.Receipt(result="OK", message_id=key, count=known.count)

    @app.get("/meter-readings", dependencies=[Depends(caller)])
    def collect(
        session: Database,
        response: Response,
        asked: Annotated[_Asked, Depends()],
        limit: Annotated[int, Query(ge=1, le=100_000)] = 1_000,
        cursor: str | None = None,
    ) -> models.Page:
        statement = select(Reading, Meter.mrid).join(Meter, Reading.meter_id == Meter.id)
        statement = statement.where(*asked.conditions())
        place = (Meter.mrid, Reading.reading_date_time, Reading.id)
        if cursor is not None:
            statement = statement.where(tuple_(*place) > _place(cursor))
        rows = session.execute(statement.order_by(*place).limit(limit + 1)).all()
        found = [_told(reading, mrid) for reading, mrid in rows[:limit]]
        following = _cursor(found[-1]) if len(rows) > limit else None
        if following:
            response.headers["link"] = f'</meter-readings?cursor={following}>; rel="next"'
        return models.Page(readings=found, next_cursor=following)

    return app


class _Asked:
    """The filters of a query."""

    def __init__(
        self,
        meter: Annotated[list[str] | None, Query()] = None,
        reading_type: Annotated[list[str] | None, Query(alias="readingType")] = None,
        unit: Annotated[list[str] | None, Query()] = None,
        quality: Annotated[list[str] | None, Query()] = None,
        from_: Annotated[AwareDatetime | None, Query(alias="from")] = None,
        to: Annotated[AwareDatetime | None, Query()] = None,
    ) -> None:
        self._lists = (
            (Meter.mrid, meter),
            (Reading.reading_type, reading_type),
            (Reading.unit, unit),
            (Reading.quality, quality),
        )
        self._from, self._to = from_, to

    def conditions(self) -> Iterator[object]:
        yield from (column.in_(values) for column, values in self._lists if values)
        if self._from:
            yield Reading.reading_date_time >= _naive(self._from)
        if self._to:
            yield Reading.reading_date_time <= _naive(self._to)


def _row(reading: models.Reading, message_id: str, meter_id: int) -> dict[str, Any]:
    return dict(
        message_id=message_id,
        meter_id=meter_id,
        reading_date_time=_naive(reading.reading_date_time),
        **reading.model_dump(exclude={"meter_id", "reading_date_time"}),
    )


def _told(reading: Reading, mrid: str) -> models.Told:
    return models.Told(
        id=reading.id,
        meter_id=mrid,
        reading_type=reading.reading_type,
        reading_date_time=reading.reading_date_time.replace(tzinfo=UTC),
        value=reading.value,
        unit=reading.unit,
        multiplier=reading.multiplier,
        phase=reading.phase,
        energy_direction=reading.energy_direction,
        quality=reading.quality,
    )


def _naive(moment: datetime) -> datetime:
    """In UTC, as SQLite keeps it."""
    return moment.astimezone(UTC).replace(tzinfo=None)


def _cursor(last: models.Told) -> str:
    text = f"{last.meter_id} {_naive(last.reading_date_time).isoformat()} {last.id}"
    return base64.urlsafe_b64encode(text.encode()).decode()


def _place(cursor: str) -> tuple[str, datetime, int]:
    try:
        mrid, moment, id_ = base64.urlsafe_b64decode(cursor).decode().rsplit(" ", 2)
        return mrid, datetime.fromisoformat(moment), int(id_)
    except ValueError:
        raise HTTPException(400, "no such cursor") from None
