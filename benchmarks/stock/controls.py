"""EndDeviceControls: models and rows."""

# mypy: disable-error-code="attr-defined, misc, no-untyped-call"

from datetime import datetime
from typing import Any, ClassVar

from spyne import ComplexModel, DateTime, Unicode, XmlAttribute
from sqlalchemy import ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from benchmarks.stock import NAMESPACE
from benchmarks.stock.database import Base
from benchmarks.stock.operation import Operation, Stored


class EndDeviceControlType(ComplexModel):
    __namespace__ = NAMESPACE
    _type_info: ClassVar = [("ref", XmlAttribute(Unicode, use="required"))]


class EndDevice(ComplexModel):
    __namespace__ = NAMESPACE
    _type_info: ClassVar = [("mRID", Unicode(min_occurs=1))]


class DateTimeInterval(ComplexModel):
    __namespace__ = NAMESPACE
    _type_info: ClassVar = [("end", DateTime), ("start", DateTime)]


class EndDeviceTiming(ComplexModel):
    __namespace__ = NAMESPACE
    _type_info: ClassVar = [("interval", DateTimeInterval.customize(min_occurs=1))]


class EndDeviceControl(ComplexModel):
    __namespace__ = NAMESPACE
    _type_info: ClassVar = [
        ("mRID", Unicode(min_occurs=1)),
        ("issuerID", Unicode),
        ("issuerTrackingID", Unicode),
        ("reason", Unicode),
        ("EndDeviceControlType", EndDeviceControlType.customize(min_occurs=1)),
        ("EndDevices", EndDevice.customize(min_occurs=1, max_occurs="unbounded")),
        ("primaryDeviceTiming", EndDeviceTiming.customize(min_occurs=1)),
    ]


class EndDeviceControls(ComplexModel):
    __namespace__ = NAMESPACE
    _type_info: ClassVar = [("EndDeviceControl", EndDeviceControl.customize(max_occurs="unbounded"))]


class EndDeviceControlsPayload(ComplexModel):
    __namespace__ = NAMESPACE
    _type_info: ClassVar = [("EndDeviceControls", EndDeviceControls.customize(min_occurs=1))]


class ControlRow(Base):
    """One control, found by its mRID, its issuerTrackingID, or a device it is for."""

    __tablename__ = "control"
    mrid: Mapped[str] = mapped_column(primary_key=True)
    message_id: Mapped[str] = mapped_column(ForeignKey("message.message_id"))
    type: Mapped[str]
    issuer: Mapped[str | None]
    tracking: Mapped[str | None] = mapped_column(index=True)
    reason: Mapped[str | None]
    start: Mapped[datetime | None]
    end: Mapped[datetime | None]


class TargetRow(Base):
    """A device that a control is for, and how far it is."""

    __tablename__ = "control_target"
    control: Mapped[str] = mapped_column(ForeignKey("control.mrid"), primary_key=True)
    meter: Mapped[str] = mapped_column(ForeignKey("meter.mrid"), primary_key=True, index=True)
    state: Mapped[str]


def store(message_id: str, payload: Any) -> Stored:
    """A row for each control and for each of its targets."""
    rows: list[Base] = []
    meters: set[str] = set()
    for control in payload.EndDeviceControls.EndDeviceControl:
        rows.append(
            ControlRow(
                mrid=control.mRID,
                message_id=message_id,
                type=control.EndDeviceControlType.ref,
                issuer=control.issuerID,
                tracking=control.issuerTrackingID,
                reason=control.reason,
                start=control.primaryDeviceTiming.interval.start,
                end=control.primaryDeviceTiming.interval.end,
            )
        )
        for device in control.EndDevices:
            meters.add(device.mRID)
            rows.append(TargetRow(control=control.mRID, meter=device.mRID, state="received"))
    return Stored(rows, meters)


CREATE = Operation("CreateEndDeviceControls", EndDeviceControlsPayload, store)
