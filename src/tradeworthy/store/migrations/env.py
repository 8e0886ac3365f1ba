"""Alembic's entry: migrates the connection that `tradeworthy.store.migrating` hands over."""

from alembic import context

from tradeworthy.store.schema import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    version_table="schema_version",
)
with context.begin_transaction():
    context.run_migrations()
