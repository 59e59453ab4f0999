"""The image with which each series is to come by an upload."""

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Bring the schema forward."""
    op.create_table(
        "expected_images",
        sa.Column("change_id", sa.String(), sa.ForeignKey("uploads.change_id"), primary_key=True),
        sa.Column("series_uid", sa.String(), primary_key=True),
        sa.Column("orthanc_instance", sa.String(), nullable=True),
    )
