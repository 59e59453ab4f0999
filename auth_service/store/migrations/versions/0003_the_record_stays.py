"""The record stays: the database itself refuses to change or delete what was audited, and the ledger.

A mistake in the service, or somebody with its database account and a careless statement, must not be able to
rewrite what happened. Of an audit record only the count of repeats may rise; a line of the ledger is stamped
once, as done or with why not.
"""

from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

_AUDIT = (
    "id, at, event, actor, actor_name, session, action, level, target, study_uid, label, reason, rule,"
    " address, request_id, details"
)
_LEDGER_INTENT = "id, change_id, album_id, verb, series_uid, intended_at"

_SQLITE = (
    f"""
    CREATE TRIGGER audit_is_never_changed BEFORE UPDATE OF {_AUDIT} ON audit
    BEGIN SELECT RAISE(ABORT, 'audit records are never changed'); END
    """,
    """
    CREATE TRIGGER audit_counts_only_rise BEFORE UPDATE OF count ON audit WHEN NEW.count <= OLD.count
    BEGIN SELECT RAISE(ABORT, 'audit records are never changed'); END
    """,
    """
    CREATE TRIGGER audit_is_never_deleted BEFORE DELETE ON audit
    BEGIN SELECT RAISE(ABORT, 'audit records are never deleted'); END
    """,
    f"""
    CREATE TRIGGER ledger_intent_is_never_changed BEFORE UPDATE OF {_LEDGER_INTENT} ON ledger
    BEGIN SELECT RAISE(ABORT, 'lines of the ledger are stamped once and never changed'); END
    """,
    """
    CREATE TRIGGER ledger_is_stamped_once BEFORE UPDATE ON ledger
    WHEN OLD.done_at IS NOT NULL OR OLD.failure IS NOT NULL
    BEGIN SELECT RAISE(ABORT, 'lines of the ledger are stamped once and never changed'); END
    """,
    """
    CREATE TRIGGER ledger_is_never_deleted BEFORE DELETE ON ledger
    BEGIN SELECT RAISE(ABORT, 'lines of the ledger are never deleted'); END
    """,
)

_POSTGRESQL = (
    """
    CREATE FUNCTION audit_stays() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        IF TG_OP <> 'UPDATE' THEN
            RAISE EXCEPTION 'audit records are never deleted';
        END IF;
        IF NEW.count <= OLD.count OR to_jsonb(NEW) - 'count' IS DISTINCT FROM to_jsonb(OLD) - 'count' THEN
            RAISE EXCEPTION 'audit records are never changed';
        END IF;
        RETURN NEW;
    END $$
    """,
    """
    CREATE TRIGGER audit_stays BEFORE UPDATE OR DELETE ON audit
    FOR EACH ROW EXECUTE FUNCTION audit_stays()
    """,
    """
    CREATE TRIGGER audit_is_never_emptied BEFORE TRUNCATE ON audit
    FOR EACH STATEMENT EXECUTE FUNCTION audit_stays()
    """,
    """
    CREATE FUNCTION ledger_stays() RETURNS trigger LANGUAGE plpgsql AS $$
    DECLARE
        stamps text[] := ARRAY['done_at', 'failure', 'study_uid', 'orthanc_study', 'orthanc_series'];
    BEGIN
        IF TG_OP <> 'UPDATE' THEN
            RAISE EXCEPTION 'lines of the ledger are never deleted';
        END IF;
        IF OLD.done_at IS NOT NULL OR OLD.failure IS NOT NULL
            OR to_jsonb(NEW) - stamps IS DISTINCT FROM to_jsonb(OLD) - stamps
        THEN
            RAISE EXCEPTION 'lines of the ledger are stamped once and never changed';
        END IF;
        RETURN NEW;
    END $$
    """,
    """
    CREATE TRIGGER ledger_stays BEFORE UPDATE OR DELETE ON ledger
    FOR EACH ROW EXECUTE FUNCTION ledger_stays()
    """,
    """
    CREATE TRIGGER ledger_is_never_emptied BEFORE TRUNCATE ON ledger
    FOR EACH STATEMENT EXECUTE FUNCTION ledger_stays()
    """,
)


def upgrade() -> None:
    """Bring the schema forward."""
    statements = _POSTGRESQL if op.get_bind().dialect.name == "postgresql" else _SQLITE
    for statement in statements:
        op.execute(statement)
