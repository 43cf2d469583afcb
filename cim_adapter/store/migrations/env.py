"""How Alembic reaches the database: over the connection that ``migrate`` hands to it."""

from alembic import context

from cim_adapter.store.tables import Tables

connection = context.config.attributes["connection"]
context.configure(connection=connection, target_metadata=Tables.define().metadata, render_as_batch=True)
with context.begin_transaction():
    context.run_migrations()
