"""Searches that people save, and the studies and series that they have selected."""

import sqlalchemy as sa
from alembic import op

from auth_service.store.database import Instant

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Bring the schema forward."""
    op.create_table(
        "saved_searches",
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column("provider", sa.String(), nullable=False),
        sa.Column("subject", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("query", sa.String(), nullable=False),
        sa.Column("created_at", Instant(), nullable=False),
        sa.ForeignKeyConstraint(["provider", "subject"], ["people.provider", "people.subject"]),
        sa.UniqueConstraint("provider", "subject", "name"),
    )
    op.create_table(
        "selected",
        sa.Column("provider", sa.String(), primary_key=True),
        sa.Column("subject", sa.String(), primary_key=True),
        sa.Column("level", sa.String(), primary_key=True),
        sa.Column("uid", sa.String(), primary_key=True),
        sa.ForeignKeyConstraint(["provider", "subject"], ["people.provider", "people.subject"]),
    )
