"""The series that were in an album before an upload, with how many images each got by it."""

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Bring the schema forward."""
    op.create_table(
        "grown_series",
        sa.Column("change_id", sa.String(), sa.ForeignKey("uploads.change_id"), primary_key=True),
        sa.Column("series_uid", sa.String(), primary_key=True),
        sa.Column("images", sa.Integer(), nullable=False),
    )
