"""API tokens: secrets with which programs act for a person."""

import sqlalchemy as sa
from alembic import op

from auth_service.store.database import Instant

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Bring the schema forward."""
    op.create_table(
        "api_tokens",
        sa.Column("id", sa.String(), primary_key=True),
        sa.Column("secret_hash", sa.String(), nullable=False, unique=True),
        sa.Column("provider", sa.String(), nullable=False),
        sa.Column("subject", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("actions", sa.JSON(), nullable=False),
        sa.Column("albums", sa.JSON(none_as_null=True), nullable=True),
        sa.Column("created_at", Instant(), nullable=False),
        sa.Column("until", sa.Date(), nullable=False),
        sa.Column("used_at", Instant(), nullable=True),
        sa.Column("used_from", sa.String(), nullable=True),
        sa.Column("revoked_at", Instant(), nullable=True),
        sa.ForeignKeyConstraint(["provider", "subject"], ["people.provider", "people.subject"]),
    )
    op.create_index("ix_api_tokens_provider_subject", "api_tokens", ["provider", "subject"])
