"""Albums that de-identify what is uploaded into them, and the pictures that are held for a look."""

import sqlalchemy as sa
from alembic import op

from auth_service.store.database import Instant

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Bring the schema forward."""
    op.create_table(
        "album_deidentification",
        sa.Column("album_id", sa.Integer(), sa.ForeignKey("albums.id"), primary_key=True),
        sa.Column("options", sa.JSON(), nullable=False),
        sa.Column("sealed_key", sa.LargeBinary(), nullable=False),
        sa.Column("since", Instant(), nullable=True),
        sa.Column("changed_by", sa.String(), nullable=False),
        sa.Column("changed_by_name", sa.String(), nullable=False),
    )
    op.create_table(
        "held_files",
        sa.Column("id", sa.String(), primary_key=True),
        sa.Column("album_id", sa.Integer(), sa.ForeignKey("albums.id"), nullable=False),
        sa.Column("study_uid", sa.String(), nullable=False),
        sa.Column("series_uid", sa.String(), nullable=False),
        sa.Column("sop_uid", sa.String(), nullable=False),
        sa.Column("patient", sa.String(), nullable=False),
        sa.Column("modality", sa.String(), nullable=False),
        sa.Column("why", sa.String(), nullable=False),
        sa.Column("frames", sa.Integer(), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("held_at", Instant(), nullable=False, index=True),
        sa.Column("uploaded_by", sa.String(), nullable=False),
        sa.Column("uploaded_by_name", sa.String(), nullable=False),
        sa.UniqueConstraint("album_id", "sop_uid"),
    )
