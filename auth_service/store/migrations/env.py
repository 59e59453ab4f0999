"""Run migrations for the address that the store gives (Alembic executes this file)."""

from alembic import context

from auth_service.store.database import Store
from auth_service.store.tables import Base

store = Store(context.config.attributes["url"])
with store.engine.connect() as connection:
    # SQLite can only alter a table by making it again, which Alembic does in batches.
    context.configure(connection=connection, target_metadata=Base.metadata, render_as_batch=True)
    with context.begin_transaction():
        context.run_migrations()
    connection.commit()
store.close()
