"""Tables made on request, with the key that makes a repeated write the same."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection
from sqlalchemy.schema import CreateTable
from sqlalchemy.sql.elements import quoted_name

from .tables import parts_of

POSTGRESQL: dict[str, sa.types.TypeEngine[Any]] = {
    "text": sa.Text(),
    "time": sa.DateTime(timezone=True),
    "whole": sa.Integer(),
    "number": sa.Double(),
    "truth": sa.Boolean(),
}
SQLITE: dict[str, sa.types.TypeEngine[Any]] = {**POSTGRESQL, "time": sa.Text()}  # 2026-03-01T12:00:00Z


def create(connection: Connection, name: str, columns: Mapping[str, str], key: Sequence[str]) -> None:
    """Make table ``name`` unless it is there. Two that make it at once: the second waits and finds it."""
    if connection.dialect.name == "postgresql":
        number = sa.func.hashtextextended(f"hydria {name}", 0)
        connection.execute(sa.select(sa.func.pg_advisory_xact_lock(number)))
    connection.execute(CreateTable(_table(name, columns, key, connection.dialect.name), if_not_exists=True))


def _table(name: str, columns: Mapping[str, str], key: Sequence[str], dialect: str) -> sa.Table:
    schema, table = parts_of(name)
    types = POSTGRESQL if dialect == "postgresql" else SQLITE
    kept = [k for k in key if k in columns]
    return sa.Table(
        quoted_name(table, quote=True),
        sa.MetaData(),
        *(sa.Column(c, types[kind], primary_key=c in kept, nullable=c not in kept) for c, kind in columns.items()),
        schema=None if schema is None else quoted_name(schema, quote=True),
    )
