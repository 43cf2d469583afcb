"""Schedules in their order, also those that were"""

from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index("ix_read_schedule_created_by", "read_schedule", ["created_by", "position"], unique=False)


def downgrade() -> None:
    op.drop_index("ix_read_schedule_created_by", table_name="read_schedule")
