"""Changes that people ask for: who did, what was not taken, what was stopped, and what takes back what."""

import sqlalchemy as sa
from alembic import op

from auth_service.store.database import Instant

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Bring the schema forward."""
    op.add_column("changes", sa.Column("asker", sa.String(), nullable=True))
    op.add_column("changes", sa.Column("cancelled_at", Instant(), nullable=True))
    op.add_column("changes", sa.Column("undoes", sa.String(), nullable=True))
    op.create_table(
        "not_taken",
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column("change_id", sa.String(), sa.ForeignKey("changes.id"), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("why", sa.String(), nullable=False),
        sa.Column("lacking", sa.JSON(), nullable=False),
    )
    op.create_index("ix_not_taken_change_id", "not_taken", ["change_id"])
