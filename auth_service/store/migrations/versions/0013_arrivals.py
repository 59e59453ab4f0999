"""Series that came by DICOM, and what became of them."""

import sqlalchemy as sa
from alembic import op

from auth_service.store.database import Instant

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Bring the schema forward."""
    op.create_table(
        "arrivals",
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column("orthanc_series", sa.String(), nullable=False),
        sa.Column("sequence", sa.BigInteger(), nullable=False),
        sa.Column("series_uid", sa.String(), nullable=False),
        sa.Column("study_uid", sa.String(), nullable=False),
        sa.Column("modality", sa.String(), nullable=False),
        sa.Column("ae_title", sa.String(), nullable=False),
        sa.Column("address", sa.String(), nullable=False),
        sa.Column("called", sa.String(), nullable=False),
        sa.Column("arrived_at", Instant(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("reason", sa.String(), nullable=True),
        sa.Column("change_id", sa.String(), sa.ForeignKey("changes.id"), nullable=True),
        sa.Column("decided_at", Instant(), nullable=True),
        sa.Column("decided_by", sa.String(), nullable=True),
        sa.UniqueConstraint("orthanc_series", "sequence", name="uq_arrivals_orthanc_series_sequence"),
    )
    op.create_index("ix_arrivals_state_id", "arrivals", ["state", "id"])
    op.create_index("ix_arrivals_change_id", "arrivals", ["change_id"])
