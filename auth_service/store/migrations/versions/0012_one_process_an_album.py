"""Which process works on an album, and when its labels are compared with the ledger once more."""

import sqlalchemy as sa
from alembic import op

from auth_service.store.database import Instant

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Bring the schema forward."""
    op.create_table(
        "album_turns",
        sa.Column("album_id", sa.Integer(), sa.ForeignKey("albums.id"), primary_key=True),
        sa.Column("holder", sa.String(), nullable=True),
        sa.Column("until", Instant(), nullable=True),
        sa.Column("look_at", Instant(), nullable=True),
    )
