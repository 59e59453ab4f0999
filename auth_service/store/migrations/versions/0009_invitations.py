"""Addresses that were invited into albums; a note on every member, and when his rights were last used."""

import sqlalchemy as sa
from alembic import op

from auth_service.store.database import Instant

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Bring the schema forward."""
    op.create_table(
        "invitations",
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column("album_id", sa.Integer(), sa.ForeignKey("albums.id"), nullable=False),
        sa.Column("address", sa.String(), nullable=False),
        sa.Column("role", sa.String(), nullable=False),
        sa.Column("actions", sa.JSON(), nullable=False),
        sa.Column("until", sa.Date(), nullable=True),
        sa.Column("note", sa.String(), nullable=False),
        sa.Column("created_at", Instant(), nullable=False),
        sa.Column("created_by", sa.String(), nullable=False),
        sa.UniqueConstraint("album_id", "address", name="uq_invitations_album_id_address"),
    )
    op.create_index("ix_invitations_address", "invitations", ["address"])
    op.add_column("members", sa.Column("note", sa.String(), nullable=False, server_default=""))
    op.add_column("members", sa.Column("last_use", Instant(), nullable=True))
