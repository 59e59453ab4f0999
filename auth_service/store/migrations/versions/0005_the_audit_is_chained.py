"""The audit is chained: each record's digest covers the one before, so that a change by whatever way shows.

Links are written beside the records and stamped later, once, by a thread of the service. Old records may be
removed where the site says how long they are kept: never younger ones than the table of removals says, and
never one that is in no chain yet. Indexes follow the questions of ``GET /api/audit``.
"""

import sqlalchemy as sa
from alembic import op

from auth_service.store.database import Instant

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

_SQLITE = (
    "DROP TRIGGER audit_counts_only_rise",
    """
    CREATE TRIGGER audit_counts_only_rise BEFORE UPDATE OF count ON audit
    WHEN NEW.count <= OLD.count
        OR EXISTS (SELECT 1 FROM audit_links WHERE record = OLD.id AND digest IS NOT NULL)
    BEGIN SELECT RAISE(ABORT, 'audit records are never changed'); END
    """,
    "DROP TRIGGER audit_is_never_deleted",
    """
    CREATE TRIGGER audit_is_kept_for_its_time BEFORE DELETE ON audit
    WHEN OLD.at >= coalesce((SELECT max(until) FROM audit_removals), '')
        OR NOT EXISTS (SELECT 1 FROM audit_links WHERE record = OLD.id AND digest IS NOT NULL)
    BEGIN SELECT RAISE(ABORT, 'audit records are never deleted before their time'); END
    """,
    """
    CREATE TRIGGER audit_links_are_stamped_once BEFORE UPDATE ON audit_links
    WHEN OLD.digest IS NOT NULL OR NEW.digest IS NULL OR NEW.content IS NULL OR NEW.linked_at IS NULL
        OR NEW.chain IS NULL OR NEW.position IS NULL OR NEW.record <> OLD.record
        OR NEW.writer <> OLD.writer OR NEW.recorded_at <> OLD.recorded_at
    BEGIN SELECT RAISE(ABORT, 'links of the audit are stamped once and never changed'); END
    """,
    """
    CREATE TRIGGER audit_links_are_never_deleted BEFORE DELETE ON audit_links
    BEGIN SELECT RAISE(ABORT, 'links of the audit are never deleted'); END
    """,
    """
    CREATE TRIGGER audit_chains_are_never_changed BEFORE UPDATE ON audit_chains
    BEGIN SELECT RAISE(ABORT, 'chains of the audit are never changed'); END
    """,
    """
    CREATE TRIGGER audit_chains_are_never_deleted BEFORE DELETE ON audit_chains
    BEGIN SELECT RAISE(ABORT, 'chains of the audit are never deleted'); END
    """,
    """
    CREATE TRIGGER audit_removals_are_of_old_records BEFORE INSERT ON audit_removals
    WHEN NEW.until > strftime('%Y-%m-%d %H:%M:%f', 'now', '-30 days')
    BEGIN SELECT RAISE(ABORT, 'audit records are never deleted before their time'); END
    """,
    """
    CREATE TRIGGER audit_removals_are_never_changed BEFORE UPDATE ON audit_removals
    BEGIN SELECT RAISE(ABORT, 'removals from the audit are never changed'); END
    """,
    """
    CREATE TRIGGER audit_removals_are_never_deleted BEFORE DELETE ON audit_removals
    BEGIN SELECT RAISE(ABORT, 'removals from the audit are never deleted'); END
    """,
)

