"""Uploads into albums, and the files that they consist of."""

import sqlalchemy as sa
from alembic import op

from auth_service.store.database import Instant

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Bring the schema forward."""
    op.create_table(
        "uploads",
        sa.Column("change_id", sa.String(), sa.ForeignKey("changes.id"), primary_key=True),
        sa.Column("stored", sa.Integer(), nullable=False),
        sa.Column("present", sa.Integer(), nullable=False),
        sa.Column("refused", sa.Integer(), nullable=False),
        sa.Column("bytes", sa.BigInteger(), nullable=False),
        sa.Column("seen_at", Instant(), nullable=False),
    )
    op.create_index("ix_uploads_seen_at", "uploads", ["seen_at"])
    op.create_table(
        "uploaded_files",
        sa.Column("change_id", sa.String(), sa.ForeignKey("uploads.change_id"), primary_key=True),
        sa.Column("number", sa.Integer(), primary_key=True, autoincrement=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("received", sa.BigInteger(), nullable=False),
        sa.Column("stored", sa.Integer(), nullable=False),
        sa.Column("present", sa.Integer(), nullable=False),
        sa.Column("refused", sa.Integer(), nullable=False),
        sa.Column("done_at", Instant(), nullable=True),
    )
