"""Run by alembic; the connection comes from ``migrate``, and its transaction is the caller's."""

from __future__ import annotations

from alembic import context

from hydria_plugin.stores.sql_tables import VERSION_TABLE, metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    version_table=VERSION_TABLE,
    transactional_ddl=True,  # SQLite can, when the driver does not commit by itself (see sql_engine)
)
with context.begin_transaction():
    context.run_migrations()
