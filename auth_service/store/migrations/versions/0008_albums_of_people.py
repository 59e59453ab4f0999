"""Albums that people look after themselves: archived ones, favourites, and counts that are kept up."""

import sqlalchemy as sa
from alembic import op

from auth_service.store.database import Instant

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Bring the schema forward."""
    op.add_column("albums", sa.Column("archived_at", Instant(), nullable=True))
    op.create_table(
        "favourites",
        sa.Column("album_id", sa.Integer(), sa.ForeignKey("albums.id"), primary_key=True),
        sa.Column("subject_id", sa.String(), primary_key=True),
    )
    op.create_table(
        "album_counts",
        sa.Column("album_id", sa.Integer(), sa.ForeignKey("albums.id"), primary_key=True),
        sa.Column("marks", sa.Integer(), nullable=False),
        sa.Column("counted_marks", sa.Integer(), nullable=False),
        sa.Column("counted_at", Instant(), nullable=True),
        sa.Column("studies", sa.Integer(), nullable=False),
        sa.Column("series", sa.Integer(), nullable=False),
        sa.Column("instances", sa.Integer(), nullable=False),
        sa.Column("modalities", sa.JSON(), nullable=False),
        sa.Column("picture_study", sa.String(), nullable=True),
        sa.Column("picture_series", sa.String(), nullable=True),
    )
    op.create_table(
        "archive_follower",
        sa.Column("id", sa.Integer(), primary_key=True, autoincrement=False),
        sa.Column("sequence", sa.BigInteger(), nullable=True),
        sa.Column("holder", sa.String(), nullable=True),
        sa.Column("until", Instant(), nullable=True),
    )
