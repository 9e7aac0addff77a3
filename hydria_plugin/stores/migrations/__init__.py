"""Bringing the tables of a store up to date, with alembic, inside the caller's transaction: all of it or none.

A new revision is a file in ``versions/``; ``sql_tables`` is then changed to match, and ``HEAD`` named anew
(tests/stores/test_migrations.py compares them).
"""

from __future__ import annotations

from pathlib import Path

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from hydria_plugin import StoreError

from ..sql_tables import HEAD, VERSION_TABLE

_ONE_AT_A_TIME = 0x4859_4452_4941  # PostgreSQL advisory lock: two processes must not create the tables together


def migrate(connection: Connection, shown: str, to: str = HEAD) -> None:
    """Bring the store up to revision ``to``. Raises StoreError when a newer hydria wrote it."""
    if connection.dialect.name == "postgresql":
        connection.execute(sa.text("SELECT pg_advisory_xact_lock(:key)"), {"key": _ONE_AT_A_TIME})
    now = revision_of(connection)
    if now == to:
        return
    from alembic import command
    from alembic.config import Config
    from alembic.script import ScriptDirectory

    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent).replace("%", "%%"))
    known = [script.revision for script in ScriptDirectory.from_config(config).walk_revisions()]
    if now is not None and now not in known:
        raise StoreError(
            f"store {shown} has the schema {now!r}, this version knows {', '.join(sorted(known))}: "
            "a newer hydria-plugin wrote it; install that version, or restore a backup"
        )
    config.attributes["connection"] = connection
    command.upgrade(config, to)


def revision_of(connection: Connection) -> str | None:
    """The revision the tables are at; None in an empty database. Raises StoreError when it cannot be told."""
    if not sa.inspect(connection).has_table(VERSION_TABLE):
        return None
    rows = connection.execute(sa.text(f"SELECT version_num FROM {VERSION_TABLE}")).scalars().all()
    if len(rows) > 1:
        raise StoreError(f"the table {VERSION_TABLE} holds {len(rows)} revisions instead of one; restore a backup")
    return str(rows[0]) if rows else None