_POSTGRESQL = (
    """
    CREATE OR REPLACE FUNCTION audit_stays() RETURNS trigger LANGUAGE plpgsql AS $$
    DECLARE
        linked boolean;
    BEGIN
        IF TG_OP = 'TRUNCATE' THEN
            RAISE EXCEPTION 'audit records are never deleted';
        END IF;
        linked := EXISTS (SELECT 1 FROM audit_links WHERE record = OLD.id AND digest IS NOT NULL);
        IF TG_OP = 'DELETE' THEN
            IF NOT linked OR NOT EXISTS (SELECT 1 FROM audit_removals WHERE until > OLD.at) THEN
                RAISE EXCEPTION 'audit records are never deleted before their time';
            END IF;
            RETURN OLD;
        END IF;
        IF linked OR NEW.count <= OLD.count
            OR to_jsonb(NEW) - 'count' IS DISTINCT FROM to_jsonb(OLD) - 'count'
        THEN
            RAISE EXCEPTION 'audit records are never changed';
        END IF;
        RETURN NEW;
    END $$
    """,
    """
    CREATE FUNCTION audit_links_stay() RETURNS trigger LANGUAGE plpgsql AS $$
    DECLARE
        stamps text[] := ARRAY['chain', 'position', 'linked_at', 'content', 'digest'];
    BEGIN
        IF TG_OP <> 'UPDATE' THEN
            RAISE EXCEPTION 'links of the audit are never deleted';
        END IF;
        IF OLD.digest IS NOT NULL OR NEW.digest IS NULL OR NEW.content IS NULL OR NEW.linked_at IS NULL
            OR NEW.chain IS NULL OR NEW.position IS NULL
            OR to_jsonb(NEW) - stamps IS DISTINCT FROM to_jsonb(OLD) - stamps
        THEN
            RAISE EXCEPTION 'links of the audit are stamped once and never changed';
        END IF;
        RETURN NEW;
    END $$
    """,
    """
    CREATE FUNCTION audit_additions_stay() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        RAISE EXCEPTION '% is never changed, and nothing is deleted from it: never deleted', TG_TABLE_NAME;
    END $$
    """,
    """
    CREATE FUNCTION audit_removals_are_old() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        IF NEW.until > now() - interval '30 days' THEN
            RAISE EXCEPTION 'audit records are never deleted before their time';
        END IF;
        RETURN NEW;
    END $$
    """,
    """
    CREATE TRIGGER audit_links_stay BEFORE UPDATE OR DELETE ON audit_links
    FOR EACH ROW EXECUTE FUNCTION audit_links_stay()
    """,
    """
    CREATE TRIGGER audit_links_are_never_emptied BEFORE TRUNCATE ON audit_links
    FOR EACH STATEMENT EXECUTE FUNCTION audit_links_stay()
    """,
    """
    CREATE TRIGGER audit_chains_stay BEFORE UPDATE OR DELETE OR TRUNCATE ON audit_chains
    FOR EACH STATEMENT EXECUTE FUNCTION audit_additions_stay()
    """,
    """
    CREATE TRIGGER audit_removals_stay BEFORE UPDATE OR DELETE OR TRUNCATE ON audit_removals
    FOR EACH STATEMENT EXECUTE FUNCTION audit_additions_stay()
    """,
    """
    CREATE TRIGGER audit_removals_are_old BEFORE INSERT ON audit_removals
    FOR EACH ROW EXECUTE FUNCTION audit_removals_are_old()
    """,
)

_OLD_INDEXES = ("ix_audit_at", "ix_audit_event", "ix_audit_label", "ix_audit_study_uid", "ix_audit_actor_at")
_FIRST_COLUMNS = ("event", "actor", "label", "study_uid")


def upgrade() -> None:
    """Bring the schema forward."""
    _tables()
    for name in _OLD_INDEXES:
        op.drop_index(name, "audit")
    op.create_index("ix_audit_at_id", "audit", ["at", "id"])
    for column in _FIRST_COLUMNS:
        op.create_index(f"ix_audit_{column}_at_id", "audit", [column, "at", "id"])
    due = sa.text("digest IS NULL")
    op.create_index("ix_audit_links_due", "audit_links", ["record"], sqlite_where=due, postgresql_where=due)
    statements = _POSTGRESQL if op.get_bind().dialect.name == "postgresql" else _SQLITE
    for statement in statements:
        op.execute(statement)
    # What was recorded before there were chains is taken into the first one.
    op.execute("INSERT INTO audit_links (record, writer, recorded_at) SELECT id, 'before', at FROM audit")


def _tables() -> None:
    op.create_table(
        "audit_chains",
        sa.Column("id", sa.String(), primary_key=True),
        sa.Column("begun_at", Instant(), nullable=False),
        sa.Column("heads", sa.JSON(), nullable=False),
        sa.Column("digest", sa.String(), nullable=False),
    )
    op.create_table(
        "audit_links",
        sa.Column("record", sa.Integer(), primary_key=True, autoincrement=False),
        sa.Column("writer", sa.String(), nullable=False),
        sa.Column("recorded_at", Instant(), nullable=False),
        sa.Column("chain", sa.String(), sa.ForeignKey("audit_chains.id"), nullable=True),
        sa.Column("position", sa.Integer(), nullable=True),
        sa.Column("linked_at", Instant(), nullable=True),
        sa.Column("content", sa.String(), nullable=True),
        sa.Column("digest", sa.String(), nullable=True),
        sa.UniqueConstraint("chain", "position", name=op.f("uq_audit_links_chain_position")),
    )
    op.create_table(
        "audit_removals",
        sa.Column("until", Instant(), primary_key=True),
        sa.Column("removed_at", Instant(), nullable=False),
        sa.Column("count", sa.Integer(), nullable=False),
    )
