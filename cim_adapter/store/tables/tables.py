"""All tables together."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import MetaData, Table

from cim_adapter.store.tables import access, devices, journal, master, readings


@dataclass(frozen=True, slots=True)
class Tables:
    """The schema as SQLAlchemy tables."""

    metadata: MetaData
    vault_key: Table
    api_key: Table
    quota: Table
    audit: Table
    audit_chain: Table
    journal: Table
    object: Table
    object_key: Table
    intake: Table
    reading_block: Table
    erasure: Table
    end_device_event_block: Table
    end_device_event: Table
    end_device_event_name: Table
    control: Table
    control_target: Table
    control_move: Table
    link: Table
    read_schedule: Table
    read_schedule_object: Table
    config_version: Table
    config_reference: Table
    nonce: Table

    @property
    def parents_first(self) -> tuple[Table, ...]:
        """Every table, those that others refer to before those."""
        return (
            self.vault_key,
            self.api_key,
            self.quota,
            self.audit,
            self.audit_chain,
            self.journal,
            self.object,
            self.object_key,
            self.intake,
            self.reading_block,
            self.erasure,
            self.end_device_event_block,
            self.end_device_event,
            self.end_device_event_name,
            self.control,
            self.control_target,
            self.control_move,
            self.link,
            self.read_schedule,
            self.read_schedule_object,
            self.config_version,
            self.config_reference,
            self.nonce,
        )

    @classmethod
    def define(cls) -> Tables:
        metadata = MetaData(
            naming_convention={
                "ix": "ix_%(table_name)s_%(column_0_N_name)s",
                "uq": "uq_%(table_name)s_%(column_0_N_name)s",
                "fk": "fk_%(table_name)s_%(column_0_name)s",
                "pk": "pk_%(table_name)s",
            }
        )
        return cls(
            metadata=metadata,
            vault_key=access.vault_key(metadata),
            api_key=access.api_key(metadata),
            quota=access.quota(metadata),
            audit=journal.audit(metadata),
            audit_chain=journal.audit_chain(metadata),
            journal=journal.journal(metadata),
            object=master.object_(metadata),
            object_key=master.object_key(metadata),
            intake=journal.intake(metadata),
            reading_block=readings.reading_block(metadata),
            erasure=readings.erasure(metadata),
            nonce=access.nonce(metadata),
            end_device_event_block=devices.end_device_event_block(metadata),
            end_device_event=devices.end_device_event(metadata),
            end_device_event_name=devices.end_device_event_name(metadata),
            control=devices.control(metadata),
            control_target=devices.control_target(metadata),
            control_move=devices.control_move(metadata),
            link=master.link(metadata),
            read_schedule=readings.read_schedule(metadata),
            read_schedule_object=readings.read_schedule_object(metadata),
            config_version=master.config_version(metadata),
            config_reference=master.config_reference(metadata),
        )
