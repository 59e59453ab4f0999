"""A first look into a study is on record once for each label by which it was open.

A study may have series in several albums: with one record a session, only one of their owners learnt of it.
"""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Bring the schema forward."""
    views = sa.text("event = 'study-viewed'")
    op.drop_index("uq_audit_first_view", "audit")
    op.create_index(
        "uq_audit_first_view",
        "audit",
        ["session", "study_uid", "label"],
        unique=True,
        sqlite_where=views,
        postgresql_where=views,
    )
